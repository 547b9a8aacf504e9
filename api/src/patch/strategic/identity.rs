//! When two scalars are the same one, as Go's `==` on values of any type has it.

use serde_json::Value;

use crate::go::{self, Num};
use crate::patch::PatchError;

/// A scalar that can be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    Null,
    Bool(bool),
    Int(i64),
    Float(u64),
    Text(Box<str>),
}

impl Identity {
    /// That of a scalar. Upstream fails on objects and lists in its own way.
    pub(super) fn of(value: &Value) -> Result<Self, PatchError> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match go::num(number) {
                Num::Int(int) => Self::Int(int),
                Num::Float(float) => Self::Float(float.to_bits()),
            },
            Value::String(text) => Self::Text(text.as_str().into()),
            other => {
                return Err(PatchError::Failed(format!(
                    "runtime error: hash of unhashable type {}",
                    go::type_name(other)
                )));
            }
        })
    }
}
