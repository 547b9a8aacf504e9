//! JSON.

mod any;
mod decode;
mod kind;
mod path;
pub(super) mod quote;
mod scan;
mod seen;
mod unquote;

pub use kind::kind;

use super::{DecodeError, Read};
use crate::schema::{Schema, TypeId};

/// Reads an object of a type.
///
/// Names of fields match by case. Where a field is there twice, the second is read over the first, as
/// Go does it: objects and lists are merged, all else is replaced.
///
/// # Errors
///
/// In upstream's words: if the text is no JSON, which is told before all else, or if a value is not of
/// its field's type.
pub fn read(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Read, DecodeError> {
    decode::read(schema, id, bytes)
}

/// Reads any JSON value as it is; problems are keys that are there twice.
///
/// # Errors
///
/// In upstream's words, if the text is no JSON.
pub fn read_any(bytes: &[u8]) -> Result<Read, DecodeError> {
    decode::read_any(bytes)
}

#[cfg(test)]
mod tests;
