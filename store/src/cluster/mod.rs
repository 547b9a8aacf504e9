//! Who is in the cluster: members, their ids, and how a cluster starts.

pub mod id;
mod initial;
mod members;

pub use initial::{Initial, InitialError};
pub use members::Member;
