//! Entries of the log, for those who read and write them without raft.

use bytes::Bytes;
use raft::eraftpb::EntryType;

use super::convert::{change_from_raft, change_to_raft, from_raft, to_raft};
use super::{Change, Committed, Kind};
use crate::wal;

/// What an entry is, and the encoded command in it, if there is one.
///
/// # Panics
/// When the entry is none that a member writes.
pub fn read_entry(entry: &wal::Entry) -> (Kind, Bytes) {
    let entry = to_raft(entry);
    if entry.get_entry_type() == EntryType::EntryNormal {
        return (Kind::Command, entry.data);
    }
    let change = change_from_raft(&entry);
    match change.changes.is_empty() {
        true => (Kind::Leave, change.context),
        false => (Kind::Change, change.context),
    }
}

impl Committed {
    /// An entry that a log holds, for who carries it out without raft.
    ///
    /// # Panics
    /// As [`read_entry`].
    pub fn read(entry: &wal::Entry) -> Self {
        let (kind, data) = read_entry(entry);
        Self {
            index: entry.index,
            term: entry.term,
            kind,
            data,
            position: None,
            waiter: None,
        }
    }
}

/// An entry that changes the configuration, with the command that says the same; without changes
/// it leaves a joint one.
pub fn change_entry(index: u64, term: u64, changes: &[Change], command: Bytes) -> wal::Entry {
    wal::Entry {
        index,
        term,
        ..from_raft(&change_to_raft(changes, command))
    }
}
