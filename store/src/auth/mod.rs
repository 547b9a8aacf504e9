//! Who may do what. Users, roles and their permissions are replicated; who a request comes from is
//! found out by each member itself.
//!
//! ```text
//! replicated, changed by commands alone          of one member
//! Tables ── users ── roles ── Ranges             Tokens     token → user (simple), or Jwt
//!    what a Caller may read, write, administer   Passwords  bcrypt, and what it said before
//! ```
//!
//! A request is checked where it is carried out: a read under the lock it reads by, a write in the
//! order of the log, by the user and the revision of the tables that its command names (see
//! [`Caller`]). So no change of the tables can come between the check and the deed, and every member
//! decides alike.

mod caller;
mod error;
mod jwt;
mod passwords;
mod ranges;
mod roles;
mod scheme;
mod tables;
mod tokens;
mod users;

pub use caller::Caller;
pub use error::Error;
pub use jwt::Jwt;
pub use passwords::Passwords;
pub use scheme::Scheme;
pub use tables::Tables;
pub use tokens::{Notice, Tokens};
pub(crate) use tokens::{assigned_at, letters, simple};

/// The user, and the role, that may do everything.
pub(crate) const ROOT: &str = "root";

#[cfg(test)]
mod tests;
