//! The patches clients send, applied to trees: JSON patch ([`json`]), merge patch ([`merge`]) and
//! strategic merge patch ([`strategic`]). Server-side apply is in [`crate::apply`].

pub mod json;
pub mod merge;
pub mod strategic;

mod depth;

pub use depth::{MAX_DEPTH, is_deep};

/// A patch that cannot be applied. The texts are those that upstream's API server answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// Not a patch at all: HTTP status 400.
    #[error("{0}")]
    Malformed(String),
    /// More than is accepted: HTTP status 413.
    #[error("{0}")]
    TooLarge(String),
    /// A patch that does not fit the object: HTTP status 422.
    #[error("{0}")]
    Unfit(String),
    /// What upstream answers with HTTP status 500, among them faults of the client.
    #[error("{0}")]
    Failed(String),
}

impl PatchError {
    /// The HTTP status upstream answers with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::TooLarge(_) => 413,
            Self::Unfit(_) => 422,
            Self::Failed(_) => 500,
        }
    }

    fn too_deep() -> Self {
        Self::Malformed(format!("nested deeper than {MAX_DEPTH} levels"))
    }
}
