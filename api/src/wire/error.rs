//! Errors of the encodings. Those of JSON and YAML are upstream's to the letter: clients see them.

/// Why bytes are no object of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The text is no JSON.
    #[error("{0}")]
    Syntax(String),
    /// The text is no YAML.
    #[error("{0}")]
    Yaml(String),
    /// A value is not of the type that its place has, or is none of its type.
    #[error("{0}")]
    Value(String),
    /// The bytes are no protobuf message of the type.
    #[error("{0}")]
    Protobuf(String),
}

/// Why a tree has no protobuf form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A value is not of the type that its place has: the tree is not canonical.
    #[error("{field}: cannot encode {found} as {wanted}")]
    Mismatch {
        /// The field's JSON name.
        field: String,
        /// What stands there.
        found: &'static str,
        /// What has to stand there.
        wanted: &'static str,
    },
    /// The tree nests deeper than [`super::MOST_NESTING`].
    #[error("exceeded max depth")]
    Depth,
}
