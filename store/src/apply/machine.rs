//! The state machine without its thread: carries out batches of entries, and keeps account of
//! what has to happen besides. Whoever runs it performs the effects: a thread ([`super::worker`]),
//! or a simulation.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use prost::Message;

use super::{Effect, Effects, Error, META_KEY, Meta, Outcome, Place, Shared, State, Tally, apply};
use crate::auth::Notice;
use crate::cluster::Conf;
use crate::command::Command;
use crate::raft::{Committed, Kind};
use crate::wal::SnapshotMark;
use crate::{mvcc, propose, read};

/// Bytes of the log after which a checkpoint is taken. What it costs is paid once for as many
/// bytes, revisions that die meanwhile never reach it, and a restart replays about as much.
const CHECKPOINT_LOG_BYTES: usize = 64 * 1024 * 1024;
/// Bytes that an entry takes in the log besides its data, about.
const LOG_OVERHEAD: usize = 32;
/// Keys looked at in one slice of a physical compaction.
const COMPACT_SLICE_KEYS: usize = 1_000;

/// See the module.
pub struct Machine {
    /// The state; this alone writes it.
    pub state: Shared,
    waiting_reads: BTreeMap<u64, Vec<read::Waiter>>,
    /// A checkpoint is under way.
    is_checkpointing: bool,
    /// The last checkpoint failed.
    has_failed: bool,
    /// Whether history is being removed.
    is_compacting: bool,
    /// Compactions, with the one before each, of which the hash is not begun.
    hashes_wanted: VecDeque<(i64, i64)>,
    /// The next of them has to wait for a checkpoint or a backup; or all that is left of a
    /// compaction is to wait for its hash.
    is_hash_waiting: bool,
    /// Hashes under way.
    hashes_running: usize,
    /// The last entry that the log held at the start: up to it, the past is carried out again.
    replay_end: u64,
    /// Bytes of the log applied since the last checkpoint began.
    bytes_since_checkpoint: usize,
    /// Entries of the log applied since then.
    entries_since_checkpoint: u64,
    /// Entries of the log after which a checkpoint is taken, if not only its bytes decide.
    checkpoint_entries: Option<u64>,
}

/// What came of a batch.
pub struct Applied {
    /// Index and term of the last entry.
    pub last: (u64, u64),
    /// What has to happen, in order.
    pub effects: Effects,
    /// Decisions on changes of the configuration, for raft, before it learns of `last`.
    pub changed: Vec<(u64, Option<Conf>)>,
    /// Who has to be told what, after the effects.
    pub answers: Vec<(propose::Waiter, Outcome)>,
    /// Bytes of the data now.
    pub live_bytes: u64,
    /// The revision of users and roles now.
    pub auth_revision: u64,
    /// What was done.
    pub tally: Tally,
}

/// One slice of the removal of compacted history.
#[derive(Debug, PartialEq, Eq)]
pub enum Compaction {
    /// Nothing is to be removed, or not now.
    Idle,
    /// More is left.
    More,
    /// That was the last slice.
    Done,
}

impl Machine {
    /// A machine at `state`. The log holds entries up to `replay_end`, which are carried out again;
    /// `checkpoint_entries` is `--snapshot-count`, if it was set.
    pub fn new(state: Shared, replay_end: u64, checkpoint_entries: Option<u64>) -> Self {
        Self {
            state,
            waiting_reads: BTreeMap::new(),
            is_checkpointing: false,
            has_failed: false,
            // What the last compaction left undone is found again.
            is_compacting: true,
            hashes_wanted: VecDeque::new(),
            is_hash_waiting: false,
            hashes_running: 0,
            replay_end,
            bytes_since_checkpoint: 0,
            entries_since_checkpoint: 0,
            checkpoint_entries,
        }
    }

