//! raft's own types, and ours.

use bytes::Bytes;
use protobuf::Message as _;
use raft::eraftpb::{
    ConfChangeSingle, ConfChangeType, ConfChangeV2, ConfState, Entry, EntryType, Message,
};

use super::{Change, Received};
use crate::cluster::Conf;
use crate::wal;

/// raft's entry kinds, as the log keeps them.
const KIND_NORMAL: u8 = 0;
const KIND_CONF_CHANGE: u8 = 1;
const KIND_CONF_CHANGE_V2: u8 = 2;

/// The entry's kind, as the log keeps it.
pub(super) fn kind(entry: &Entry) -> u8 {
    match entry.get_entry_type() {
        EntryType::EntryNormal => KIND_NORMAL,
        EntryType::EntryConfChange => KIND_CONF_CHANGE,
        EntryType::EntryConfChangeV2 => KIND_CONF_CHANGE_V2,
    }
}

pub(super) fn from_raft(entry: &Entry) -> wal::Entry {
    wal::Entry {
        index: entry.index,
        term: entry.term,
        kind: kind(entry),
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

/// An entry that changes the configuration; the command rides along.
pub(super) fn change_to_raft(changes: &[Change], command: Bytes) -> Entry {
    let mut change = ConfChangeV2::default();
    for step in changes {
        let (kind, id) = match *step {
            Change::AddVoter(id) => (ConfChangeType::AddNode, id),
            Change::AddLearner(id) => (ConfChangeType::AddLearnerNode, id),
            Change::Remove(id) => (ConfChangeType::RemoveNode, id),
        };
        let mut single = ConfChangeSingle::default();
        single.set_change_type(kind);
        single.node_id = id;
        change.changes.push(single);
    }
    change.context = command;
    let data = change
        .write_to_bytes()
        .expect("a message without required fields encodes");
    let mut entry = Entry {
        data: data.into(),
        ..Default::default()
    };
    entry.set_entry_type(EntryType::EntryConfChangeV2);
    entry
}

/// What [`change_to_raft`] wrote; an empty one leaves the joint configuration.
///
/// # Panics
/// When a committed entry is something else: going on would make this member differ from others.
pub(super) fn change_from_raft(entry: &Entry) -> ConfChangeV2 {
    assert!(
        entry.get_entry_type() == EntryType::EntryConfChangeV2,
        "entry {} changes the configuration in a form that is never written",
        entry.index
    );
    ConfChangeV2::parse_from_carllerche_bytes(&entry.data)
        .unwrap_or_else(|error| panic!("entry {} is no change: {error}", entry.index))
}

pub(super) fn conf_to_raft(conf: &Conf) -> ConfState {
    ConfState {
        voters: conf.voters.clone(),
        learners: conf.learners.clone(),
        voters_outgoing: conf.voters_outgoing.clone(),
        learners_next: conf.learners_next.clone(),
        auto_leave: conf.auto_leave,
        ..Default::default()
    }
}

pub(super) fn conf_from_raft(state: &ConfState) -> Conf {
    let sorted = |ids: &[u64]| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids
    };
    Conf {
        voters: sorted(&state.voters),
        learners: sorted(&state.learners),
        voters_outgoing: sorted(&state.voters_outgoing),
        learners_next: sorted(&state.learners_next),
        auto_leave: state.auto_leave,
    }
}

pub(super) fn message_to_bytes(message: &Message) -> Bytes {
    let bytes = message
        .write_to_bytes()
        .expect("a message without required fields encodes");
    bytes.into()
}

pub(super) fn message_from_bytes(bytes: &Bytes) -> Option<Message> {
    Message::parse_from_carllerche_bytes(bytes)
        .inspect_err(|error| tracing::warn!(%error, "dropped a message that is none of raft's"))
        .ok()
}

/// The leader's message, about the state that has really been received.
pub(super) fn snapshot_message(received: &Received) -> Option<Message> {
    let mut message = message_from_bytes(&received.message)?;
    let metadata = message.mut_snapshot().mut_metadata();
    metadata.index = received.index;
    metadata.term = received.term;
    metadata.set_conf_state(conf_to_raft(&received.conf));
    Some(message)
}
