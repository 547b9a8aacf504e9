//! The thread that carries out committed commands, batch by batch: change the state, tell the
//! watchers, then answer who waits. It also starts checkpoints and clears away compacted history
//! when there is nothing else to do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message;

use super::{Effect, Effects, META_KEY, Meta, Outcome, Place, Shared, State, apply};
use crate::alarm::Space;
use crate::command::Command;
use crate::metrics::Metrics;
use crate::raft::{Committed, Handle};
use crate::wal::SnapshotMark;
use crate::{lease, mvcc, propose, read, watch};

/// How long the thread waits for work before it looks after itself.
const IDLE: Duration = Duration::from_millis(500);
/// Bytes of the log after which a checkpoint is taken. What it costs is paid once for as many
/// bytes, revisions that die meanwhile never reach it, and a restart replays about as much.
const CHECKPOINT_LOG_BYTES: usize = 64 * 1024 * 1024;
/// Bytes that an entry takes in the log besides its data, about.
const LOG_OVERHEAD: usize = 32;
/// Keys looked at in one slice of a physical compaction.
const COMPACT_SLICE_KEYS: usize = 1_000;
/// How often a slice is taken while there is other work.
const SLICE_INTERVAL: Duration = Duration::from_millis(10);
/// Commands carried out under one hold of the state's lock at most, so that readers get in.
const COMMANDS_PER_HOLD_MAX: usize = 512;

/// What the thread is told.
pub enum Task {
    /// Carry these out.
    Apply(Vec<Committed>),
    /// Tell them once this index has been carried out.
    Read {
        /// The index.
        index: u64,
        /// Who waits.
        waiters: Vec<read::Waiter>,
    },
    /// The hash of a compaction is known.
    Hashed(mvcc::HashKv),
    /// A checkpoint ended.
    Checkpointed(Result<mvcc::CheckpointDone, mvcc::Error>, SnapshotMark),
    /// Finish what was given, and end.
    Stop,
}

/// See the module.
pub struct Worker {
    /// The state; this thread alone writes.
    pub state: Shared,
    /// Work.
    pub tasks: Receiver<Task>,
    /// The other end of `tasks`, for the checkpoint's thread.
    pub tasks_sender: Sender<Task>,
    /// To tell raft how far this got.
    pub raft: Handle,
    /// Who is told of changes.
    pub hub: Arc<watch::Hub>,
    /// Where leases get their deadlines.
    pub leases: Arc<lease::Keeper>,
    /// Who is told how many bytes the data has.
    pub space: Arc<Space>,
    /// The last entry that the log held at the start: up to it, the past is carried out again.
    pub replay_end: u64,
    /// Whether history is being removed.
    pub compacting: tokio::sync::watch::Sender<bool>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Entries of the log after which a checkpoint is taken, if not only its bytes decide.
    pub checkpoint_entries: Option<u64>,
}

struct Run {
    worker: Worker,
    waiting_reads: BTreeMap<u64, Vec<read::Waiter>>,
    checkpoint: Option<JoinHandle<()>>,
    last_slice: Instant,
    /// Compactions, with the one before each, of which the hash is not begun.
    hashes_wanted: VecDeque<(i64, i64)>,
    /// The next of them has to wait for a checkpoint or a backup.
    is_hash_waiting: bool,
    /// Bytes of the log applied since the last checkpoint began.
    bytes_since_checkpoint: usize,
    /// Entries of the log applied since then.
    entries_since_checkpoint: u64,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(self) -> std::io::Result<JoinHandle<()>> {
        let run = Run {
            worker: self,
            waiting_reads: BTreeMap::new(),
            checkpoint: None,
            last_slice: Instant::now(),
            hashes_wanted: VecDeque::new(),
            is_hash_waiting: false,
            bytes_since_checkpoint: 0,
            entries_since_checkpoint: 0,
        };
        std::thread::Builder::new()
            .name("apply".into())
            .spawn(move || run.run())
    }
}