    /// Carries out entries, which must follow the applied one, under one hold of the state's lock.
    pub fn apply(&mut self, batch: Vec<Committed>) -> Applied {
        let mut effects = Effects::new();
        let mut changed = Vec::new();
        let mut answers = Vec::with_capacity(batch.len());
        let mut tally = Tally::default();
        let mut state = self.state.write();
        for entry in batch {
            self.entries_since_checkpoint += 1;
            self.bytes_since_checkpoint += entry.data.len() + LOG_OVERHEAD;
            let before = effects.len();
            let outcome = carry_out(&mut state, &entry, &mut effects);
            if let Some(outcome) = &outcome {
                tally.note(&entry.data, outcome, &effects[before..]);
            }
            if entry.index <= self.replay_end {
                // Whether a token would have run out meanwhile, nobody knows.
                effects.pop_if(|last| matches!(last, Effect::Auth(Notice::Assigned { .. })));
            }
            if entry.kind != Kind::Command {
                let accepted = !matches!(outcome, Some(Err(_)));
                changed.push((entry.index, accepted.then(|| state.conf.clone())));
            }
            answers.extend(entry.waiter.zip(outcome));
        }
        let live_bytes = state.store.live_bytes();
        let auth_revision = state.auth.revision();
        let last = state.applied;
        drop(state);
        for effect in &effects {
            if let Effect::Compacted { previous, revision } = *effect {
                self.compacted(last.0, previous, revision);
            }
        }
        Applied {
            last,
            effects,
            changed,
            answers,
            live_bytes,
            auth_revision,
            tally,
        }
    }

    fn compacted(&mut self, index: u64, previous: i64, revision: i64) {
        // etcd's hashes do not outlive a restart either.
        if index >= self.replay_end {
            self.hashes_wanted.push_back((previous, revision));
        }
        self.is_compacting = true;
    }

    /// Lets somebody wait until `index` is carried out; see [`Machine::readable`].
    pub fn read(&mut self, index: u64, waiters: Vec<read::Waiter>) {
        self.waiting_reads.entry(index).or_default().extend(waiters);
    }

    /// Those who need not wait any more.
    pub fn readable(&mut self, applied: u64) -> Vec<read::Waiter> {
        if self.waiting_reads.is_empty() {
            return Vec::new();
        }
        let later = self.waiting_reads.split_off(&(applied + 1));
        let now = std::mem::replace(&mut self.waiting_reads, later);
        now.into_values().flatten().collect()
    }

    /// Whether history is being removed.
    pub fn is_compacting(&self) -> bool {
        self.is_compacting
    }

    /// Whether the removal waits for a checkpoint, a backup or a hash.
    pub fn is_hash_waiting(&self) -> bool {
        self.is_hash_waiting
    }

    /// Removes one slice of compacted history. The hash of what is removed has to be begun before:
    /// see [`Machine::begin_hash`]. The last slice waits until it is known, since whoever waits for
    /// the end of a compaction may ask for its hash next.
    pub fn compact(&mut self) -> Compaction {
        if !self.is_compacting || !self.hashes_wanted.is_empty() {
            return Compaction::Idle;
        }
        let done = self.state.write().store.compact_step(COMPACT_SLICE_KEYS);
        self.is_hash_waiting = done && self.hashes_running > 0;
        if self.is_hash_waiting {
            return Compaction::Idle;
        }
        self.is_compacting = !done;
        match done {
            true => Compaction::Done,
            false => Compaction::More,
        }
    }

    /// Begins the next hash that a compaction needs before it removes anything; nothing if none is
    /// needed, or while it has to wait for a checkpoint or a backup.
    pub fn begin_hash(&mut self) -> Option<mvcc::HashJob> {
        let (previous, revision) = self.hashes_wanted.front().copied()?;
        let job = self
            .state
            .write()
            .store
            .begin_compaction_hash(previous, revision);
        self.is_hash_waiting = job.is_none();
        if job.is_some() {
            self.hashes_wanted.pop_front();
            self.hashes_running += 1;
        }
        job
    }

    /// A hash that was begun is known, or cannot be.
    pub fn hashed(&mut self, hash: Option<mvcc::HashKv>) {
        self.hashes_running -= 1;
        if let Some(hash) = hash {
            self.state.write().store.remember_hash(hash);
        }
    }

    /// Begins a checkpoint if enough of the log has been applied since the last one. While a backup
    /// is written none begins: the backup reads what the last checkpoint left.
    pub fn begin_checkpoint(&mut self) -> Option<(mvcc::CheckpointJob, SnapshotMark)> {
        let enough = self.checkpoint_entries;
        let is_due = self.bytes_since_checkpoint >= CHECKPOINT_LOG_BYTES
            || enough.is_some_and(|enough| self.entries_since_checkpoint >= enough);
        if is_due { self.checkpoint() } else { None }
    }

