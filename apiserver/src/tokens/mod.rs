//! Tokens of service accounts: JSON web tokens that are bound to what they are for.
//!
//! ```text
//! TokenRequest ─▶ Issuer (signing key) ─▶ token ─▶ Verifier (public keys, Lookup) ─▶ User
//!                                                  └▶ discovery: JWKS, openid-configuration
//! ```
//!
//! - A token counts as long as the account, and the pod, secret or node it is bound to, are there
//!   with the same UID.
//! - Keys are named by the hash of their public half, so verifiers find the right one.
//! - Tokens without an audience and an end, as secrets hold them, are not known here.

mod claims;
pub mod discovery;
mod key;
mod lookup;
mod request;
mod verify;

pub use claims::{Bound, Claims, Named};
pub use key::{PublicKey, SigningKey};
pub use lookup::{Lookup, Referent};
pub use request::{Issued, Issuer, RequestError};
pub use verify::Verifier;

/// Tokens cannot be signed or are not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A key cannot be read.
    #[error("{0}")]
    Key(String),
    /// A token cannot be signed.
    #[error("failed to generate token: {0}")]
    Sign(String),
    /// A token does not count; in upstream's words.
    #[error("{0}")]
    Invalid(String),
}

#[cfg(test)]
mod tests;
