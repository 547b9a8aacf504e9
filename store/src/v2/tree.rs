//! Files and directories, by their paths.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::{Code, Error, KEYS, Shown, path};

/// Directories that are always there, and that nobody changes. The first is what etcd keeps the
/// members in.
const FIXED: [&str; 3] = ["/", "/0", KEYS];
/// A time before this is taken for none: 2000-01-01, in nanoseconds of Unix time.
const EXPIRES_MIN: i64 = 946_684_800 * 1_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// The value of a file; nothing for a directory.
    pub(super) value: Option<String>,
    pub(super) created: u64,
    pub(super) modified: u64,
    /// When it runs out, in nanoseconds of Unix time; 0 for never.
    pub(super) expires: i64,
}

impl Node {
    pub(super) fn is_dir(&self) -> bool {
        self.value.is_none()
    }

    /// How it is shown at a time, without what is in it.
    pub(super) fn show(&self, path: &str, now: i64) -> Shown {
        let expires = (self.expires != 0).then_some(self.expires);
        Shown {
            key: path.to_owned(),
            value: self.value.clone(),
            dir: self.is_dir(),
            expires,
            ttl: expires.map_or(0, |expires| ttl(expires, now)),
            nodes: Vec::new(),
            modified: self.modified,
            created: self.created,
        }
    }
}

/// Seconds until then, rounded up as Go's division does it.
fn ttl(expires: i64, now: i64) -> i64 {
    let left = expires.saturating_sub(now);
    left / SECOND + i64::from(left % SECOND > 0)
}

/// When something runs out that is to run out at `expires`: JavaScript's zero means never.
pub(super) fn sensible(expires: i64) -> i64 {
    if expires < EXPIRES_MIN { 0 } else { expires }
}

/// See the module. Invariant: every node but the root lies in a directory of the tree.
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
    /// Those that run out, by the time.
    expiring: BTreeSet<(i64, String)>,
}

impl Default for Tree {
    fn default() -> Self {
        let directory = Node {
            value: None,
            created: 0,
            modified: 0,
            expires: 0,
        };
        let nodes = FIXED.map(|path| (path.to_owned(), directory.clone()));
        Self {
            nodes: nodes.into(),
            expiring: BTreeSet::new(),
        }
    }
}

impl Tree {
    pub(super) fn restore(nodes: impl Iterator<Item = (String, Node)>) -> Self {
        let mut tree = Self::default();
        nodes.for_each(|(path, node)| tree.put(path, node));
        tree
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// Whether nobody may change this one.
    pub(super) fn is_fixed(path: &str) -> bool {
        FIXED.contains(&path)
    }

    /// The node at a path; `index` is the store's.
    ///
    /// # Errors
    /// It or something on the way is not there, or something on the way is no directory.
    pub(super) fn get(&self, wanted: &str, index: u64) -> Result<&Node, Error> {
        if let Some(node) = self.nodes.get(wanted) {
            return Ok(node);
        }
        for step in path::steps(wanted) {
            match self.nodes.get(step) {
                None => return Err(Error::new(Code::KeyNotFound, step, index)),
                Some(node) if !node.is_dir() => return Err(Error::new(Code::NotDir, step, index)),
                Some(_) => {}
            }
        }
        Err(Error::new(Code::KeyNotFound, wanted, index))
    }

    pub(super) fn find(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Puts a node into its place.
    pub(super) fn put(&mut self, path: String, node: Node) {
        if node.expires != 0 {
            self.expiring.insert((node.expires, path.clone()));
        }
        if let Some(old) = self.nodes.insert(path.clone(), node.clone())
            && old.expires != 0
            && old.expires != node.expires
        {
            self.expiring.remove(&(old.expires, path));
        }
    }

    /// Makes the directories on the way to a path that are not there yet.
    ///
    /// # Errors
    /// Something on the way is a file; `index` is the store's.
    pub(super) fn make_way(&mut self, to: &str, index: u64) -> Result<(), Error> {
        for step in path::steps(to).filter(|step| *step != to) {
            match self.nodes.get(step) {
                Some(node) if node.is_dir() => {}
                Some(_) => return Err(Error::new(Code::NotDir, step, index)),
                None => {
                    let directory = Node {
                        value: None,
                        created: index + 1,
                        modified: index + 1,
                        expires: 0,
                    };
                    self.nodes.insert(step.to_owned(), directory);
                }
            }
        }
        Ok(())
    }

    /// Whether there is anything in a directory.
    pub(super) fn is_empty(&self, path: &str) -> bool {
        self.all_below(path).next().is_none()
    }

    /// Removes a node and all that is in it; gives their paths, what is in a directory before it.
    pub(super) fn remove(&mut self, path: &str) -> Vec<String> {
        let mut paths: Vec<String> = vec![path.to_owned()];
        paths.extend(self.all_below(path).map(ToOwned::to_owned));
        // A directory comes before what is in it.
        paths.reverse();
        for path in &paths {
            if let Some(node) = self.nodes.remove(path)
                && node.expires != 0
            {
                self.expiring.remove(&(node.expires, path.clone()));
            }
        }
        paths
    }

    /// The next that runs out, if it does until then.
    pub(super) fn due(&self, until: i64) -> Option<String> {
        let (at, path) = self.expiring.first()?;
        (*at <= until).then(|| path.clone())
    }

    /// When the next runs out.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.expiring.first().map(|(at, _)| *at)
    }

    /// A node with what is in it, and if `recursive` with all below that; without what is hidden.
    pub(super) fn show(&self, path: &str, node: &Node, recursive: bool, now: i64) -> Shown {
        let mut shown = node.show(path, now);
        if node.is_dir() {
            let children = self.children(path);
            let seen = children.filter(|(path, _)| !path::is_hidden(path));
            shown.nodes = seen
                .map(|(path, child)| match recursive {
                    true => self.show(path, child, true, now),
                    false => child.show(path, now),
                })
                .collect();
        }
        shown
    }

    fn all_below(&self, path: &str) -> impl Iterator<Item = &str> {
        let begin = path::below(path);
        let bounds = (Bound::Excluded(begin.clone()), Bound::Unbounded);
        let keys = self.nodes.range::<String, _>(bounds).map(|(key, _)| key);
        keys.map(String::as_str)
            .take_while(move |key| key.starts_with(&begin))
    }

    /// What is in a directory itself, by name. What is deeper is stepped over.
    fn children<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let begin = path::below(path);
        let mut from = Bound::Excluded(begin.clone());
        std::iter::from_fn(move || {
            loop {
                let bounds = (from.clone(), Bound::Unbounded);
                let (key, node) = self.nodes.range::<String, _>(bounds).next()?;
                let name = key.strip_prefix(&begin)?;
                match name.split_once('/') {
                    // The first that can come behind all with a slash there.
                    Some((name, _)) => from = Bound::Included(format!("{begin}{name}0")),
                    None => {
                        from = Bound::Excluded(key.clone());
                        return Some((key.as_str(), node));
                    }
                }
            }
        })
    }
}