    /// Begins a checkpoint if the last one failed, however little has been applied since.
    pub fn retry_checkpoint(&mut self) -> Option<(mvcc::CheckpointJob, SnapshotMark)> {
        if self.has_failed {
            self.checkpoint()
        } else {
            None
        }
    }

    fn checkpoint(&mut self) -> Option<(mvcc::CheckpointJob, SnapshotMark)> {
        if self.is_checkpointing {
            return None;
        }
        let mut state = self.state.write();
        if state.store.is_exporting() {
            return None;
        }
        let meta = Meta::of(&state);
        let mark = SnapshotMark {
            index: meta.applied_index,
            term: meta.applied_term,
            conf: Bytes::new(),
        };
        let extra = vec![(META_KEY.into(), Some(meta.encode_to_vec().into()))];
        let job = state.store.begin_checkpoint(extra);
        self.is_checkpointing = true;
        self.bytes_since_checkpoint = 0;
        self.entries_since_checkpoint = 0;
        Some((job, mark))
    }

    /// A checkpoint ended. Whether it counts: one that failed, or of a state that a received
    /// snapshot has replaced meanwhile, does not.
    pub fn checkpointed(&mut self, result: Result<mvcc::CheckpointDone, mvcc::Error>) -> bool {
        if !std::mem::take(&mut self.is_checkpointing) {
            return false;
        }
        self.has_failed = result.is_err();
        match result {
            Ok(done) => {
                self.state.write().store.finish_checkpoint(done);
                true
            }
            // The log still holds what the checkpoint would have.
            Err(error) => {
                tracing::warn!(%error, "failed to save a snapshot");
                false
            }
        }
    }

    /// The checkpoint that was begun cannot be carried out.
    pub fn give_up_checkpoint(&mut self) {
        self.is_checkpointing = false;
        self.has_failed = true;
    }

    /// Whether the last checkpoint failed; see [`Machine::retry_checkpoint`].
    pub fn checkpoint_has_failed(&self) -> bool {
        self.has_failed
    }

    /// A received state takes the place of this one, which is returned.
    pub fn install(&mut self, state: State) -> State {
        let mut present = self.state.write();
        assert!(
            state.applied.0 >= present.applied.0,
            "a snapshot at {} would take the state back from {}",
            state.applied.0,
            present.applied.0
        );
        self.is_checkpointing = false;
        self.has_failed = false;
        self.is_compacting = true;
        self.hashes_wanted.clear();
        self.is_hash_waiting = false;
        self.bytes_since_checkpoint = 0;
        self.entries_since_checkpoint = 0;
        std::mem::replace(&mut *present, state)
    }
}

/// Carries out one entry; `None` for the empty one that a new leader begins with.
///
/// # Panics
/// When a committed command cannot be read, or what it needs cannot be read from the disk: going on
/// would make this member differ from others.
pub fn carry_out(state: &mut State, entry: &Committed, effects: &mut Effects) -> Option<Outcome> {
    assert!(
        entry.index == state.applied.0 + 1,
        "entry {} does not follow the applied index {}",
        entry.index,
        state.applied.0
    );
    state.applied = (entry.index, entry.term);
    if entry.kind == Kind::Leave {
        super::leave_joint(state)
            .unwrap_or_else(|error| panic!("log entry {}: {error}", entry.index));
        return None;
    }
    if entry.data.is_empty() {
        return None;
    }
    let (_, caller, command) = Command::decode_by(&entry.data)
        .unwrap_or_else(|error| panic!("log entry {}: {error}", entry.index));
    let place = Place {
        index: entry.index,
        term: entry.term,
        entry: &entry.data,
        position: entry.position,
        caller: &caller,
    };
    let outcome = apply(state, place, command, effects);
    if let Err(Error::Mvcc(error)) = &outcome
        && error.is_damage()
    {
        panic!("log entry {} cannot be carried out: {error}", entry.index);
    }
    Some(outcome)
}

#[cfg(test)]
mod tests;
