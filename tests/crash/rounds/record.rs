//! What writers wanted, and what they were told.

use super::value::Op;

/// A request that changes the store.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// Puts of one write and deletions, in this order, in one revision.
    Write {
        op: Op,
        puts: Vec<String>,
        deletes: Vec<String>,
    },
    /// A lease.
    Grant(i64),
    /// The end of a lease and of its keys.
    Revoke(i64),
    /// The history below a revision may go.
    Compact(i64),
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Acknowledged; the revision in the reply.
    Done(i64),
    /// Nobody knows: the server died before it answered.
    InDoubt,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) wanted: Wanted,
    pub(crate) outcome: Outcome,
}

/// A hash that the running server gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) revision: i64,
    pub(crate) compacted: i64,
    pub(crate) hash: u32,
}
