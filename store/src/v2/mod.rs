//! The key space of API 2: a tree of files and directories with its own index, replicated through
//! the same log as everything else.
//!
//! ```text
//! Request (in the log) ─► Store::carry_out ─► Tree      what there is now
//!                                          ├► History   the last 1,000 events, for watchers from the past
//!                                          └► Watchers  who is told
//! ```
//!
//! Behaviour, codes and texts are those of etcd 3.4 with `--enable-v2` (`etcdserver/api/v2store`
//! there); later releases have none of it. What clients call `/` is `/1` in the tree, and what they
//! may do is kept below `/2`, both as in etcd.
//!
//! Nothing here reads a clock: a request tells the time at which it was made, and keys run out when
//! the leader says so. Paths are absolute and clean ([`path::clean`]).

mod error;
mod event;
mod history;
mod kept;
pub mod path;
mod request;
mod stats;
mod store;
mod tree;
mod watchers;

pub use error::{Code, Error};
pub use event::{Action, Event, Shown};
pub use kept::Kept;
pub use request::{Method, Request};
pub use stats::Stats;
pub use store::Store;
pub use watchers::Watching;

/// Where the keys of clients begin in the tree.
pub const KEYS: &str = "/1";
/// Where users, roles, and whether they count, are kept.
pub const PERMISSIONS: &str = "/2";

#[cfg(test)]
mod tests;
