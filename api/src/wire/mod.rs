//! The encodings of objects: JSON, YAML, protobuf; all driven by the tables of [`crate::schema`].
//!
//! Whatever an object came in, it is read into the same *canonical* tree: what Go prints as JSON after
//! it decoded the object into its struct. So fields that the table does not know are gone (unless the
//! type keeps them), `null` is gone, empty values that Go leaves out are gone, and those that Go prints
//! though they are empty are there (`""`, `0`, `false`, `null` for a list that is not there, an object
//! for a struct that is no pointer). Quantities, times, durations and bytes have one spelling.
//!
//! ```text
//! JSON ──json::read──┐
//! YAML ──yaml::read──┼─► canonical tree ──protobuf::write──► protobuf ──envelope::join──► k8s\0…
//! protobuf ─ ::read ─┘        ▲
//!                    any tree ┘ normalize
//! ```
//!
//! Nesting is bounded by [`MOST_NESTING`] in all of them.

mod bytes;
mod canon;
pub mod envelope;
mod error;
pub mod json;
mod leaf;
mod names;
mod normal;
pub mod protobuf;
mod time;
pub mod yaml;

use serde_json::Value;

pub use error::{DecodeError, EncodeError};
pub use normal::normalize;

/// An object nests at most so deep. Go's bound for JSON is 10,000; no kind comes near this one, and a
/// thread's stack holds it.
pub const MOST_NESTING: usize = 256;

/// An object that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The canonical tree.
    pub value: Value,
    /// What a strict decoder says about it, in upstream's words and order, at most 100 of them: fields
    /// that are unknown, and fields that are there twice.
    pub problems: Vec<String>,
}
