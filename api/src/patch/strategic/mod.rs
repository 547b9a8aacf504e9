//! Strategic merge patch: a merge patch that knows, by the schema, which lists are merged and by what.
//!
//! ```text
//! $patch: replace|delete                in an object: takes its place; in an item of a merged list:
//!                                       the item goes, or the list is replaced
//! $retainKeys: [name, …]                fields of the object that stay; the others go
//! $setElementOrder/<list>: [item, …]    how the items of the list are to be ordered
//! $deleteFromPrimitiveList/<list>: […]  values that leave the list
//! ```
//!
//! What a field's patch strategy is stands in [`crate::schema::Patch`]. Upstream's function of the same purpose
//! visits fields in random order; where that matters here the order is that of their names.

mod directive;
mod identity;
mod list;
mod lookup;
mod order;

use serde_json::{Map, Value};

use self::directive::{DELETE_FROM, DIRECTIVE, clean, retain_keys};
use self::list::{Merging, merge_list};
use self::lookup::{Place, Strategy};
use super::{MAX_DEPTH, PatchError, is_deep};
use crate::go;
use crate::schema::{Schema, TypeId};

/// The object of this type with the patch merged into it.
///
/// # Errors
/// Upstream's, with their texts and the status its API server answers with: a directive that is malformed, an
/// item of a merged list without its key, a field of the patch that has to be merged but is not in the schema,
/// trees nested too deep.
pub fn apply(
    schema: &Schema,
    id: TypeId,
    original: &Value,
    patch: &Value,
) -> Result<Value, PatchError> {
    if is_deep(original, MAX_DEPTH) || is_deep(patch, MAX_DEPTH) {
        return Err(PatchError::too_deep());
    }
    let object = |value: &Value| match value {
        Value::Object(map) => Ok(map.clone()),
        other => Err(not_an_object(other)),
    };
    let merged = merge_map(object(original)?, object(patch)?, Place::root(schema, id))?;
    Ok(Value::Object(merged))
}

/// Merges an object of the patch into one of the document.
fn merge_map(
    mut original: Map<String, Value>,
    mut patch: Map<String, Value>,
    place: Place<'_>,
) -> Result<Map<String, Value>, PatchError> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Map::new()),
            _ => Err(unknown_directive(directive, &patch)),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    order::merge_ordered(&mut original, &mut patch, place)?;
    for (key, value) in patch {
        let deletes = key.starts_with(DELETE_FROM);
        let key = if deletes {
            directive::listed(&key, DELETE_FROM)?
        } else {
            key
        };
        merge_field(&mut original, key, value, deletes, place)?;
    }
    Ok(original)
}

fn merge_field(
    original: &mut Map<String, Value>,
    key: String,
    value: Value,
    deletes: bool,
    place: Place<'_>,
) -> Result<(), PatchError> {
    if value.is_null() {
        original.remove(&key);
        return Ok(());
    }
    let Some(old) = original.get_mut(&key) else {
        if !deletes && let Some(value) = fresh(value) {
            original.insert(key, value);
        }
        return Ok(());
    };
    match (old, value) {
        (Value::Object(old), Value::Object(new)) => {
            let (place, strategy, _) = place.field(&key)?;
            *old = if strategy == Strategy::Replace {
                new
            } else {
                merge_map(std::mem::take(old), new, place)?
            };
        }
        (Value::Array(old), Value::Array(new)) => {
            let (place, strategy, merge_key) = place.items(&key)?;
            *old = if strategy == Strategy::Merge || deletes {
                let how = Merging {
                    place,
                    key: merge_key,
                    deletes,
                };
                merge_list(std::mem::take(old), new, &how)?
            } else {
                new
            };
        }
        (old, new) => {
            let same = go::type_name(old) == go::type_name(&new);
            if same || !deletes {
                match fresh(new) {
                    Some(new) => *old = new,
                    None => {
                        original.remove(&key);
                    }
                }
            }
        }
    }
    Ok(())
}

/// A value of the patch as it stands where nothing stood: without `null` fields and what is to be deleted.
fn fresh(mut value: Value) -> Option<Value> {
    drop_nulls(&mut value);
    clean(value)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn not_an_object(value: &Value) -> PatchError {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        _ => "array",
    };
    PatchError::Malformed(format!(
        "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    ))
}

fn unknown_directive(directive: &Value, map: &Map<String, Value>) -> PatchError {
    PatchError::Failed(format!(
        "unknown patch type: {} in map: {}",
        go::text(directive),
        go::plain_map(map)
    ))
}

fn no_merge_key(map: &Map<String, Value>, key: &str) -> PatchError {
    PatchError::Failed(format!(
        "map: {} does not contain declared merge key: {key}",
        go::plain_map(map)
    ))
}

/// A value of the wrong type; `expected` is Go's name of the right one.
fn wrong_type(expected: &str, value: &Value) -> PatchError {
    let received = match value {
        // Go has no type to print.
        Value::Null => "%!s(<nil>)",
        other => go::type_name(other),
    };
    PatchError::Failed(format!("expected a {expected}, but received a {received}"))
}

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

fn as_map(value: &Value) -> Result<&Map<String, Value>, PatchError> {
    value.as_object().ok_or_else(|| wrong_type(MAP, value))
}

#[cfg(test)]
mod tests;
