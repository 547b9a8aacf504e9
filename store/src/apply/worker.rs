//! The thread that runs the state machine: changes the state batch by batch, tells the watchers,
//! then answers who waits. It also starts checkpoints, clears away compacted history when there is
//! nothing else to do, and puts a received snapshot in the state's place.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::account::Account;
use super::machine::{Compaction, Machine};
use super::retry::Retry;
use super::{Effect, Effects, State};
use crate::alarm::Space;
use crate::answers::Answers;
use crate::archive::{self, Archive};
use crate::clock;
use crate::cluster::Members;
use crate::metrics::Metrics;
use crate::raft::{Committed, Handle, Received};
use crate::wal::SnapshotMark;
use crate::{auth, lease, mvcc, read, watch};

/// How long the thread waits for work before it looks after itself.
const IDLE: Duration = Duration::from_millis(500);
/// How often a slice of history is removed while there is other work.
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
    /// The hash of a compaction is known, or cannot be.
    Hashed(Option<mvcc::HashKv>),
    /// A checkpoint ended.
    Checkpointed(Result<mvcc::CheckpointDone, mvcc::Error>, SnapshotMark),
    /// Put this state in the present one's place: the log names it already.
    Install(Received),
    /// This state came too late.
    Discard(Received),
    /// Finish what was given, and end.
    Stop,
}

/// Where received states lie.
pub trait Snapshots: Send {
    /// The state that was received.
    ///
    /// # Errors
    /// It cannot be read.
    fn open(&self, received: &Received) -> Result<State, Box<dyn std::error::Error + Send + Sync>>;

    /// It has taken the place of the state before, whose checkpoint is not needed any more.
    fn installed(&self, received: &Received);

    /// It is not needed.
    fn discard(&self, path: &Path);
}

/// See the module.
pub struct Worker {
    /// The state machine; this thread alone runs it.
    pub machine: Machine,
    /// Work.
    pub tasks: Receiver<Task>,
    /// The other end of `tasks`, for the checkpoint's thread.
    pub tasks_sender: Sender<Task>,
    /// To tell raft how far this got.
    pub raft: Handle,
    /// Where answers go.
    pub answers: Answers,
    /// Who is told of changes.
    pub hub: Arc<watch::Hub>,
    /// Where leases get their deadlines.
    pub leases: Arc<lease::Keeper>,
    /// Who is told how many bytes the data has.
    pub space: Arc<Space>,
    /// Who is told of tokens.
    pub tokens: Arc<auth::Tokens>,
    /// Who is told of the members.
    pub members: tokio::sync::watch::Sender<Members>,
    /// Whether history is being removed.
    pub compacting: tokio::sync::watch::Sender<bool>,
    /// Where received states lie.
    pub snapshots: Box<dyn Snapshots>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// `--warning-apply-duration`.
    pub warn_after: Duration,
    /// Where commands are kept besides.
    pub archive: Option<Archive>,
}

struct Run {
    worker: Worker,
    last_slice: Instant,
    /// When a checkpoint that failed is tried again.
    checkpoint_retry: Retry,
    account: Account,
    /// When the removal of history began, and how many revisions there were.
    compaction_since: Option<Instant>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(self) -> std::io::Result<JoinHandle<()>> {
        let run = Run {
            account: Account::new(self.metrics.clone(), self.warn_after),
            worker: self,
            last_slice: Instant::now(),
            checkpoint_retry: Retry::default(),
            compaction_since: None,
        };
        std::thread::Builder::new()
            .name("apply".into())
            .spawn(move || run.run())
    }
}

