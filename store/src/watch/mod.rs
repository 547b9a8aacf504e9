//! Telling who asked what changed.
//!
//! ```text
//! apply ──publish──▶ hub ──deliver──▶ mailbox of each stream ──▶ stream ──▶ rpc, lock, election
//!                     ▲                                            │
//!                     └──────── caught up: join again ─────────────┤
//!                                 history: read from mvcc ◀────────┘ lagging
//! ```
//! A watcher is either *synced*: the hub delivers each event to it, or *lagging*: it reads
//! history from the store at its own pace until it has caught up. A mailbox is bounded; what
//! does not fit makes its watcher lag from there, so a slow client costs a cursor, not a queue,
//! and never slows apply.

mod hub;
mod mailbox;
mod stream;

pub use hub::Hub;
pub use stream::{CreateError, Spec, Stream, Update};

#[cfg(test)]
mod tests;
