//! The encodings of objects: JSON, YAML, protobuf, driven by the schema.
//!
//! Whatever comes in becomes a canonical tree: the one that Go prints after it has decoded into its
//! structs. So nothing that a kind does not know gets further, and equal objects are equal trees.

mod canonical;
pub mod envelope;
pub mod json;
pub mod protobuf;
mod scalar;
pub mod yaml;

use serde_json::Value;

use crate::schema::{Schema, TypeId};

/// How deep objects may be nested.
pub(crate) const DEPTH_MAX: usize = 200;

/// Bytes that are no object of the kind they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

impl DecodeError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A decoded object.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Its canonical tree.
    pub value: Value,
    /// Fields that it has twice, or that its kind does not have, in upstream's words
    /// (`unknown field "spec.foo"`).
    pub problems: Vec<String>,
}

/// Makes a tree that has been put together here canonical.
///
/// # Errors
/// A value is not of its field's shape.
pub fn normalize(schema: &Schema, id: TypeId, value: Value) -> Result<Read, DecodeError> {
    let mut problems = Vec::new();
    let value = canonical::object(schema, id, value, &mut problems)?;
    Ok(Read { value, problems })
}

#[cfg(test)]
mod tests;
