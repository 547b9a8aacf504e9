//! The write-ahead log: what raft must not forget, durable before it is promised.
//!
//! ```text
//! <dir>/0000000000000000.wal   segment 0: reserved at once, written from its beginning on
//! <dir>/0000000000000001.wal   segment 1: the one being written
//! <dir>/0000000000000002.wal   the spare: reserved before it is needed, blank
//!
//! segment   | frame | frame | frame | blank sectors, up to the file's size
//! frame     | header | record | record | ... | zeros, up to a whole sector      one per append
//! ```
//!
//! The files `sector.rs`, `frame.rs` and `record.rs` draw the bytes of each layer.
//!
//! Invariants:
//! - an append is one write and one `fdatasync`; it is acknowledged after both;
//! - a frame's bytes are written once, and only behind the last acknowledged frame;
//! - what was acknowledged is read back exactly, or the log refuses to open and says where it is
//!   damaged; what was not acknowledged may be there or not, but never in part;
//! - a full disk is noticed while the spare still has room, and leaves the log as it was.
//!
//! Decision, alternatives and measurements: `docs/adr/0002-log-format.md`.

mod ahead;
mod error;
mod frame;
mod log;
mod reader;
mod record;
mod replay;
mod scan;
mod sector;
mod segment;
mod span;

use bytes::Bytes;

pub use error::Error;
pub use log::Wal;
pub use reader::Reader;

/// A raft entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Its place in the raft log, from 1 on.
    pub index: u64,
    /// The term in which it was proposed.
    pub term: u64,
    /// Raft's type of entry; opaque here.
    pub kind: u8,
    /// What is replicated; opaque here.
    pub data: Bytes,
}

/// An [`Entry`] whose data lies in memory that is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef<'a> {
    /// Its place in the raft log, from 1 on.
    pub index: u64,
    /// The term in which it was proposed.
    pub term: u64,
    /// Raft's type of entry; opaque here.
    pub kind: u8,
    /// What is replicated; opaque here.
    pub data: &'a [u8],
}

impl EntryRef<'_> {
    /// The entry with data of its own.
    pub fn to_entry(&self) -> Entry {
        Entry {
            index: self.index,
            term: self.term,
            kind: self.kind,
            data: Bytes::copy_from_slice(self.data),
        }
    }
}

/// What a raft member must remember besides its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HardState {
    /// The latest term seen.
    pub term: u64,
    /// Whom this member voted for in that term; 0 for nobody.
    pub vote: u64,
    /// The last index known to be committed. Never past the last entry of the log.
    pub commit: u64,
}

/// Says that the state up to an entry is durable outside the log.
///
/// A mark at an entry of the log (same index and term) is a checkpoint and lets [`Wal::cut`]
/// remove what lies before it. Any other mark stands for a snapshot received from another member:
/// it replaces the whole log, which goes on at `index + 1`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SnapshotMark {
    /// The last entry the state contains.
    pub index: u64,
    /// The term of that entry.
    pub term: u64,
    /// The membership at that entry; opaque here.
    pub conf: Bytes,
}

/// Where an entry's data lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The segment's number.
    pub segment: u64,
    /// The data's first byte in the segment's file.
    pub offset: u64,
    /// How many bytes of data there are (on disk each sector adds its own few).
    pub len: u32,
}

impl Position {
    /// Where `len` bytes of the data lie, from its byte `start` on.
    pub fn slice(self, start: u32, len: u32) -> Position {
        let head = (crate::disk::SECTOR - sector::BODY) as u64;
        let body = sector::BODY as u64;
        let sector = crate::disk::SECTOR as u64;
        let within = self.offset % sector - head + u64::from(start);
        let offset = (self.offset / sector + within / body) * sector + head + within % body;
        Position {
            segment: self.segment,
            offset,
            len,
        }
    }
}

/// What one append makes durable, all of it or nothing: the snapshot mark first, then the
/// entries, then the hard state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// New entries, in order; an index the log holds already replaces that entry and all behind it.
    pub entries: Vec<Entry>,
    /// The hard state, if it changed.
    pub hard_state: Option<HardState>,
    /// A snapshot mark, if there is a new one.
    pub snapshot: Option<SnapshotMark>,
}

impl Batch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.hard_state.is_none() && self.snapshot.is_none()
    }
}

/// How a log is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// The size of a segment in bytes. A batch that needs more gets a segment of its own size.
    pub segment_bytes: u64,
    /// Acknowledge without `fdatasync`: a power cut may then damage the log.
    pub unsafe_no_fsync: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: 64 << 20,
            unsafe_no_fsync: false,
        }
    }
}

/// One thing found while a log is read from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The next entry, and where its data lies. Its index is one past that of the entry before,
    /// after truncation.
    Entry(EntryRef<'a>, Position),
    /// All entries with this index or a higher one are void: others follow, or a snapshot.
    Truncate {
        /// The lowest void index; 0 voids all.
        from: u64,
    },
}

/// What a log says besides its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What [`Wal::create`] was given.
    pub metadata: Bytes,
    /// The last hard state; zeros if there was none.
    pub hard_state: HardState,
    /// The last snapshot mark.
    pub snapshot: Option<SnapshotMark>,
    /// The index of the last entry, or of the snapshot if there is none behind it.
    pub last_index: u64,
    /// Bytes of an interrupted append that were removed; 0 after a clean end.
    pub torn_bytes: u64,
}

/// A log read into memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// What [`Wal::create`] was given.
    pub metadata: Bytes,
    /// The last hard state; zeros if there was none.
    pub hard_state: HardState,
    /// The last snapshot mark.
    pub snapshot: Option<SnapshotMark>,
    /// The entries, without gaps. They may begin before the snapshot mark.
    pub entries: Vec<(Entry, Position)>,
}

#[cfg(test)]
mod tests;
