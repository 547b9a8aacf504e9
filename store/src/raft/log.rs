//! The part of the log that raft looks at: the newest entries in memory, in raft's own form, and
//! where the WAL keeps some that came before.
//!
//! ```text
//!            before        first in memory            last
//!              | references  |  entries                |
//!  ... gone ...|-------------|-------------------------|
//!              for members that lag, read from the WAL
//! ```
//!
//! The durable log is the WAL's. Entries leave the memory from its front once they are applied,
//! and are forgotten once there are enough behind the applied one for members that lag.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};

use super::convert;
use crate::cluster::Conf;
use crate::wal::{self, Position};

/// Applied entries kept in memory at most, for members that lag a little.
const MEMORY_ENTRIES_MAX: usize = 5_000;
/// Bytes of applied entries kept in memory at most, in a cluster of one.
const MEMORY_BYTES_ALONE: usize = 1024 * 1024;
/// Bytes of applied entries kept in memory at most, where members follow.
const MEMORY_BYTES_FOLLOWED: usize = 4 * 1024 * 1024;
/// Entries that can be had at most while a member that lives is being brought up to date.
const HELD_ENTRIES_MAX: usize = 100_000;
/// Bytes of entries referred to at most: they keep segments of the WAL from being removed.
const REFERRED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads the data of entries back from where the WAL keeps them.
pub trait EntrySource: Send + Sync {
    /// The data of the entry at `position`.
    ///
    /// # Errors
    /// The WAL cannot be read, or does not hold it any more.
    fn read(&self, position: Position) -> Result<Bytes, wal::Error>;
}

impl EntrySource for wal::Reader {
    fn read(&self, position: Position) -> Result<Bytes, wal::Error> {
        wal::Reader::read(self, position)
    }
}

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
    /// The configuration as of `applied`.
    pub conf: Conf,
    /// Entries after `applied`, in order, and where the WAL keeps them.
    pub tail: Vec<(wal::Entry, Position)>,
}

/// An entry that is not in memory any more.
#[derive(Clone, Copy, Debug)]
struct Reference {
    term: u64,
    kind: u8,
    position: Position,
}

/// The window.
pub(super) struct Log {
    hard_state: HardState,
    conf_state: ConfState,
    /// Index and term just before the first entry that can be had.
    before: (u64, u64),
    references: VecDeque<Reference>,
    referred_bytes: u64,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Where the WAL keeps the entries in memory, as far as it has said so: those of the first
    /// ones, without gaps.
    positions: VecDeque<Position>,
    /// Index and term of the last entry that the state machine has carried out.
    applied: (u64, u64),
    /// How many entries behind the applied one can be had.
    catchup_entries: usize,
    source: Option<Arc<dyn EntrySource>>,
}

impl Log {
    pub(super) fn new(
        boot: &Boot,
        catchup_entries: usize,
        source: Option<Arc<dyn EntrySource>>,
    ) -> Self {
        let mut log = Self {
            hard_state: HardState {
                term: boot.term,
                vote: boot.vote,
                commit: boot.commit.max(boot.applied.0),
                ..Default::default()
            },
            conf_state: convert::conf_to_raft(&boot.conf),
            before: boot.applied,
            references: VecDeque::new(),
            referred_bytes: 0,
            entries: VecDeque::new(),
            bytes: 0,
            positions: VecDeque::new(),
            applied: boot.applied,
            catchup_entries,
            source,
        };
        let tail: Vec<Entry> = boot
            .tail
            .iter()
            .map(|(entry, _)| convert::to_raft(entry))
            .collect();
        log.append(&tail);
        log.positions = boot.tail.iter().map(|(_, position)| *position).collect();
        log
    }

    /// Index of the first entry in memory; one past the last if there is none.
    fn first_in_memory(&self) -> u64 {
        self.before.0 + 1 + self.references.len() as u64
    }

    /// Index of the newest entry.
    pub(super) fn last(&self) -> u64 {
        self.first_in_memory() - 1 + self.entries.len() as u64
    }

    /// Index of the first entry that can be had.
    pub(super) fn first(&self) -> u64 {
        self.before.0 + 1
    }

    /// Adds entries; such as stand there already with the same index, and all after them, are
    /// replaced (raft resolves conflicts so).
    ///
    /// # Panics
    /// When the entries would leave a gap, or replace an applied entry that left the memory.
    pub(super) fn append(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        assert!(
            first.index >= self.first_in_memory() && first.index <= self.last() + 1,
            "entry {} does not continue a log of {}..={}",
            first.index,
            self.first_in_memory(),
            self.last()
        );
        let keep = (first.index - self.first_in_memory()) as usize;
        for dropped in self.entries.drain(keep..) {
            self.bytes -= dropped.data.len();
        }
        self.positions.truncate(keep);
        for entry in entries {
            self.bytes += entry.data.len();
            self.entries.push_back(entry.clone());
        }
    }

    /// The WAL tells where it keeps entries. What was replaced since is passed over.
    pub(super) fn written(&mut self, positions: &[(u64, Position)]) {
        for (index, position) in positions {
            let next = self.first_in_memory() + self.positions.len() as u64;
            if *index == next && *index <= self.last() {
                self.positions.push_back(*position);
            } else if *index < next && *index >= self.first_in_memory() {
                // Written again after it was replaced.
                let at = (*index - self.first_in_memory()) as usize;
                self.positions.truncate(at);
                self.positions.push_back(*position);
            }
        }
    }

