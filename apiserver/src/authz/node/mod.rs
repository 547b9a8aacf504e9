//! Nodes: each may only reach what runs on it.
//!
//! ```text
//! pods, volumes, attachments ─▶ Graph ─▶ NodeAuthorizer   may a node read this object?
//!                                        restriction      may a node write this content?
//! ```

mod authorizer;
mod graph;
mod references;
pub mod restriction;

pub use authorizer::NodeAuthorizer;
pub use graph::Graph;

use crate::authn::User;

/// The group of nodes.
pub const NODES: &str = "system:nodes";
/// What the names of nodes' users begin with.
pub const PREFIX: &str = "system:node:";

/// The name of the node that a user is: of the group of nodes and with such a name. It may be empty,
/// which is a node that nobody knows.
#[must_use]
pub fn node_of(user: &User) -> Option<&str> {
    let name = user.name.strip_prefix(PREFIX)?;
    user.is_in(NODES).then_some(name)
}

#[cfg(test)]
mod tests;
