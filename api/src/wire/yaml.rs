//! YAML: read as the JSON it stands for.

use serde_json::Value;

use super::{DecodeError, Read, json};
use crate::schema::{Schema, TypeId};

/// Reads an object.
///
/// # Errors
/// It is no YAML, or a value is not of its field's shape.
pub fn read(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Read, DecodeError> {
    let value = tree(bytes)?;
    let bytes = serde_json::to_vec(&value).map_err(|error| DecodeError::new(error.to_string()))?;
    json::read(schema, id, &bytes)
}

/// Any YAML as a tree.
///
/// # Errors
/// It is no YAML.
pub fn tree(bytes: &[u8]) -> Result<Value, DecodeError> {
    let value = serde_norway::from_slice(bytes);
    value.map_err(|error| DecodeError::new(format!("error converting YAML to JSON: yaml: {error}")))
}

/// An object as YAML.
#[must_use]
pub fn write(value: &Value) -> String {
    // A tree of texts, numbers, lists and maps has a YAML form.
    serde_norway::to_string(value).unwrap_or_default()
}
