//! Which objects are meant: by labels, by fields.

mod fields;
mod labels;

pub use fields::{Fields, field_names, field_values};
pub use labels::Labels;

/// A selector that cannot be read; upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(pub String);
