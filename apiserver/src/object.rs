//! The metadata of objects that are trees.

use serde_json::{Map, Value};

/// A text of the metadata; empty if it is not there.
#[must_use]
pub fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// The object's name.
#[must_use]
pub fn name(object: &Value) -> &str {
    text(object, "name")
}

/// The object's namespace; empty if it has none.
#[must_use]
pub fn namespace(object: &Value) -> &str {
    text(object, "namespace")
}

/// Whether the object is being deleted.
#[must_use]
pub fn is_deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// What has to happen before the object goes.
pub fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    let list = object["metadata"]["finalizers"].as_array();
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// The metadata, made if there is none.
///
/// # Panics
/// If the object is none; whoever decodes requests has made sure that it is.
pub fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    let object = object.as_object_mut().expect("an object is an object");
    let metadata = object
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    metadata.as_object_mut().expect("it has just been made one")
}

/// Sets a field of the metadata, or takes it away where there is nothing to set.
pub fn set(object: &mut Value, field: &str, value: Option<Value>) {
    let metadata = metadata(object);
    match value {
        Some(value) => {
            metadata.insert(field.to_owned(), value);
        }
        None => {
            metadata.remove(field);
        }
    }
}

/// Replaces the finalizers.
pub fn set_finalizers(object: &mut Value, finalizers: Vec<String>) {
    let list = (!finalizers.is_empty()).then(|| finalizers.into());
    set(object, "finalizers", list);
}