impl Run {
    fn run(mut self) {
        loop {
            let wait = match (self.is_compacting(), self.is_hash_waiting) {
                (true, false) => Duration::ZERO,
                (true, true) => SLICE_INTERVAL,
                (false, _) => IDLE,
            };
            match self.worker.tasks.recv_timeout(wait) {
                Ok(Task::Apply(entries)) => self.apply(entries),
                Ok(Task::Read { index, waiters }) => {
                    self.waiting_reads.entry(index).or_default().extend(waiters);
                    self.answer_reads();
                }
                Ok(Task::Hashed(hash)) => self.worker.state.write().store.remember_hash(hash),
                Ok(Task::Checkpointed(result, mark)) => self.checkpointed(result, mark),
                Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.compact(),
            }
            if self.last_slice.elapsed() > SLICE_INTERVAL {
                self.compact();
            }
        }
        // A checkpoint under way is left alone: the log still holds everything, and a stop must not
        // take as long as that may.
    }

    fn apply(&mut self, entries: Vec<Committed>) {
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let batch: Vec<Committed> = entries.by_ref().take(COMMANDS_PER_HOLD_MAX).collect();
            self.apply_batch(batch);
        }
        self.answer_reads();
        self.start_checkpoint();
    }

    fn apply_batch(&mut self, batch: Vec<Committed>) {
        let mut effects = Effects::new();
        let mut answers: Vec<(propose::Waiter, Outcome)> = Vec::with_capacity(batch.len());
        let (index, term) = {
            let mut state = self.worker.state.write();
            for entry in batch {
                self.entries_since_checkpoint += 1;
                self.bytes_since_checkpoint += entry.data.len() + LOG_OVERHEAD;
                let outcome = carry_out(&mut state, &entry, &mut effects);
                if let Some((waiter, outcome)) = entry.waiter.zip(outcome) {
                    answers.push((waiter, outcome));
                }
            }
            self.worker.space.set_live(state.store.live_bytes());
            state.applied
        };
        self.perform(effects);
        let worker = &self.worker;
        worker.raft.link().set_applied(index, term);
        worker.raft.applied(index);
        worker.metrics.server.proposals_applied.set(index as i64);
        worker.metrics.server.proposals_committed.set(index as i64);
        for (waiter, outcome) in answers {
            // Who no longer waits needs no answer.
            let _ = waiter.send(Ok(outcome));
        }
    }

    fn perform(&mut self, effects: Effects) {
        let mut events = Vec::new();
        for effect in effects {
            match effect {
                Effect::Events(revision, batch) => events.push((revision, batch)),
                Effect::LeaseGranted(id, ttl) => self.worker.leases.granted(id, ttl),
                Effect::LeaseGone(id) => self.worker.leases.gone(id),
                Effect::Compacted { previous, revision } => {
                    // etcd's do not outlive a restart either.
                    if self.worker.raft.link().applied_index() >= self.worker.replay_end {
                        self.hashes_wanted.push_back((previous, revision));
                    }
                    self.worker.compacting.send_replace(true);
                }
            }
        }
        if !events.is_empty() {
            self.worker.hub.publish(events);
        }
    }

    fn answer_reads(&mut self) {
        if self.waiting_reads.is_empty() {
            return;
        }
        let applied = self.worker.raft.link().applied_index();
        let later = self.waiting_reads.split_off(&(applied + 1));
        for waiter in std::mem::replace(&mut self.waiting_reads, later)
            .into_values()
            .flatten()
        {
            let _ = waiter.send(Ok(()));
        }
    }

    fn is_compacting(&self) -> bool {
        *self.worker.compacting.borrow()
    }

    /// Removes one slice of compacted history.
    fn compact(&mut self) {
        if !self.is_compacting() || !self.start_hash() {
            return;
        }
        let done = {
            let mut state = self.worker.state.write();
            let done = state.store.compact_step(COMPACT_SLICE_KEYS);
            self.worker.space.set_live(state.store.live_bytes());
            done
        };
        self.last_slice = Instant::now();
        if done {
            self.worker.compacting.send_replace(false);
            tracing::info!("finished scheduled compaction");
        }
    }

    /// Starts the hash that a compaction needs before it removes anything; false when it has to
    /// wait for a checkpoint or a backup. One that cannot be computed is done without.
    fn start_hash(&mut self) -> bool {
        let Some((previous, revision)) = self.hashes_wanted.front().copied() else {
            return true;
        };
        let mut state = self.worker.state.write();
        let Some(job) = state.store.begin_compaction_hash(previous, revision) else {
            self.is_hash_waiting = true;
            return false;
        };
        drop(state);
        self.is_hash_waiting = false;
        self.hashes_wanted.pop_front();
        let tasks = self.worker.tasks_sender.clone();
        let spawned = std::thread::Builder::new()
            .name("hash".into())
            .spawn(move || match job.run() {
                // The worker is gone when the member stops.
                Ok(hash) => drop(tasks.send(Task::Hashed(hash))),
                Err(error) => tracing::warn!(%error, "failed to hash what was compacted"),
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "cannot start to hash what was compacted");
        }
        self.hashes_wanted.is_empty()
    }

    fn checkpoint_is_due(&self) -> bool {
        let entries = self.worker.checkpoint_entries;
        self.bytes_since_checkpoint >= CHECKPOINT_LOG_BYTES
            || entries.is_some_and(|enough| self.entries_since_checkpoint >= enough)
    }

    /// Starts a checkpoint when enough of the log has been applied since the last one. While a
    /// backup is written none begins: the backup reads what the last checkpoint left.
    fn start_checkpoint(&mut self) {
        if self.checkpoint.is_some() || !self.checkpoint_is_due() {
            return;
        }
        let (job, mark) = {
            let mut state = self.worker.state.write();
            if state.store.is_exporting() {
                return;
            }
            let meta = Meta::of(&state);
            let mark = SnapshotMark {
                index: meta.applied_index,
                term: meta.applied_term,
                conf: Bytes::new(),
            };
            let extra = vec![(META_KEY.into(), Some(meta.encode_to_vec().into()))];
            (state.store.begin_checkpoint(extra), mark)
        };
        self.bytes_since_checkpoint = 0;
        self.entries_since_checkpoint = 0;
        let tasks = self.worker.tasks_sender.clone();
        let metrics = self.worker.metrics.clone();
        let spawned = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || {
                let started = Instant::now();
                let result = job.run();
                metrics
                    .disk
                    .backend_commit
                    .observe(started.elapsed().as_secs_f64());
                // The worker is gone when the member stops; what is durable stays so.
                let _ = tasks.send(Task::Checkpointed(result, mark));
            });
        match spawned {
            Ok(thread) => self.checkpoint = Some(thread),
            Err(error) => tracing::error!(%error, "cannot start a checkpoint"),
        }
    }

    fn checkpointed(
        &mut self,
        result: Result<mvcc::CheckpointDone, mvcc::Error>,
        mark: SnapshotMark,
    ) {
        self.checkpoint = None;
        match result {
            Ok(done) => {
                self.worker.state.write().store.finish_checkpoint(done);
                tracing::info!(index = mark.index, "saved snapshot");
                self.worker.raft.cut(mark);
            }
            // The log still holds what the checkpoint would have; the next one tries again.
            Err(error) => tracing::warn!(%error, "failed to save a snapshot"),
        }
    }
}

/// Carries out one entry; `None` for the empty one that a new leader begins with.
///
/// # Panics
/// When a committed command cannot be read: going on would make this member differ from others.
pub fn carry_out(state: &mut State, entry: &Committed, effects: &mut Effects) -> Option<Outcome> {
    assert!(
        entry.index == state.applied.0 + 1,
        "entry {} does not follow the applied index {}",
        entry.index,
        state.applied.0
    );
    state.applied = (entry.index, entry.term);
    if entry.data.is_empty() {
        return None;
    }
    let (_, command) = Command::decode(&entry.data)
        .unwrap_or_else(|error| panic!("log entry {}: {error}", entry.index));
    let place = Place {
        term: entry.term,
        entry: &entry.data,
        position: entry.position,
    };
    Some(apply(state, place, command, effects))
}
