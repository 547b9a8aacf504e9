//! Whether a tree follows the schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::atom::{ListAtom, MapAtom, Place, Scalar};
use super::errors::Errors;
use super::item;
use crate::apply::element::PathElement;
use crate::go;

/// Whether items of a list may be there twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::apply) enum Duplicates {
    Allowed,
    Refused,
}

/// Gathers what does not follow the schema.
pub(super) fn validate(
    place: Place<'_>,
    value: &Value,
    duplicates: Duplicates,
    errors: &mut Errors,
) {
    let atom = place.atom().deduce(Some(value));
    if let Some(map) = atom.map {
        match value {
            Value::Object(fields) => validate_map(map, fields, duplicates, errors),
            Value::Null => {}
            other => errors.push(format!("expected map, got &{{{}}}", go::plain(other))),
        }
    } else if let Some(kind) = atom.scalar {
        scalar(kind, Some(value), "", errors);
    } else if let Some(list) = atom.list {
        match value {
            Value::Array(items) => validate_list(list, items, duplicates, errors),
            Value::Null => {}
            other => errors.push(format!("expected list, got &{{{}}}", go::plain(other))),
        }
    } else {
        invalid(errors);
    }
}

/// A place where nothing may stand.
pub(super) fn invalid(errors: &mut Errors) {
    errors.push("schema error: invalid atom: inlined");
}

/// Whether a scalar is of its kind; `prefix` goes before the words. Absence and `null` are of any kind.
pub(super) fn scalar(
    kind: Scalar,
    value: Option<&Value>,
    prefix: &str,
    errors: &mut Errors,
) -> bool {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return true;
    };
    let text = match (kind, value) {
        (Scalar::Number, Value::Number(_))
        | (Scalar::Text, Value::String(_))
        | (Scalar::Boolean, Value::Bool(_))
        | (Scalar::Any, Value::Number(_) | Value::String(_) | Value::Bool(_)) => return true,
        (Scalar::Number, _) => {
            format!(
                "expected numeric (int or float), got {}",
                go::type_name(value)
            )
        }
        (Scalar::Text, _) => {
            format!(
                "expected string, got &value.valueUnstructured{{Value:{}}}",
                go::syntax(value)
            )
        }
        (Scalar::Boolean, _) => format!("expected boolean, got &{{{}}}", go::plain(value)),
        (Scalar::Any, _) => format!("expected any scalar, got &{{{}}}", go::plain(value)),
    };
    errors.push(format!("{prefix}{text}"));
    false
}

fn validate_map(
    map: MapAtom<'_>,
    fields: &Map<String, Value>,
    duplicates: Duplicates,
    errors: &mut Errors,
) {
    for (name, value) in fields {
        let element = PathElement::field(name);
        let place = map.value(name);
        if place.is_nothing() {
            // Upstream stops at the first one, whichever that is.
            errors.push_at(&element, "field not declared in schema");
            return;
        }
        let from = errors.len();
        validate(place, value, duplicates, errors);
        errors.prefix(from, &element);
    }
}

fn validate_list(list: ListAtom<'_>, items: &[Value], duplicates: Duplicates, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (at, value) in items.iter().enumerate() {
        let element = if list.atomic() {
            PathElement::Index(i64::try_from(at).unwrap_or(i64::MAX))
        } else {
            match item::element(list, value) {
                Ok(element) => element,
                Err(error) => {
                    errors.push(format!("element {at}: {error}"));
                    return;
                }
            }
        };
        if duplicates == Duplicates::Refused && !list.atomic() && !seen.insert(element.clone()) {
            errors.push(format!("duplicate entries for key {element}"));
        }
        let from = errors.len();
        validate(list.item, value, duplicates, errors);
        errors.prefix(from, &element);
    }
}
