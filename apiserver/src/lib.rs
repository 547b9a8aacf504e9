//! The Kubernetes API server: who asks, may they, what they ask for, and where it is kept.
//!
//! A request meets, in the order of the folders: `chain` (every filter), `authn`, `authz`, `verb`,
//! `admission`, `kind`, `storage`.

pub mod authn;
pub mod authz;
pub mod tokens;
