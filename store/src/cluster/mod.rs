//! Who belongs to the cluster, and how ids are made.

mod members;

pub use members::{Member, Members};
