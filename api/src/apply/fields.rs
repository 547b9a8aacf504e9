//! Sets of fields: what a manager owns, what a request changed.

mod encoding;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

pub use self::encoding::FieldsError;
use super::element::{Path, PathElement};

/// A set of fields of an object. A field may be in it without its children, and the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Steps from here that are in the set.
    members: BTreeSet<PathElement>,
    /// Steps from here with more of the set behind them; none of these is empty.
    children: BTreeMap<PathElement, FieldSet>,
}

impl FieldSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A set of paths of field names, which are separated by dots: `metadata.name`.
    #[must_use]
    pub fn of(paths: &[&str]) -> Self {
        let mut set = Self::new();
        for path in paths {
            set.insert(path.split('.').map(PathElement::field).collect());
        }
        set
    }

    /// Adds a path, but none of the steps on its way; the empty path, which is the whole object, is not added.
    pub fn insert(&mut self, mut path: Path) {
        let Some(last) = path.pop() else {
            return;
        };
        let mut set = self;
        for element in path {
            set = set.children.entry(element).or_default();
        }
        set.members.insert(last);
    }

    /// Adds a step from here.
    pub(super) fn add(&mut self, element: PathElement) {
        self.members.insert(element);
    }

    /// Adds what lies behind a step from here.
    pub(super) fn add_below(&mut self, element: PathElement, set: Self) {
        if set.is_empty() {
            return;
        }
        match self.children.entry(element) {
            Entry::Vacant(entry) => {
                entry.insert(set);
            }
            Entry::Occupied(mut entry) => {
                let both = entry.get().union(&set);
                entry.insert(both);
            }
        }
    }

    /// Puts a set in the place of what lies behind a step from here.
    pub(super) fn put_below(&mut self, element: PathElement, set: Self) {
        if !set.is_empty() {
            self.children.insert(element, set);
        }
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.is_empty()
    }

    /// Whether a path is in the set itself.
    #[must_use]
    pub fn has(&self, path: &[PathElement]) -> bool {
        let Some((last, way)) = path.split_last() else {
            return false;
        };
        let mut set = self;
        for element in way {
            match set.children.get(element) {
                Some(below) => set = below,
                None => return false,
            }
        }
        set.members.contains(last)
    }

    /// Whether a step from here is in the set.
    pub(super) fn has_member(&self, element: &PathElement) -> bool {
        self.members.contains(element)
    }

    /// What lies behind a step from here.
    pub(super) fn below(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element)
    }

    /// The steps from here that are in the set, in order.
    pub(super) fn members(&self) -> impl Iterator<Item = &PathElement> {
        self.members.iter()
    }

    /// The steps from here with more behind them, in order.
    pub(super) fn children(&self) -> impl Iterator<Item = (&PathElement, &Self)> {
        self.children.iter()
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut children = self.children.clone();
        for (element, set) in &other.children {
            match children.entry(element.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(set.clone());
                }
                Entry::Occupied(mut entry) => {
                    let both = entry.get().union(set);
                    entry.insert(both);
                }
            }
        }
        Self {
            members: self.members.union(&other.members).cloned().collect(),
            children,
        }
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            members: self.members.intersection(&other.members).cloned().collect(),
            children: self.each_child(|element, set| Some(set.intersection(other.below(element)?))),
        }
    }

    /// What is in this set, but not in the other: a field stays if only its children are in the other set,
    /// and the children stay if only the field is.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: self.each_child(|element, set| {
                Some(match other.below(element) {
                    Some(below) => set.difference(below),
                    None => set.clone(),
                })
            }),
        }
    }

    /// What is in this set, but neither in the other nor below a field that is.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: self.each_child(|element, set| {
                if other.has_member(element) {
                    return None;
                }
                Some(match other.below(element) {
                    Some(below) => set.recursive_difference(below),
                    None => set.clone(),
                })
            }),
        }
    }

    /// The fields of the set below which there are no others of it.
    #[must_use]
    pub fn leaves(&self) -> Self {
        let leaves = self
            .members
            .iter()
            .filter(|member| !self.children.contains_key(member));
        Self {
            members: leaves.cloned().collect(),
            children: self.each_child(|_, set| Some(set.leaves())),
        }
    }

    fn each_child(
        &self,
        made: impl Fn(&PathElement, &Self) -> Option<Self>,
    ) -> BTreeMap<PathElement, Self> {
        let children = self.children.iter().filter_map(|(element, set)| {
            let set = made(element, set).filter(|set| !set.is_empty())?;
            Some((element.clone(), set))
        });
        children.collect()
    }

    /// The paths of the set: at each step first those that end there.
    #[must_use]
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &mut Path, paths: &mut Vec<Path>) {
        for member in &self.members {
            let mut path = prefix.clone();
            path.push(member.clone());
            paths.push(path);
        }
        for (element, set) in &self.children {
            prefix.push(element.clone());
            set.collect_paths(prefix, paths);
            prefix.pop();
        }
    }
}

#[cfg(test)]
mod tests;
