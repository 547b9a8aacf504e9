//! The operations of a patch as they are sent.

use serde_json::{Map, Value};

use crate::patch::PatchError;

/// One operation; its fields are looked at when it is run, and only those that it needs.
pub(super) struct Operation(Map<String, Value>);

/// The operations of a patch.
pub(super) fn parse(patch: &[u8]) -> Result<Vec<Operation>, PatchError> {
    let patch: Value =
        serde_json::from_slice(patch).map_err(|error| PatchError::Malformed(error.to_string()))?;
    let items = match patch {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        other => return Err(PatchError::Malformed(mismatch(&other, "jsonpatch.Patch"))),
    };
    let operation = |item| match item {
        Value::Object(map) => Ok(Operation(map)),
        Value::Null => Ok(Operation(Map::new())),
        other => Err(PatchError::Malformed(mismatch(
            &other,
            "jsonpatch.Operation",
        ))),
    };
    items.into_iter().map(operation).collect()
}

impl Operation {
    /// The name of the operation, `unknown` if there is none.
    pub(super) fn kind(&self) -> &str {
        self.0
            .get("op")
            .and_then(Value::as_str)
            .unwrap_or("unknown")
    }

    /// Where it works.
    pub(super) fn path(&self) -> Result<&str, String> {
        self.text("path", "operation missing path field")
    }

    /// Where it takes from.
    pub(super) fn from(&self) -> Result<&str, String> {
        self.text("from", "operation, missing from field")
    }

    /// What it puts there or compares with; `null` if absent.
    pub(super) fn value(&self) -> Value {
        self.0.get("value").cloned().unwrap_or_default()
    }

    fn text(&self, field: &str, missing: &str) -> Result<&str, String> {
        match self.0.get(field) {
            None | Some(Value::Null) => Err(format!("{missing}: missing value")),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(mismatch(other, "string")),
        }
    }
}

fn mismatch(value: &Value, wanted: &str) -> String {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {kind} into Go value of type {wanted}")
}
