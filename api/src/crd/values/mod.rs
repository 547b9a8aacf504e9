//! Value validation of custom objects by their OpenAPI v3 schema.

mod compile;
mod correlate;
mod format;
mod number;
mod pattern;
mod run;

use serde_json::Value;

use super::schema::{SchemaError, version};
use crate::status::field::Error;

/// A schema made ready to check many objects.
#[derive(Clone, Debug)]
pub struct Validator {
    node: compile::Node,
}

impl Validator {
    /// Of a schema in the notation of `openAPIV3Schema`; `null` takes everything.
    ///
    /// # Errors
    ///
    /// If it nests too deeply.
    pub fn new(open_api: &Value) -> Result<Self, SchemaError> {
        let node =
            compile::Node::new(open_api, 0).ok_or_else(|| SchemaError::TooDeep(String::new()))?;
        Ok(Self { node })
    }

    /// Of the schema of one version of a definition.
    ///
    /// # Errors
    ///
    /// If there is no such version, or if its schema nests too deeply.
    pub fn of_version(definition: &Value, name: &str) -> Result<Self, SchemaError> {
        let declared =
            version(definition, name).ok_or_else(|| SchemaError::NoVersion(name.into()))?;
        Self::new(&declared["schema"]["openAPIV3Schema"])
            .map_err(|_| SchemaError::TooDeep(name.into()))
    }

    /// What is wrong with a new object, in upstream's words; errors of one object stand in the order of
    /// its fields, where upstream's order is that of Go's maps.
    #[must_use]
    pub fn validate(&self, object: &Value) -> Vec<Error> {
        run::run(&self.node, object, None)
    }

    /// What is wrong with an object that replaces another one. What is wrong with parts that did not
    /// change is not told (`CRDValidationRatcheting`).
    #[must_use]
    pub fn validate_update(&self, object: &Value, old: &Value) -> Vec<Error> {
        run::run(&self.node, object, Some(old))
    }
}

/// What is wrong with an object by the schema of one version; for many objects, keep a [`Validator`].
///
/// # Errors
///
/// If there is no such version, or if its schema nests too deeply.
pub fn validate_value(
    definition: &Value,
    version: &str,
    object: &Value,
) -> Result<Vec<Error>, SchemaError> {
    Ok(Validator::of_version(definition, version)?.validate(object))
}

/// Why a pattern cannot be read; nothing if it can.
pub(super) fn pattern_error(text: &str) -> Option<String> {
    pattern::compile(text).err()
}

#[cfg(test)]
mod tests;
