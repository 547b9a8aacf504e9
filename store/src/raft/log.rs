//! The part of the log that raft looks at: the newest entries in memory, in raft's own form.
//!
//! The durable log is the WAL's. This is a window of it, bounded in entries and bytes, from
//! which raft answers its own questions and (with more members) sends to followers. Entries
//! leave the window from its front once they are applied.

use std::collections::VecDeque;

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};

/// Applied entries kept in the window at most, for followers that lag a little. Beyond it the
/// front is dropped. etcd keeps as many (`--snapshot-catchup-entries`).
const WINDOW_ENTRIES_MAX: usize = 5_000;
/// Bytes of applied entries kept in the window at most.
const WINDOW_BYTES_MAX: usize = 1024 * 1024;

/// Where raft starts from: what the WAL and the checkpoint said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boot {
    /// The newest term known.
    pub term: u64,
    /// For whom this member voted in that term; 0 for nobody.
    pub vote: u64,
    /// The last index known to be committed.
    pub commit: u64,
    /// The last index that has been applied, and its term.
    pub applied: (u64, u64),
    /// Ids of the voting members as of `applied`.
    pub voters: Vec<u64>,
    /// Entries after `applied`, in order, and where the WAL keeps them.
    pub tail: Vec<(crate::wal::Entry, crate::wal::Position)>,
}

/// The window.
pub(super) struct Log {
    hard_state: HardState,
    conf_state: ConfState,
    /// Index and term just before the first entry in the window.
    before: (u64, u64),
    entries: VecDeque<Entry>,
    bytes: usize,
}

impl Log {
    pub(super) fn new(boot: &Boot) -> Self {
        let mut log = Self {
            hard_state: HardState {
                term: boot.term,
                vote: boot.vote,
                commit: boot.commit.max(boot.applied.0),
                ..Default::default()
            },
            conf_state: ConfState {
                voters: boot.voters.clone(),
                ..Default::default()
            },
            before: boot.applied,
            entries: VecDeque::new(),
            bytes: 0,
        };
        let tail: Vec<Entry> = boot
            .tail
            .iter()
            .map(|(entry, _)| super::convert::to_raft(entry))
            .collect();
        log.append(&tail);
        log
    }

    /// Index of the newest entry.
    pub(super) fn last(&self) -> u64 {
        self.before.0 + self.entries.len() as u64
    }

    /// Adds entries; such as stand there already with the same index, and all after them, are
    /// replaced (raft resolves conflicts so).
    ///
    /// # Panics
    /// When the entries would leave a gap, or replace an applied entry that left the window.
    pub(super) fn append(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        assert!(
            first.index > self.before.0 && first.index <= self.last() + 1,
            "entry {} does not continue a log of {}..={}",
            first.index,
            self.before.0 + 1,
            self.last()
        );
        let keep = (first.index - self.before.0 - 1) as usize;
        for dropped in self.entries.drain(keep..) {
            self.bytes -= dropped.data.len();
        }
        for entry in entries {
            self.bytes += entry.data.len();
            self.entries.push_back(entry.clone());
        }
    }

    pub(super) fn set_hard_state(&mut self, hard_state: HardState) {
        self.hard_state = hard_state;
    }

    pub(super) fn conf_state(&self) -> &ConfState {
        &self.conf_state
    }

    /// Drops applied entries from the front while the window is over its bounds.
    pub(super) fn trim(&mut self, applied: u64) {
        while self.entries.len() > WINDOW_ENTRIES_MAX || self.bytes > WINDOW_BYTES_MAX {
            match self.entries.front() {
                Some(front) if front.index < applied => {
                    self.before = (front.index, front.term);
                    self.bytes -= front.data.len();
                    self.entries.pop_front();
                }
                _ => return,
            }
        }
    }

    fn position(&self, index: u64) -> Result<usize, StorageError> {
        if index <= self.before.0 {
            Err(StorageError::Compacted)
        } else if index > self.last() {
            Err(StorageError::Unavailable)
        } else {
            Ok((index - self.before.0 - 1) as usize)
        }
    }
}

impl Storage for Log {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState {
            hard_state: self.hard_state.clone(),
            conf_state: self.conf_state.clone(),
        })
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        if low >= high {
            return Ok(Vec::new());
        }
        let from = self.position(low).map_err(Error::Store)?;
        let to = self.position(high - 1).map_err(Error::Store)? + 1;
        let mut entries: Vec<Entry> = self.entries.range(from..to).cloned().collect();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index == self.before.0 {
            return Ok(self.before.1);
        }
        let at = self.position(index).map_err(Error::Store)?;
        Ok(self.entries[at].term)
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.before.0 + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    fn snapshot(&self, _request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        // Only a leader with followers asks, and clusters of several members are not offered yet.
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}