    /// Where the WAL keeps this entry, if that is known.
    pub(super) fn position_of(&self, index: u64) -> Option<Position> {
        let at = index.checked_sub(self.first_in_memory())?;
        self.positions.get(at as usize).copied()
    }

    /// A received snapshot takes the place of everything.
    pub(super) fn install(&mut self, index: u64, term: u64, conf: ConfState) {
        self.before = (index, term);
        self.references.clear();
        self.referred_bytes = 0;
        self.entries.clear();
        self.positions.clear();
        self.bytes = 0;
        self.conf_state = conf;
    }

    pub(super) fn set_hard_state(&mut self, hard_state: HardState) {
        self.hard_state = hard_state;
    }

    pub(super) fn set_conf_state(&mut self, conf: ConfState) {
        self.conf_state = conf;
    }

    /// How many entries behind the applied one can be had for sure.
    pub(super) fn catchup_entries(&self) -> u64 {
        self.catchup_entries as u64
    }

    /// The state machine is at `index`: what is not needed in memory any more leaves it. While a
    /// member is being brought up to date, more is kept (`is_held`): what it is to be sent next must
    /// not go while it still takes in what came before.
    pub(super) fn trim(&mut self, index: u64, is_held: bool) {
        if let Ok(term) = self.term(index) {
            self.applied = (index, term);
        }
        let alone = self.conf_state.voters.len() == 1 && self.conf_state.learners.is_empty();
        let bytes_max = match alone {
            true => MEMORY_BYTES_ALONE,
            false => MEMORY_BYTES_FOLLOWED,
        };
        // Nobody gets what is older than that, wherever it is.
        let memory_max = self.catchup_entries.min(MEMORY_ENTRIES_MAX);
        while self.entries.len() > memory_max || self.bytes > bytes_max {
            let Some((front, position)) = self.entries.front().zip(self.positions.front()) else {
                break;
            };
            if front.index >= index {
                break;
            }
            self.references.push_back(Reference {
                term: front.term,
                kind: convert::kind(front),
                position: *position,
            });
            self.referred_bytes += front.data.len() as u64;
            self.bytes -= front.data.len();
            self.entries.pop_front();
            self.positions.pop_front();
        }
        let entries_max = match is_held {
            true => self.catchup_entries.max(HELD_ENTRIES_MAX),
            false => self.catchup_entries,
        };
        let enough = |log: &Self| {
            let behind = index.saturating_sub(log.before.0) as usize;
            behind <= entries_max && log.referred_bytes <= REFERRED_BYTES_MAX
        };
        while !enough(self) {
            let Some(reference) = self.references.pop_front() else {
                break;
            };
            self.referred_bytes -= u64::from(reference.position.len);
            self.before = (self.before.0 + 1, reference.term);
        }
    }

    /// An entry that may have left the memory.
    fn load(&self, index: u64) -> Result<Entry, StorageError> {
        if index <= self.before.0 {
            return Err(StorageError::Compacted);
        }
        if let Some(at) = index.checked_sub(self.first_in_memory()) {
            let entry = self.entries.get(at as usize);
            return entry.cloned().ok_or(StorageError::Unavailable);
        }
        let reference = self.references[(index - self.before.0 - 1) as usize];
        let data = match &self.source {
            None => return Err(StorageError::Compacted),
            Some(source) => source.read(reference.position),
        };
        match data {
            Ok(data) => Ok(convert::to_raft(&wal::Entry {
                index,
                term: reference.term,
                kind: reference.kind,
                data,
            })),
            Err(error) => {
                tracing::warn!(%error, index, "an old entry cannot be read back for a member that lags");
                Err(StorageError::Compacted)
            }
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
        let max_size = max_size.into().unwrap_or(u64::MAX);
        let mut entries = Vec::new();
        let mut bytes = 0;
        for index in low..high {
            let entry = self.load(index).map_err(Error::Store)?;
            bytes += entry.data.len() as u64;
            // At least one, or raft would not get on.
            if !entries.is_empty() && bytes > max_size {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index == self.before.0 {
            return Ok(self.before.1);
        }
        if index < self.before.0 {
            return Err(Error::Store(StorageError::Compacted));
        }
        if let Some(at) = index.checked_sub(self.first_in_memory()) {
            let entry = self.entries.get(at as usize);
            return entry
                .map(|entry| entry.term)
                .ok_or(Error::Store(StorageError::Unavailable));
        }
        Ok(self.references[(index - self.before.0 - 1) as usize].term)
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.first())
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.last())
    }

    /// Only says that there is a snapshot: what is sent is the state as it is when the transfer
    /// begins, which is this one or a newer one.
    fn snapshot(&self, request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        if self.applied.0 == 0 || self.applied.0 < request_index {
            return Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable));
        }
        let mut snapshot = Snapshot::default();
        let metadata = snapshot.mut_metadata();
        metadata.index = self.applied.0;
        metadata.term = self.applied.1;
        metadata.set_conf_state(self.conf_state.clone());
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests;
