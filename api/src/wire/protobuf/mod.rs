//! Protobuf, as the Go types' generated code writes and reads it.
//!
//! A kind's fields have numbers; what JSON shows inlined is a message of its own (`Field::within`). Go
//! writes what is no pointer even where it is empty, and maps by ascending keys, so that the bytes of an
//! object are always the same. `apiVersion` and `kind` are not in the message but around it
//! ([`super::envelope`]).

mod buffer;
mod input;
mod read;
mod special;
mod write;

use serde_json::Value;

use super::{DecodeError, EncodeError};
use crate::schema::{Schema, TypeId};

pub(super) use buffer::Buffer;
pub(super) use input::{Input, Wire};

/// Reads a message of a type into a canonical tree, without `apiVersion` and `kind`. Numbers that the
/// type does not know are skipped.
///
/// # Errors
///
/// If the bytes are no such message.
pub fn read(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Value, DecodeError> {
    read::root(schema, id, bytes)
}

/// Writes a canonical tree as a message of its type.
///
/// # Errors
///
/// If a value is not of its field's type.
pub fn write(schema: &Schema, id: TypeId, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut buffer = Buffer::new();
    write_to(schema, id, value, &mut buffer)?;
    Ok(buffer.into_bytes())
}

/// Writes a message before what is in the buffer.
pub(super) fn write_to(
    schema: &Schema,
    id: TypeId,
    value: &Value,
    buffer: &mut Buffer,
) -> Result<(), EncodeError> {
    write::root(schema, id, value, buffer)
}

#[cfg(test)]
mod tests;
