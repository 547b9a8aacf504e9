//! Merging one tree into another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::atom::{Atom, ListAtom, MapAtom, Place};
use super::errors::Errors;
use super::item;
use super::validate::{invalid, scalar};
use crate::apply::element::PathElement;

/// The left tree with all that the right one sets; at least one is there.
pub(super) fn merge(
    place: Place<'_>,
    left: Option<&Value>,
    right: Option<&Value>,
    errors: &mut Errors,
) -> Option<Value> {
    let atom = place.atom();
    let of_left = atom.deduce(left);
    let of_right = atom.deduce(right);
    if right.is_none() {
        return walk(of_left, left, right, errors);
    }
    if left.is_some() && !of_left.is(of_right) {
        // What comes of it is overridden.
        walk(of_left, left, right, errors);
    }
    walk(of_right, left, right, errors)
}

fn walk(
    atom: Atom<'_>,
    left: Option<&Value>,
    right: Option<&Value>,
    errors: &mut Errors,
) -> Option<Value> {
    let whole = || right.or(left).cloned();
    if let Some(map) = atom.map {
        let (l, r) = (
            left.and_then(Value::as_object),
            right.and_then(Value::as_object),
        );
        if map.atomic || (l.is_none_or(Map::is_empty) && r.is_none_or(Map::is_empty)) {
            return whole();
        }
        return merge_maps(map, l, r, errors);
    }
    if let Some(kind) = atom.scalar {
        let from = errors.len();
        let l = scalar(kind, left, "lhs: ", errors);
        let r = scalar(kind, right, "rhs: ", errors);
        if !l && !r {
            return None;
        }
        errors.forget(from);
        return whole();
    }
    let Some(list) = atom.list else {
        invalid(errors);
        return None;
    };
    let (l, r) = (
        left.and_then(Value::as_array),
        right.and_then(Value::as_array),
    );
    if list.atomic() || (l.is_none_or(Vec::is_empty) && r.is_none_or(Vec::is_empty)) {
        return whole();
    }
    let none = Vec::new();
    merge_lists(list, l.unwrap_or(&none), r.unwrap_or(&none), errors)
}

fn merge_maps(
    map: MapAtom<'_>,
    left: Option<&Map<String, Value>>,
    right: Option<&Map<String, Value>>,
    errors: &mut Errors,
) -> Option<Value> {
    let mut out = Map::new();
    let mut visit = |name: &String, left: Option<&Value>, right: Option<&Value>| {
        let from = errors.len();
        let merged = merge(map.value(name), left, right, errors);
        errors.prefix(from, &PathElement::field(name));
        if let Some(merged) = merged {
            out.insert(name.clone(), merged);
        }
    };
    for (name, value) in left.into_iter().flatten() {
        visit(name, Some(value), right.and_then(|right| right.get(name)));
    }
    for (name, value) in right.into_iter().flatten() {
        if left.is_none_or(|left| !left.contains_key(name)) {
            visit(name, None, Some(value));
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// The items of a list by what they are known by.
struct Index<'v> {
    /// In the order of the list.
    elements: Vec<PathElement>,
    /// The item, or `null` for one that is there several times.
    values: BTreeMap<PathElement, &'v Value>,
}

static SEVERAL: Value = Value::Null;

impl<'v> Index<'v> {
    fn of(list: ListAtom<'_>, items: &'v [Value], several: bool, errors: &mut Errors) -> Self {
        let mut index = Self {
            elements: Vec::with_capacity(items.len()),
            values: BTreeMap::new(),
        };
        for (at, value) in items.iter().enumerate() {
            let element = match item::element(list, value) {
                Ok(element) => element,
                Err(error) => {
                    errors.push(format!("element {at}: {error}"));
                    continue;
                }
            };
            let known = index.values.contains_key(&element);
            if known && !several {
                errors.push(format!("duplicate entries for key {element}"));
                continue;
            }
            let value = if known { &SEVERAL } else { value };
            index.values.insert(element.clone(), value);
            index.elements.push(element);
        }
        index
    }

    fn has(&self, element: &PathElement) -> bool {
        self.values.contains_key(element)
    }

    fn get(&self, element: &PathElement) -> Option<&'v Value> {
        self.values.get(element).copied()
    }
}

/// Merges two lists: items of both are merged, in the order of the right one; items of the left one stay where they
/// stand between those.
fn merge_lists(
    list: ListAtom<'_>,
    left: &[Value],
    right: &[Value],
    errors: &mut Errors,
) -> Option<Value> {
    let from = errors.len();
    let new = Index::of(list, right, false, errors);
    let old = Index::of(list, left, true, errors);
    if errors.len() > from {
        return None;
    }
    let mut merging = Merging {
        list,
        // Items of both, in the order in which they will come.
        shared: new
            .elements
            .iter()
            .filter(|element| old.has(element))
            .collect(),
        done: BTreeSet::new(),
        out: Vec::with_capacity(left.len().max(right.len())),
    };
    let (mut l, mut r) = (0, 0);
    while l < old.elements.len() || r < new.elements.len() {
        let (of_old, of_new) = (old.elements.get(l), new.elements.get(r));
        if let (Some(element), Some(next)) = (of_old, of_new) {
            if element == next {
                merging.both(next, &old, &new);
                merging.shared.pop_front();
                l += 1;
                r += 1;
                continue;
            }
            if new.has(element) && merging.shared.front().is_some_and(|next| *next != element) {
                // It comes later.
                l += 1;
                continue;
            }
        }
        if let Some(element) = of_old {
            if !new.has(element) {
                merging.put(Some(&left[l]), None);
                l += 1;
                continue;
            }
            if merging.done.contains(element) {
                l += 1;
            }
        }
        if let Some(next) = of_new {
            merging.both(next, &old, &new);
            r += 1;
            if merging.shared.front() == Some(&next) {
                merging.shared.pop_front();
            }
        }
    }
    (!merging.out.is_empty()).then_some(Value::Array(merging.out))
}

struct Merging<'a> {
    list: ListAtom<'a>,
    shared: VecDeque<&'a PathElement>,
    /// Items of the right list that are in the result.
    done: BTreeSet<&'a PathElement>,
    out: Vec<Value>,
}

impl<'a> Merging<'a> {
    fn both(&mut self, element: &'a PathElement, old: &Index<'_>, new: &Index<'_>) {
        self.done.insert(element);
        self.put(old.get(element), new.get(element));
    }

    fn put(&mut self, left: Option<&Value>, right: Option<&Value>) {
        // Upstream loses the errors of items, which have been checked before.
        let merged = merge(self.list.item, left, right, &mut Errors::default());
        self.out.extend(merged);
    }
}
