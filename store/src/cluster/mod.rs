//! Who is in the cluster: members, their ids, and how a cluster starts.

pub mod id;
mod initial;
mod member;
mod members;

pub use initial::{Initial, InitialError};
pub use member::Member;
pub use members::Members;
