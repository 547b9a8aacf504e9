//! The keys of objects, those of upstream: `/registry/<resource>/[<namespace>/]<name>`, with the group
//! before the resource for custom resources and for the two kinds of the API itself.

/// What all keys begin with unless `--etcd-prefix` says otherwise.
pub const PREFIX: &str = "/registry";

/// The part of the key that stands for a resource, without slashes at its ends.
///
/// The odd ones out have their names from Kubernetes' first days (upstream's
/// `SpecialDefaultResourcePrefixes`); events are the same objects in both of their groups.
#[must_use]
pub fn folder(group: &str, resource: &str) -> String {
    match (group, resource) {
        ("", "replicationcontrollers") => "controllers".to_owned(),
        ("", "endpoints") => "services/endpoints".to_owned(),
        ("", "services") => "services/specs".to_owned(),
        ("", "nodes") => "minions".to_owned(),
        ("networking.k8s.io", "ingresses") => "ingress".to_owned(),
        ("apiextensions.k8s.io" | "apiregistration.k8s.io", _) => format!("{group}/{resource}"),
        (group, resource) if is_builtin(group) => resource.to_owned(),
        _ => format!("{group}/{resource}"),
    }
}

/// Whether a group is one of Kubernetes' own: without a dot, or under `k8s.io` and known to upstream.
/// Custom resources may lie under `k8s.io`, too (the Gateway API does).
fn is_builtin(group: &str) -> bool {
    let mut all = api::schema::builtin().types().flat_map(|(_, of)| &of.kinds);
    group.is_empty() || !group.contains('.') || all.any(|kind| &*kind.group == group)
}

/// The folder a key lies in and the rest of it, `<namespace>/<name>` or `<name>`; the key without the
/// prefix and its slash. Nothing if it is no object's.
#[must_use]
pub fn split(key: &str) -> Option<(&str, &str)> {
    let (first, rest) = key.split_once('/')?;
    if first != "services" && !first.contains('.') {
        return Some((first, rest));
    }
    let (second, _) = rest.split_once('/')?;
    let at = first.len() + 1 + second.len();
    Some((&key[..at], &key[at + 1..]))
}

/// The first key that does not begin with `prefix`, the end of a range over all that do; the end of all
/// keys if there is none.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![0]
}

#[cfg(test)]
mod tests;
