//! Agreement on the order of commands.
//!
//! [`driver::Driver`] is the sole owner of raft's state machine: it is fed events, and answers
//! with actions (persist this, apply that, send those). It does no I/O and reads no clock, so a
//! simulation can drive it as well as [`engine`], which runs it on a thread of its own or on that of
//! whoever has something for it.
//! raft's own types never leave this folder.

mod change;
mod convert;
pub mod driver;
mod engine;
mod entry;
mod error;
mod handle;
mod link;
mod log;
mod logger;
mod outbox;
mod persist;
mod thread;

pub use change::Change;
pub use driver::{Committed, Driver, Event, Kind, Progress, Received, Settings};
pub use engine::{GATHER, QUIET};
pub use entry::{change_entry, read_entry};
pub use error::{ProposeError, ReadError};
pub use handle::Handle;
pub use link::Link;
pub use log::{Boot, EntrySource};
pub use outbox::{Nowhere, Outbox};
pub use persist::{Gathered, Job, gather};
pub use thread::{Start, Started, start};

#[cfg(test)]
mod tests;
