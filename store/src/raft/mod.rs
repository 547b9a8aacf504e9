//! Agreement on the order of commands.
//!
//! [`driver::Driver`] is the sole owner of raft's state machine: it is fed events, and answers
//! with actions (persist this, apply that, send those). It does no I/O and reads no clock, so a
//! simulation can drive it as well as [`thread`], which runs it on a thread of its own.
//! raft's own types never leave this folder.

mod convert;
mod driver;
mod log;
mod logger;
mod persist;
mod thread;

pub use driver::{Committed, ProposeError, ReadError, Settings};
pub use log::Boot;
pub use thread::{Handle, Link, Started, start};

#[cfg(test)]
mod tests;
