//! The index: a B+-tree from key to versions that counts what lies below every branch.
//!
//! The counts make `count`, and skipping of deleted keys or of keys without history, cost
//! O(log n) instead of a walk.
//!
//! Invariants:
//!
//! - keys in a leaf ascend, and every entry has at least one version;
//! - for every child but the first of a branch, `low` <= all keys below it, and > all keys of the
//!   children before it (`low` of the first child is not used: it counts as minus infinity);
//! - `sums` of a child equal what a walk of the child would count;
//! - only the root may be empty.

use std::ops::{AddAssign, ControlFlow, SubAssign};

use super::entry::{Entry, Versions};
use super::revision::Version;

/// Entries of a full leaf. 64 entries of 48 bytes move in about 50 ns on an insert in the middle.
/// Tests use small nodes, to have deep trees of few keys.
const LEAF_MAX: usize = if cfg!(test) { 8 } else { 64 };
/// Children of a full branch.
const BRANCH_MAX: usize = LEAF_MAX;
/// A leaf grows by this many places, so that its slack stays below a tenth.
const LEAF_STEP: usize = 8;

/// What lies in a part of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    /// Keys whose newest version is not a deletion.
    pub(super) live: usize,
    /// Keys.
    pub(super) keys: usize,
    /// Versions of all keys.
    pub(super) versions: usize,
}

impl Sums {
    fn of(versions: &Versions) -> Self {
        Self {
            live: usize::from(versions.is_live()),
            keys: 1,
            versions: versions.as_slice().len(),
        }
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.live += other.live;
        self.keys += other.keys;
        self.versions += other.versions;
    }
}

impl SubAssign for Sums {
    fn sub_assign(&mut self, other: Self) {
        self.live -= other.live;
        self.keys -= other.keys;
        self.versions -= other.versions;
    }
}

/// What a visit may skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skip {
    /// Visit every entry.
    Nothing,
    /// Pass over branches in which every key is deleted.
    Dead,
    /// Pass over branches in which no key has history or is deleted.
    Plain,
}

impl Skip {
    fn skips(self, sums: Sums) -> bool {
        match self {
            Self::Nothing => false,
            Self::Dead => sums.live == 0,
            Self::Plain => sums.versions == sums.live,
        }
    }
}

#[derive(Debug)]
enum Node {
    Leaf(Vec<Entry>),
    Branch(Vec<Child>),
}

#[derive(Debug)]
struct Child {
    low: Box<[u8]>,
    sums: Sums,
    node: Node,
}

/// What an edit did: what to take from and to add to the sums of every branch above it.
#[derive(Debug, Default)]
struct Delta {
    minus: Sums,
    plus: Sums,
}

