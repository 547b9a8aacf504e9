//! Paths of keys: absolute, without empty parts, dots and a slash at the end.

/// The path in its one form, as Go's `path.Clean` has it below a root.
#[must_use]
pub fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// What it lies in, and its own name. The root lies in itself.
pub(super) fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => ("/", path),
    }
}

/// The paths that lead to this one, from the first below the root on, itself included.
pub(super) fn steps(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
    let ends = ends.chain(std::iter::once(path.len()));
    ends.map(|end| &path[..end]).filter(|step| *step != "/")
}

/// What all paths below this one begin with.
pub(super) fn below(path: &str) -> String {
    match path {
        "/" => "/".to_owned(),
        path => format!("{path}/"),
    }
}

/// Whether listings of its directory leave it out.
pub(super) fn is_hidden(path: &str) -> bool {
    split(path).1.starts_with('_')
}

/// Whether somebody who watches `watched` is not to see a change of `changed` below it: a part on the
/// way is hidden.
pub(super) fn is_hidden_from(watched: &str, changed: &str) -> bool {
    // A directory that goes is told to those who watch what was in it.
    let Some(rest) = changed.get(watched.len()..) else {
        return false;
    };
    clean(rest).contains("/_")
}
