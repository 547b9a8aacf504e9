//! Roles and who has them.
//!
//! ```text
//! Role, ClusterRole ───────────────┐
//! RoleBinding, ClusterRoleBinding ─┴─▶ Rules ──▶ decision, listing
//! ```
//!
//! - [`Rules`] is fed with objects and finds the bindings of a user by name and groups.
//! - [`covers`] compares rules; [`escalation`] keeps users from giving away what they do not have.
//! - [`bootstrap`] holds what every cluster has; [`reconcile()`] brings a cluster there.
//! - [`aggregate()`] fills the roles that are made of others.

mod aggregate;
pub mod bootstrap;
pub mod covers;
pub mod escalation;
mod reconcile;
mod rule;
mod rules;

pub use aggregate::{Aggregated, aggregate};
pub use reconcile::{Change, reconcile};
pub use rule::Rule;
pub use rules::{RoleRef, Rules};

/// The API group of roles and bindings.
pub const GROUP: &str = "rbac.authorization.k8s.io";

#[cfg(test)]
mod tests;
