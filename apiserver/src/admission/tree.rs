//! Reaching into objects that are trees, whatever they hold.

use serde_json::{Map, Value};

/// What stands where nothing is.
pub static NULL: Value = Value::Null;

/// A text; empty if it is none.
#[must_use]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list; none if it is no list.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The entries of a map, by key; none if it is no map.
pub fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The map at a key, made if there is none. What is no map becomes one.
pub fn map<'a>(within: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    let found = field(within, key);
    if !found.is_object() {
        *found = Value::Object(Map::new());
    }
    found.as_object_mut().expect("it has just been made one")
}

/// The list at a key, made if there is none. What is no list becomes one.
pub fn list<'a>(within: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    let found = field(within, key);
    if !found.is_array() {
        *found = Value::Array(Vec::new());
    }
    found.as_array_mut().expect("it has just been made one")
}

/// The value at a key, `null` if there has been none. What is no map becomes one.
pub fn field<'a>(within: &'a mut Value, key: &str) -> &'a mut Value {
    if !within.is_object() {
        *within = Value::Object(Map::new());
    }
    let map = within.as_object_mut();
    let map = map.expect("it has just been made one");
    map.entry(key).or_insert(Value::Null)
}

/// Sets a value, or takes it away where there is nothing to set.
pub fn set(within: &mut Value, key: &str, value: Option<Value>) {
    match value {
        Some(value) => *field(within, key) = value,
        None => {
            if let Some(map) = within.as_object_mut() {
                map.remove(key);
            }
        }
    }
}

/// The items of a list that may be changed; none if it is no list.
pub fn items_mut<'a>(within: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    let found = within.get_mut(key).and_then(Value::as_array_mut);
    found.into_iter().flatten()
}

/// The annotation of an object.
#[must_use]
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"].get(key)?.as_str()
}

/// The label of an object.
#[must_use]
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"].get(key)?.as_str()
}

/// Adds a finalizer to an object that has it not yet.
pub fn add_finalizer(object: &mut Value, finalizer: &str) {
    let metadata = field(object, "metadata");
    let list = list(metadata, "finalizers");
    if !list.iter().any(|found| found == finalizer) {
        list.push(finalizer.into());
    }
}

/// Truth as Go's `strconv.ParseBool` reads it; what is none is false.
#[must_use]
pub fn parse_bool(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True")
}
