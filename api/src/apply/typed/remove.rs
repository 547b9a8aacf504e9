//! Taking fields out of a tree.

use serde_json::{Map, Value};

use super::atom::Place;
use super::item;
use crate::apply::element::PathElement;
use crate::apply::fields::FieldSet;

/// The tree without these fields; `null` if nothing is left of it.
pub(super) fn remove(place: Place<'_>, value: &Value, fields: &FieldSet) -> Value {
    let atom = place.atom().deduce(Some(value));
    if let Some(map) = atom.map {
        let Value::Object(old) = value else {
            return Value::Null;
        };
        if map.atomic {
            return Value::Null;
        }
        let mut new = Map::new();
        for (name, value) in old {
            let element = PathElement::field(name);
            if fields.has_member(&element) {
                continue;
            }
            let value = match fields.below(&element) {
                Some(below) => remove(map.value(name), value, below),
                None => value.clone(),
            };
            new.insert(name.clone(), value);
        }
        return if new.is_empty() {
            Value::Null
        } else {
            Value::Object(new)
        };
    }
    if atom.scalar.is_some() {
        return value.clone();
    }
    let (Some(list), Value::Array(old)) = (atom.list, value) else {
        return Value::Null;
    };
    if list.atomic() {
        return Value::Null;
    }
    let mut new = Vec::with_capacity(old.len());
    for value in old {
        // A list that cannot be indexed has been refused before.
        let Ok(element) = item::element(list, value) else {
            new.push(value.clone());
            continue;
        };
        if fields.has_member(&element) {
            continue;
        }
        new.push(match fields.below(&element) {
            Some(below) => remove(list.item, value, below),
            None => value.clone(),
        });
    }
    if new.is_empty() {
        Value::Null
    } else {
        Value::Array(new)
    }
}