impl Run {
    fn run(mut self) {
        loop {
            let machine = &self.worker.machine;
            let wait = match (machine.is_compacting(), machine.is_hash_waiting()) {
                (true, false) => Duration::ZERO,
                (true, true) => SLICE_INTERVAL,
                (false, _) => IDLE,
            };
            match self.worker.tasks.recv_timeout(wait) {
                Ok(Task::Apply(entries)) => self.apply(entries),
                Ok(Task::Read { index, waiters }) => {
                    self.worker.machine.read(index, waiters);
                    self.answer_reads();
                }
                Ok(Task::Hashed(hash)) => {
                    self.worker.machine.hashed(hash);
                    self.compact();
                }
                Ok(Task::Checkpointed(result, mark)) => self.checkpointed(result, mark),
                Ok(Task::Install(received)) => self.install(&received),
                Ok(Task::Discard(received)) => self.worker.snapshots.discard(&received.path),
                Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.compact(),
            }
            if self.last_slice.elapsed() > SLICE_INTERVAL {
                self.compact();
            }
            self.start_checkpoint();
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
    }

    fn apply_batch(&mut self, batch: Vec<Committed>) {
        self.archive(&batch);
        let started = Instant::now();
        let applied = self.worker.machine.apply(batch);
        self.account.note(&applied.tally, started.elapsed());
        self.worker.space.set_live(applied.live_bytes);
        let auth_revision = &self.worker.metrics.server.auth_revision;
        auth_revision.set(i64::try_from(applied.auth_revision).unwrap_or(i64::MAX));
        self.perform(applied.effects);
        for (index, conf) in applied.changed {
            self.worker.raft.changed(index, conf);
        }
        self.applied(applied.last);
        self.worker.answers.outcomes(applied.answers);
    }

    /// Hands commands to the archive before they are carried out: what is acknowledged is on its way there.
    fn archive(&mut self, batch: &[Committed]) {
        let Some(archive) = &mut self.worker.archive else {
            return;
        };
        let now = i64::try_from(clock::unix().as_millis()).unwrap_or(i64::MAX);
        let wanted = batch.iter().filter(|entry| archive.wants(entry.index));
        let entries = wanted.map(|entry| archive::Entry::of(entry, now)).collect();
        archive.append(entries);
    }

    fn applied(&self, (index, term): (u64, u64)) {
        let worker = &self.worker;
        worker.raft.link().set_applied(index, term);
        worker.raft.applied(index);
        worker.metrics.server.proposals_applied.set(index as i64);
        worker.metrics.server.proposals_committed.set(index as i64);
    }

    fn perform(&mut self, effects: Effects) {
        let mut events = Vec::new();
        for effect in effects {
            match effect {
                Effect::Events(revision, batch) => events.push((revision, batch)),
                Effect::LeaseGranted(lease, ttl) => self.worker.leases.granted(lease, ttl),
                Effect::LeaseGone(id) => self.worker.leases.gone(id),
                Effect::Compacted { .. } => {
                    self.compaction_since.get_or_insert_with(Instant::now);
                    self.worker.compacting.send_replace(true);
                }
                Effect::Membership(_) => self.tell_members(),
                Effect::Auth(notice) => self.worker.tokens.notice(notice, Instant::now()),
            }
        }
        if !events.is_empty() {
            self.worker.hub.publish(events);
        }
    }

    fn tell_members(&self) {
        let members = self.worker.machine.state.read().members.clone();
        self.worker.members.send_replace(members);
    }

    fn answer_reads(&mut self) {
        let applied = self.worker.raft.link().applied_index();
        let waiters = self.worker.machine.readable(applied);
        self.worker.answers.reads(waiters);
    }

    /// Removes one slice of compacted history.
    fn compact(&mut self) {
        if !self.worker.machine.is_compacting() {
            return;
        }
        self.start_hash();
        let slice = Instant::now();
        let outcome = self.worker.machine.compact();
        self.account.slice(slice.elapsed());
        match outcome {
            Compaction::Idle => return,
            Compaction::More => {}
            Compaction::Done => {
                self.account.compacted(self.compaction_since.take());
                self.worker.compacting.send_replace(false);
                tracing::info!("finished scheduled compaction");
            }
        }
        let live = self.worker.machine.state.read().store.live_bytes();
        self.worker.space.set_live(live);
        self.last_slice = Instant::now();
    }

    /// A hash that cannot be computed is done without.
    fn start_hash(&mut self) {
        let Some(job) = self.worker.machine.begin_hash() else {
            return;
        };
        let tasks = self.worker.tasks_sender.clone();
        let spawned = std::thread::Builder::new()
            .name("hash".into())
            .spawn(move || {
                let hash = job.run().inspect_err(
                    |error| tracing::warn!(%error, "failed to hash what was compacted"),
                );
                // The worker is gone when the member stops.
                drop(tasks.send(Task::Hashed(hash.ok())));
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, "cannot start to hash what was compacted");
            self.worker.machine.hashed(None);
        }
    }

    fn start_checkpoint(&mut self) {
        let machine = &mut self.worker.machine;
        let again = match self.checkpoint_retry.is_due(Instant::now) {
            true => machine.retry_checkpoint(),
            false => None,
        };
        let Some((job, mark)) = again.or_else(|| machine.begin_checkpoint()) else {
            return;
        };
        let tasks = self.worker.tasks_sender.clone();
        let metrics = self.worker.metrics.clone();
        let spawned = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || {
                let started = Instant::now();
                let result = job.run();
                let took = started.elapsed().as_secs_f64();
                metrics.disk.backend_commit.observe(took);
                metrics.disk.snap_save_total.observe(took);
                // The worker is gone when the member stops; what is durable stays so.
                let _ = tasks.send(Task::Checkpointed(result, mark));
            });
        if let Err(error) = spawned {
            tracing::error!(%error, "cannot start a checkpoint");
            self.worker.machine.give_up_checkpoint();
            self.checkpoint_retry.failed(Instant::now());
        }
    }

    fn checkpointed(
        &mut self,
        result: Result<mvcc::CheckpointDone, mvcc::Error>,
        mark: SnapshotMark,
    ) {
        if self.worker.machine.checkpointed(result) {
            tracing::info!(index = mark.index, "saved snapshot");
            // The log may let go of what the archive has.
            if let Some(archive) = &self.worker.archive {
                archive.sync();
            }
            self.worker.raft.checkpointed(mark);
        }
        match self.worker.machine.checkpoint_has_failed() {
            true => self.checkpoint_retry.failed(Instant::now()),
            false => self.checkpoint_retry.succeeded(),
        }
    }

    /// # Panics
    /// When the state cannot be opened: the log goes on behind it, so there is no way back.
    fn install(&mut self, received: &Received) {
        let state = self
            .worker
            .snapshots
            .open(received)
            .unwrap_or_else(|error| {
                panic!(
                    "the snapshot received into {} cannot be opened: {error}",
                    received.path.display()
                )
            });
        let last = state.applied;
        let replaced = self.worker.machine.install(state);
        drop(replaced);
        self.worker.snapshots.installed(received);
        let worker = &self.worker;
        {
            let state = worker.machine.state.read();
            worker.space.set_live(state.store.live_bytes());
            worker.leases.replaced(&state.leases);
            // Which of the tokens still count, nobody here was told.
            let notice = auth::Notice::Enabled(state.auth.is_enabled());
            worker.tokens.notice(notice, Instant::now());
        }
        worker.hub.jumped();
        worker.compacting.send_replace(true);
        self.tell_members();
        self.applied(last);
        worker.raft.checkpointed(SnapshotMark {
            index: last.0,
            term: last.1,
            ..Default::default()
        });
        tracing::info!(index = last.0, term = last.1, "applied snapshot");
        self.answer_reads();
    }
}
