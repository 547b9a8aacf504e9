//! What can go wrong.

/// Credentials are not accepted, or what accepts them cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthnError {
    /// Credentials were shown and found wrong: a 401 `Unauthorized`. The text is for the log, and
    /// for the status of a TokenReview.
    #[error("{0}")]
    Rejected(String),
    /// Authorities or tokens cannot be read.
    #[error("{0}")]
    Config(String),
}
