//! Entries in raft's form and in the log's.

use raft::eraftpb::{Entry, EntryType};

use crate::wal;

/// raft's entry kinds, as the log keeps them.
const KIND_NORMAL: u8 = 0;
const KIND_CONF_CHANGE: u8 = 1;
const KIND_CONF_CHANGE_V2: u8 = 2;

pub(super) fn from_raft(entry: &Entry) -> wal::Entry {
    let kind = match entry.get_entry_type() {
        EntryType::EntryNormal => KIND_NORMAL,
        EntryType::EntryConfChange => KIND_CONF_CHANGE,
        EntryType::EntryConfChangeV2 => KIND_CONF_CHANGE_V2,
    };
    wal::Entry {
        index: entry.index,
        term: entry.term,
        kind,
        data: entry.data.clone(),
    }
}

pub(super) fn to_raft(entry: &wal::Entry) -> Entry {
    let entry_type = match entry.kind {
        KIND_NORMAL => EntryType::EntryNormal,
        KIND_CONF_CHANGE => EntryType::EntryConfChange,
        KIND_CONF_CHANGE_V2 => EntryType::EntryConfChangeV2,
        // The WAL's checksums hold, so no release wrote this.
        other => panic!("log entry {} is of kind {other}", entry.index),
    };
    Entry {
        entry_type,
        index: entry.index,
        term: entry.term,
        data: entry.data.clone(),
        ..Default::default()
    }
}
