//! The multi-version store: every change of every key until a compaction removes it.
//!
//! One write transaction makes one revision; a read names the revision it wants to see. The raft
//! log is the truth, so this module holds only what can be rebuilt from the last checkpoint and
//! the log behind it:
//!
//! ```text
//!             +--------------------------------------------------+
//!   reads ->  | tree: key -> versions (32 bytes each), counted   |  always in memory
//!             +-----------+--------------------------------------+
//!                         | revision
//!             +-----------v-----------+   +----------------------+
//!             | recents: records since|   | chunks in the backend|
//!             | the last checkpoint   |   | (runs of records)    |
//!             +-----------------------+   +----------------------+
//! ```
//!
//! Invariants, asserted where they could break:
//!
//! - revisions strictly increase, and a transaction that writes nothing makes none;
//! - every version in the tree has exactly one record, in the recents or in a chunk, for its key;
//! - a checkpoint never goes back;
//! - a compacted revision is never read again.
//!
//! The store does no locking: keep it behind a `RwLock`; reads take `&self`.

mod checkpoint;
mod chunk;
mod chunks;
mod compact;
mod entry;
mod error;
mod events;
mod hash;
mod intake;
mod load;
mod long;
mod manifest;
mod packed;
mod pieces;
mod range;
mod recent;
mod restore;
mod revision;
mod state;
mod transfer;
mod tree;
mod txn;
mod varint;

pub use self::checkpoint::{CheckpointDone, CheckpointJob};
pub use self::error::Error;
pub use self::events::History;
pub use self::hash::{HashJob, HashKv, Hashing};
pub use self::intake::{Intake, IntakeError};
pub use self::long::LongRange;
pub use self::pieces::{Piece, Pieces, Roll};
pub use self::range::{RangeQuery, RangeResult, Slice};
pub use self::recent::{LogRef, ValueSource};
pub use self::revision::Revision;
pub use self::state::{KeyMeta, Options, Store};
pub use self::transfer::{ExportJob, Import};
pub use self::txn::{Committed, Deleted, PutOptions, WriteTxn};

#[cfg(test)]
mod tests;
