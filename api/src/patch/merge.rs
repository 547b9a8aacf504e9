//! JSON merge patch (RFC 7396) as upstream's library does it.

use serde_json::{Map, Value};

use super::{MAX_DEPTH, PatchError, is_deep};

/// The document with the patch merged into it.
///
/// As in RFC 7396, but for what upstream's library (evanphx/json-patch) does its own way: a list that
/// is added, or stands where no object stood, loses the `null` fields of objects within it; a patch that
/// is a list replaces the document.
///
/// # Errors
/// [`PatchError::Malformed`] for a patch that is neither an object nor a list, or is too deep.
pub fn apply(doc: Value, patch: Value) -> Result<Value, PatchError> {
    if is_deep(&doc, MAX_DEPTH) || is_deep(&patch, MAX_DEPTH) {
        return Err(PatchError::too_deep());
    }
    match (doc, patch) {
        (Value::Object(mut doc), Value::Object(patch)) => {
            merge(&mut doc, patch);
            Ok(Value::Object(doc))
        }
        (_, mut patch @ (Value::Object(_) | Value::Array(_))) => {
            prune(&mut patch);
            Ok(patch)
        }
        _ => Err(PatchError::Malformed("Invalid JSON Patch".into())),
    }
}

fn merge(doc: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, mut value) in patch {
        if value.is_null() {
            doc.remove(&key);
            continue;
        }
        match (doc.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (Some(old @ Value::Object(_)), new) => *old = new,
            (old, new) => {
                value = new;
                prune(&mut value);
                match old {
                    Some(old) => *old = value,
                    None => {
                        doc.insert(key, value);
                    }
                }
            }
        }
    }
}

/// Takes away the `null` fields of all objects within.
fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(prune);
        }
        Value::Array(list) => list.iter_mut().for_each(prune),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