impl Delta {
    fn apply(&self, sums: &mut Sums) {
        *sums += self.plus;
        *sums -= self.minus;
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Tree {
    root: Node,
    sums: Sums,
}

/// End of a range: `None` is open.
pub(super) type End<'a> = Option<&'a [u8]>;

impl Tree {
    pub(super) fn new() -> Self {
        Self {
            root: Node::Leaf(Vec::new()),
            sums: Sums::default(),
        }
    }

    pub(super) fn sums(&self) -> Sums {
        self.sums
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Entry> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let at = position(entries, key).ok()?;
                    return Some(&entries[at]);
                }
                Node::Branch(children) => node = &children[child_of(children, key)].node,
            }
        }
    }

    /// Appends the version that `make` derives from the key's newest one, in one descent.
    pub(super) fn push(&mut self, key: &[u8], make: impl FnOnce(Option<&Version>) -> Version) {
        let (delta, split) = insert(&mut self.root, key, make);
        delta.apply(&mut self.sums);
        if let Some(right) = split {
            let mut left_sums = self.sums;
            left_sums -= right.sums;
            let left = Child {
                low: Box::default(),
                sums: left_sums,
                node: std::mem::replace(&mut self.root, Node::Branch(Vec::new())),
            };
            self.root = Node::Branch(vec![left, right]);
        }
    }

    /// Changes the versions of `key`, if it is there. `edit` returns false to remove the key.
    pub(super) fn edit(&mut self, key: &[u8], edit: impl FnOnce(&mut Versions) -> bool) {
        let delta = edit_node(&mut self.root, key, edit);
        delta.apply(&mut self.sums);
        while let Node::Branch(children) = &mut self.root
            && children.len() <= 1
        {
            self.root = match children.pop() {
                Some(only) => only.node,
                None => Node::Leaf(Vec::new()),
            };
        }
    }

    /// Visits the entries of `[from, end)` in key order until `visit` breaks.
    pub(super) fn visit<'a>(
        &'a self,
        from: &[u8],
        end: End<'_>,
        skip: Skip,
        mut visit: impl FnMut(&'a Entry) -> ControlFlow<()>,
    ) {
        let _ = visit_node(&self.root, Some(from), end, skip, &mut visit);
    }

    /// Number of live keys in `[from, end)`, in O(log n).
    pub(super) fn count_live(&self, from: &[u8], end: End<'_>) -> usize {
        let upto = match end {
            None => self.sums.live,
            Some(end) if end <= from => return 0,
            Some(end) => self.live_before(end),
        };
        upto - self.live_before(from)
    }

    /// Number of live keys below `key`.
    fn live_before(&self, key: &[u8]) -> usize {
        let mut node = &self.root;
        let mut count = 0;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let before = &entries[..position(entries, key).unwrap_or_else(|at| at)];
                    return count + before.iter().filter(|e| e.versions.is_live()).count();
                }
                Node::Branch(children) => {
                    let at = child_of(children, key);
                    count += children[..at].iter().map(|c| c.sums.live).sum::<usize>();
                    node = &children[at].node;
                }
            }
        }
    }

    /// Walks the whole tree and panics where an invariant does not hold.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let sums = check_node(&self.root, None, None, true);
        assert_eq!(sums, self.sums, "sums of the root");
    }
}

impl Child {
    fn of_leaf(entries: Vec<Entry>) -> Self {
        let mut sums = Sums::default();
        for entry in &entries {
            sums += Sums::of(&entry.versions);
        }
        Self {
            low: entries[0].key.clone(),
            sums,
            node: Node::Leaf(entries),
        }
    }

    fn of_branch(children: Vec<Child>) -> Self {
        let mut sums = Sums::default();
        for child in &children {
            sums += child.sums;
        }
        Self {
            low: children[0].low.clone(),
            sums,
            node: Node::Branch(children),
        }
    }
}

fn position(entries: &[Entry], key: &[u8]) -> Result<usize, usize> {
    entries.binary_search_by(|entry| (*entry.key).cmp(key))
}

/// The child in which `key` lies or would lie.
fn child_of(children: &[Child], key: &[u8]) -> usize {
    children[1..].partition_point(|child| *child.low <= *key)
}

fn insert(
    node: &mut Node,
    key: &[u8],
    make: impl FnOnce(Option<&Version>) -> Version,
) -> (Delta, Option<Child>) {
    match node {
        Node::Leaf(entries) => match position(entries, key) {
            Ok(at) => {
                let versions = &mut entries[at].versions;
                let minus = Sums::of(versions);
                let version = make(Some(versions.last()));
                versions.push(version);
                let plus = Sums::of(versions);
                (Delta { minus, plus }, None)
            }
            Err(at) => {
                let versions = Versions::One(make(None));
                let delta = Delta {
                    minus: Sums::default(),
                    plus: Sums::of(&versions),
                };
                let key = key.into();
                (delta, insert_entry(entries, at, Entry { key, versions }))
            }
        },
        Node::Branch(children) => {
            let at = child_of(children, key);
            let child = &mut children[at];
            let (delta, split) = insert(&mut child.node, key, make);
            delta.apply(&mut child.sums);
            let Some(right) = split else {
                return (delta, None);
            };
            child.sums -= right.sums;
            children.insert(at + 1, right);
            if children.len() <= BRANCH_MAX {
                return (delta, None);
            }
            let middle = split_point(at + 1, children.len());
            let right = children.split_off(middle);
            (delta, Some(Child::of_branch(right)))
        }
    }
}

fn insert_entry(entries: &mut Vec<Entry>, at: usize, entry: Entry) -> Option<Child> {
    if entries.len() == entries.capacity() {
        entries.reserve_exact(LEAF_STEP);
    }
    entries.insert(at, entry);
    if entries.len() <= LEAF_MAX {
        return None;
    }
    let middle = split_point(at, entries.len());
    let right = entries.split_off(middle);
    entries.shrink_to(middle + LEAF_STEP);
    Some(Child::of_leaf(right))
}

