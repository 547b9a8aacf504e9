//! Where objects are kept: an etcd, spoken to through its generated client only, so that it may be the
//! store of this process, one over the network, or a real etcd.
//!
//! ```text
//! verb ─ object (tree) ─▶ encode (k8s\0 protobuf, or JSON) ─▶ keys ─▶ store (Txn) ─▶ etcd
//! etcd ─ watch ─▶ cache/feed ─▶ decode ─▶ cache (JSON bytes) ─▶ verb
//! ```

pub mod encoding;
pub mod keys;
mod leases;
pub mod route;
mod store;
mod streams;

pub use leases::Leases;
pub use store::{Current, Lost, Outcome, Page, Route, Store, StoreError, Stored};
pub use streams::{Change, Nudge, Told, Watching};
