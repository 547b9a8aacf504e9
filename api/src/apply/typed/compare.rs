//! How two trees differ.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::atom::{Atom, ListAtom, MapAtom, Place};
use super::errors::Errors;
use super::item;
use super::validate::{invalid, scalar};
use crate::apply::element::PathElement;
use crate::apply::fields::FieldSet;
use crate::apply::value::equal;

/// What the second of two trees does to the first. No field is in two of the sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::apply) struct Comparison {
    pub(in crate::apply) added: FieldSet,
    pub(in crate::apply) modified: FieldSet,
    pub(in crate::apply) removed: FieldSet,
}

impl Comparison {
    /// The same without these fields and all below them.
    pub(in crate::apply) fn without(&self, fields: &FieldSet) -> Self {
        Self {
            added: self.added.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            removed: self.removed.recursive_difference(fields),
        }
    }
}

/// What was done to a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Added,
    Modified,
    Removed,
}

/// How two trees differ at a place and below.
#[derive(Default)]
pub(super) struct Difference {
    /// The place itself; with choices it may be two things.
    here: Vec<Change>,
    below: Comparison,
}

impl From<Difference> for Comparison {
    fn from(difference: Difference) -> Self {
        difference.below
    }
}

impl Difference {
    fn mark(&mut self, element: &PathElement, change: Change) {
        let set = match change {
            Change::Added => &mut self.below.added,
            Change::Modified => &mut self.below.modified,
            Change::Removed => &mut self.below.removed,
        };
        set.add(element.clone());
    }

    /// Adds how a step from here differs.
    fn absorb(&mut self, element: &PathElement, other: Self) {
        for change in other.here {
            self.mark(element, change);
        }
        let Comparison {
            added,
            modified,
            removed,
        } = other.below;
        let sets = [
            (&mut self.below.added, added),
            (&mut self.below.modified, modified),
            (&mut self.below.removed, removed),
        ];
        for (set, other) in sets {
            if !other.is_empty() {
                set.add_below(element.clone(), other);
            }
        }
    }
}

/// How two trees differ, at least one of which is there.
pub(super) fn compare(
    place: Place<'_>,
    left: Option<&Value>,
    right: Option<&Value>,
    errors: &mut Errors,
) -> Difference {
    let atom = place.atom();
    let of_left = atom.deduce(left);
    let of_right = atom.deduce(right);
    let mut made = Difference::default();
    let leaf = if right.is_none() {
        walk(of_left, left, right, &mut made, errors)
    } else {
        if left.is_some() && !of_left.is(of_right) {
            walk(of_left, left, right, &mut made, errors);
        }
        walk(of_right, left, right, &mut made, errors)
    };
    if !leaf {
        match (left, right) {
            (None, _) => made.here.push(Change::Added),
            (_, None) => made.here.push(Change::Removed),
            _ => {}
        }
    }
    made
}

/// Compares by one choice of the place; whether it was taken as a whole.
fn walk(
    atom: Atom<'_>,
    left: Option<&Value>,
    right: Option<&Value>,
    made: &mut Difference,
    errors: &mut Errors,
) -> bool {
    if let Some(map) = atom.map {
        let (l, r) = (
            left.and_then(Value::as_object),
            right.and_then(Value::as_object),
        );
        if map.atomic || (is_empty(l.map(Map::len)) && is_empty(r.map(Map::len))) {
            whole(left, right, made);
            return true;
        }
        walk_map(map, l, r, made, errors);
        return false;
    }
    if let Some(kind) = atom.scalar {
        let from = errors.len();
        let l = scalar(kind, left, "lhs: ", errors);
        let r = scalar(kind, right, "rhs: ", errors);
        if !l && !r {
            return false;
        }
        errors.forget(from);
        whole(left, right, made);
        return true;
    }
    let Some(list) = atom.list else {
        invalid(errors);
        return false;
    };
    let (l, r) = (
        left.and_then(Value::as_array),
        right.and_then(Value::as_array),
    );
    if list.atomic() || (is_empty(l.map(Vec::len)) && is_empty(r.map(Vec::len))) {
        whole(left, right, made);
        return true;
    }
    walk_list(list, l, r, made, errors);
    false
}

fn is_empty(len: Option<usize>) -> bool {
    len.is_none_or(|len| len == 0)
}

fn whole(left: Option<&Value>, right: Option<&Value>, made: &mut Difference) {
    match (left, right) {
        (None, _) => made.here.push(Change::Added),
        (_, None) => made.here.push(Change::Removed),
        (Some(left), Some(right)) if !equal(left, right) => made.here.push(Change::Modified),
        _ => {}
    }
}

fn walk_map(
    map: MapAtom<'_>,
    left: Option<&Map<String, Value>>,
    right: Option<&Map<String, Value>>,
    made: &mut Difference,
    errors: &mut Errors,
) {
    let mut visit = |name: &str, left: Option<&Value>, right: Option<&Value>| {
        let element = PathElement::field(name);
        let from = errors.len();
        let difference = compare(map.value(name), left, right, errors);
        errors.prefix(from, &element);
        made.absorb(&element, difference);
    };
    for (name, value) in left.into_iter().flatten() {
        visit(name, Some(value), right.and_then(|right| right.get(name)));
    }
    for (name, value) in right.into_iter().flatten() {
        if left.is_none_or(|left| !left.contains_key(name)) {
            visit(name, None, Some(value));
        }
    }
}

/// The items of two lists that are known by the same.
#[derive(Default)]
struct Items<'v> {
    left: Vec<&'v Value>,
    right: Vec<&'v Value>,
}

fn walk_list(
    list: ListAtom<'_>,
    left: Option<&Vec<Value>>,
    right: Option<&Vec<Value>>,
    made: &mut Difference,
    errors: &mut Errors,
) {
    let mut items: BTreeMap<PathElement, Items<'_>> = BTreeMap::new();
    let index = |values: Option<&Vec<Value>>, errors: &mut Errors| {
        let mut indexed = Vec::new();
        for (at, value) in values.into_iter().flatten().enumerate() {
            match item::element(list, value) {
                Ok(element) => indexed.push((element, at)),
                Err(error) => errors.push(format!("element {at}: {error}")),
            }
        }
        indexed
    };
    for (element, at) in index(left, errors) {
        items
            .entry(element)
            .or_default()
            .left
            .extend(left.map(|values| &values[at]));
    }
    for (element, at) in index(right, errors) {
        items
            .entry(element)
            .or_default()
            .right
            .extend(right.map(|values| &values[at]));
    }
    for (element, Items { left, right }) in items {
        let mut visit = |made: &mut Difference, left: Option<&Value>, right: Option<&Value>| {
            let from = errors.len();
            let difference = compare(list.item, left, right, errors);
            errors.prefix(from, &element);
            made.absorb(&element, difference);
        };
        match (left.as_slice(), right.as_slice()) {
            ([] | [_], [] | [_]) => visit(made, left.first().copied(), right.first().copied()),
            // Items that are there several times are taken as one value.
            ([_, _, ..], [_, _, ..]) => {
                let same = left.len() == right.len()
                    && left
                        .iter()
                        .zip(&right)
                        .all(|(left, right)| equal(left, right));
                if !same {
                    made.mark(&element, Change::Modified);
                }
            }
            ([_, _, ..], rest) => {
                if let [one] = rest {
                    visit(made, None, Some(one));
                }
                made.mark(&element, Change::Removed);
            }
            (rest, _) => {
                if let [one] = rest {
                    visit(made, Some(one), None);
                }
                made.mark(&element, Change::Added);
            }
        }
    }
}
