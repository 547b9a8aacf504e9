//! Which objects a request is about: by their labels, by a few of their fields.

mod fields;
mod labels;
mod lexer;
mod parser;
mod selectable;
mod syntax;

pub use fields::FieldSelector;
pub use labels::{LabelSelector, Operator, Requirement};
pub use selectable::Selectable;
pub use syntax::{label_key, label_value};

/// A selector that cannot be read, in upstream's words; the API answers 400 with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(String);

#[cfg(test)]
mod tests;
