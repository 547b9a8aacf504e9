//! Protobuf, as upstream's generated code writes it: what is no pointer in Go is always written, fields
//! ascend, maps are sorted by key.

mod read;
mod write;

pub use read::read;
pub(super) use read::{Content, fields};
pub use write::write;
pub(super) use write::bytes_field;

/// Lengths and numbers as they stand before a field.
const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

/// An object has no protobuf form of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(pub String);
