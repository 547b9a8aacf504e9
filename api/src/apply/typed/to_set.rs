//! Which fields a tree sets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::atom::{ListAtom, MapAtom, Place};
use super::errors::Errors;
use super::item;
use super::validate::invalid;
use crate::apply::element::PathElement;
use crate::apply::fields::FieldSet;

/// What is set at a place and below.
#[derive(Default)]
pub(super) struct Node {
    /// The place itself.
    member: bool,
    pub(super) set: FieldSet,
}

impl Node {
    fn leaf() -> Self {
        Self {
            member: true,
            set: FieldSet::new(),
        }
    }

    /// Adds this to the set of the place above.
    fn add_to(self, above: &mut FieldSet, element: &PathElement) {
        if self.member {
            above.add(element.clone());
        }
        if !self.set.is_empty() {
            above.add_below(element.clone(), self.set);
        }
    }
}

/// The fields that a tree sets.
pub(super) fn to_set(place: Place<'_>, value: &Value, errors: &mut Errors) -> Node {
    let atom = place.atom().deduce(Some(value));
    if let Some(map) = atom.map {
        return match value {
            _ if map.atomic => Node::leaf(),
            Value::Object(fields) => of_map(map, fields, errors),
            _ => Node::default(),
        };
    }
    if atom.scalar.is_some() {
        return Node::leaf();
    }
    let Some(list) = atom.list else {
        invalid(errors);
        return Node::default();
    };
    match value {
        _ if list.atomic() => Node::leaf(),
        Value::Array(items) => of_list(list, items, errors),
        _ => Node::default(),
    }
}

fn of_map(map: MapAtom<'_>, fields: &Map<String, Value>, errors: &mut Errors) -> Node {
    let mut node = Node::default();
    for (name, value) in fields {
        let mut below = to_set(map.value(name), value, errors);
        let empty = match value {
            Value::Null => true,
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        // What is no field of the type stands for itself.
        below.member |= empty || map.field(name).is_none();
        below.add_to(&mut node.set, &PathElement::field(name));
    }
    node
}

fn of_list(list: ListAtom<'_>, items: &[Value], errors: &mut Errors) -> Node {
    let mut elements = Vec::with_capacity(items.len());
    let mut times: BTreeMap<PathElement, usize> = BTreeMap::new();
    for value in items {
        // A list that cannot be indexed has been refused before.
        let element = item::element(list, value).ok();
        if let Some(element) = &element {
            *times.entry(element.clone()).or_default() += 1;
        }
        elements.push(element);
    }
    let mut node = Node::default();
    for (element, value) in elements.into_iter().zip(items) {
        let Some(element) = element else {
            continue;
        };
        if times.get(&element).is_some_and(|times| *times > 1) {
            // Items that are there twice are owned as one.
            node.set.add(element);
            continue;
        }
        let mut below = to_set(list.item, value, errors);
        below.member = true;
        below.add_to(&mut node.set, &element);
    }
    node
}

/// The set with all fields of objects that have others of the set below them.
pub(super) fn with_named_fields(place: Place<'_>, set: &FieldSet) -> FieldSet {
    let atom = place.atom();
    let mut made = FieldSet::new();
    for member in set.members() {
        made.add(member.clone());
    }
    for (element, below) in set.children() {
        let place = match (element, atom.map, atom.list) {
            (PathElement::Field(name), Some(map), _) => {
                if map.field(name).is_some() {
                    made.add(element.clone());
                }
                map.value(name)
            }
            (PathElement::Key(_), _, Some(list)) => list.item,
            _ => place.nothing(),
        };
        made.put_below(element.clone(), with_named_fields(place, below));
    }
    made
}
