//! Who is in the cluster: members, how they are named, and the URLs they are reached by.

pub mod id;
mod member;

pub use member::Member;