/// Where to split a node of `len` that has just grown at `at`. Growth at the end means that keys
/// arrive in order: then the left half stays full.
fn split_point(at: usize, len: usize) -> usize {
    if at + 1 == len { at } else { len / 2 }
}

fn edit_node(node: &mut Node, key: &[u8], edit: impl FnOnce(&mut Versions) -> bool) -> Delta {
    match node {
        Node::Leaf(entries) => {
            let Ok(at) = position(entries, key) else {
                return Delta::default();
            };
            let versions = &mut entries[at].versions;
            let minus = Sums::of(versions);
            let plus = if edit(versions) {
                Sums::of(versions)
            } else {
                entries.remove(at);
                Sums::default()
            };
            Delta { minus, plus }
        }
        Node::Branch(children) => {
            let at = child_of(children, key);
            let child = &mut children[at];
            let delta = edit_node(&mut child.node, key, edit);
            delta.apply(&mut child.sums);
            if delta.plus.keys < delta.minus.keys {
                tidy(children, at);
            }
            delta
        }
    }
}

/// Removes the child at `at` if it is empty, or joins it with a neighbour if both are small.
fn tidy(children: &mut Vec<Child>, at: usize) {
    let len = children[at].node.len();
    if len == 0 {
        children.remove(at);
        return;
    }
    if len > LEAF_MAX / 4 || children.len() < 2 {
        return;
    }
    let left = if at + 1 < children.len() { at } else { at - 1 };
    if children[left].node.len() + children[left + 1].node.len() > LEAF_MAX * 3 / 4 {
        return;
    }
    let right = children.remove(left + 1);
    let left = &mut children[left];
    match (&mut left.node, right.node) {
        (Node::Leaf(entries), Node::Leaf(more)) => {
            entries.reserve_exact(more.len());
            entries.extend(more);
        }
        (Node::Branch(children), Node::Branch(mut more)) => {
            // It is the first no longer, so its bound counts from now on.
            more[0].low = right.low;
            children.extend(more);
        }
        _ => unreachable!("all leaves of the index lie at one depth"),
    }
    left.sums += right.sums;
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Branch(children) => children.len(),
        }
    }
}

fn visit_node<'a>(
    node: &'a Node,
    from: Option<&[u8]>,
    end: End<'_>,
    skip: Skip,
    visit: &mut impl FnMut(&'a Entry) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match node {
        Node::Leaf(entries) => {
            let start = from.map_or(0, |from| position(entries, from).unwrap_or_else(|at| at));
            for entry in &entries[start..] {
                if end.is_some_and(|end| &*entry.key >= end) {
                    return ControlFlow::Break(());
                }
                visit(entry)?;
            }
        }
        Node::Branch(children) => {
            let start = from.map_or(0, |from| child_of(children, from));
            for (at, child) in children.iter().enumerate().skip(start) {
                if at > start && end.is_some_and(|end| &*child.low >= end) {
                    return ControlFlow::Break(());
                }
                if !skip.skips(child.sums) {
                    // Only the first child can hold keys below `from`.
                    let from = from.filter(|_| at == start);
                    visit_node(&child.node, from, end, skip, visit)?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
fn check_node(node: &Node, low: Option<&[u8]>, high: Option<&[u8]>, is_root: bool) -> Sums {
    let mut sums = Sums::default();
    match node {
        Node::Leaf(entries) => {
            assert!(is_root || !entries.is_empty(), "only the root may be empty");
            assert!(entries.len() <= LEAF_MAX);
            assert!(entries.windows(2).all(|pair| pair[0].key < pair[1].key));
            for entry in entries {
                assert!(low.is_none_or(|low| &*entry.key >= low));
                assert!(high.is_none_or(|high| &*entry.key < high));
                sums += Sums::of(&entry.versions);
            }
        }
        Node::Branch(children) => {
            assert!(!children.is_empty() && children.len() <= BRANCH_MAX);
            for (at, child) in children.iter().enumerate() {
                let low = if at == 0 { low } else { Some(&*child.low) };
                let high = children.get(at + 1).map_or(high, |next| Some(&*next.low));
                let found = check_node(&child.node, low, high, false);
                assert_eq!(found, child.sums, "sums of a child");
                sums += child.sums;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests;
