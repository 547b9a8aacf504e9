//! Runs the driver on a thread of its own, and the WAL on another.
//!
//! ```text
//! propose, read ──Event──▶ driver ──Job──▶ wal
//!                            ▲  │            │
//!                            └──┼─Persisted──┘
//!                               └──Task──▶ apply
//! ```
//! The queues between the threads are not bounded themselves; what enters them is: at most
//! [`crate::propose::PROPOSALS_MAX`] proposals and [`crate::read::READS_MAX`] reads are under
//! way at once, and each of these passes each queue once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::driver::{Driver, Event, Progress, Received, Settings, Standing};
use super::log::Boot;
use super::persist::{Job, Persister};
use super::{Change, Outbox};
use crate::answers::Answers;
use crate::apply::worker::Task;
use crate::cluster::Conf;
use crate::metrics::Metrics;
use crate::wal::{SnapshotMark, Wal};
use crate::{propose, read};
use bytes::Bytes;
use parking_lot::Mutex;

/// Events taken into one round at most: bounds what one append can hold.
const EVENTS_PER_ROUND_MAX: usize = 4_096;

/// How long followers may wait for entries that tell them what is committed, before they are told
/// so by themselves.
const QUIET: Duration = Duration::from_millis(1);

/// For how long reads gather under load.
const GATHER: Duration = Duration::from_millis(2);

/// What everybody may know of raft at any time, without asking the driver.
#[derive(Debug, Default)]
pub struct Link {
    term: AtomicU64,
    leader: AtomicU64,
    is_leader: AtomicBool,
    is_sole_voter: AtomicBool,
    last_index: AtomicU64,
    applied_index: AtomicU64,
    applied_term: AtomicU64,
    is_full: Arc<AtomicBool>,
    is_stopping: AtomicBool,
    /// When the present leader was first heard of; the last one's moment while there is none.
    leader_since: Mutex<Option<Instant>>,
}

impl Link {
    /// The current term.
    pub fn term(&self) -> u64 {
        self.term.load(Ordering::Relaxed)
    }

    /// Id of the leader, 0 when there is none.
    pub fn leader(&self) -> u64 {
        self.leader.load(Ordering::Relaxed)
    }

    /// Whether this member leads.
    pub fn is_leader(&self) -> bool {
        self.is_leader.load(Ordering::Relaxed)
    }

    /// When the present leader was first heard of as such.
    pub fn leader_since(&self) -> Option<Instant> {
        *self.leader_since.lock()
    }

    /// Whether this member decides alone.
    pub fn is_sole_voter(&self) -> bool {
        self.is_sole_voter.load(Ordering::Acquire)
    }

    /// The newest committed index that this member has seen.
    pub fn committed_index(&self) -> u64 {
        self.last_index.load(Ordering::Relaxed)
    }

    /// The newest applied index.
    pub fn applied_index(&self) -> u64 {
        self.applied_index.load(Ordering::Acquire)
    }

    /// Whether the disk has no room for more log.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// Whether this member leads, and has carried out all that was acknowledged before its term: an
    /// entry of its own term, hence all before it.
    pub fn leads_with_all(&self) -> bool {
        self.is_leader() && self.applied_term.load(Ordering::Acquire) == self.term()
    }

    /// Whether what has been applied here is all that was ever acknowledged, so that a read needs
    /// to ask nobody: the only voter leads, and has applied an entry of its own term, hence all
    /// before it. Every write acknowledged since was applied first.
    pub fn reads_are_linearizable(&self) -> bool {
        self.is_sole_voter()
            && self.is_leader()
            && self.applied_term.load(Ordering::Acquire) == self.term()
    }

    pub(crate) fn set_applied(&self, index: u64, term: u64) {
        self.applied_index.store(index, Ordering::Release);
        self.applied_term.store(term, Ordering::Release);
        self.last_index.fetch_max(index, Ordering::Relaxed);
    }

    fn set_standing(&self, standing: Standing) {
        if standing.leader != 0 && standing.leader != self.leader() {
            *self.leader_since.lock() = Some(Instant::now());
        }
        self.term.store(standing.term, Ordering::Release);
        self.leader.store(standing.leader, Ordering::Relaxed);
        self.is_leader.store(standing.is_leader, Ordering::Release);
        self.is_sole_voter
            .store(standing.is_sole_voter, Ordering::Release);
    }
}

/// The way to the driver; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    events: Sender<Event>,
    jobs: Sender<Job>,
    link: Arc<Link>,
}

impl Handle {
    /// What is known of raft.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Hands over a command to be ordered.
    pub fn propose(&self, data: Bytes, waiter: propose::Waiter) {
        // A driver that is gone drops the waiter, which tells the other end.
        let _ = self.events.send(Event::Propose { data, waiter });
    }

    /// Asks to be told when everything committed by now is applied.
    pub fn read(&self, waiter: read::Waiter) {
        let _ = self.events.send(Event::Read(waiter));
    }

    /// Tells raft how far the state machine has come.
    pub(crate) fn applied(&self, index: u64) {
        let _ = self.events.send(Event::Applied(index));
    }

    /// The state machine decided on the change of the configuration at `index`: what it is from
    /// then on, or nothing if it was refused. To be told before [`Handle::applied`].
    pub(crate) fn changed(&self, index: u64, conf: Option<Conf>) {
        let _ = self.events.send(Event::Changed { index, conf });
    }

    /// Lets go of the log before `mark`, which a durable checkpoint covers, as far as no other
    /// member may need it.
    pub(crate) fn checkpointed(&self, mark: SnapshotMark) {
        let _ = self.events.send(Event::Checkpointed(mark));
    }

    /// Hands over a change of the configuration to be ordered; `data` is the command that tells
    /// the state machine of it.
    pub fn change(&self, changes: Vec<Change>, data: Bytes, waiter: propose::Waiter) {
        let _ = self.events.send(Event::Change {
            changes,
            data,
            waiter,
        });
    }

    /// Another member's message has arrived.
    pub fn step(&self, message: Bytes) {
        let _ = self.events.send(Event::Message(message));
    }

    /// Messages to this member were lost.
    pub fn unreachable(&self, id: u64) {
        let _ = self.events.send(Event::Unreachable(id));
    }

    /// The process of this member is gone: its system refuses connections.
    pub fn vanished(&self, id: u64) {
        let _ = self.events.send(Event::Vanished(id));
    }

    /// The transfer of a snapshot ended.
    pub fn snapshot_sent(&self, to: u64, ok: bool) {
        let _ = self.events.send(Event::SnapshotSent { to, ok });
    }

    /// A snapshot has been received.
    pub fn install(&self, received: Received) {
        let _ = self.events.send(Event::Install(received));
    }

    /// Asks that another member lead; [`Link`] shows whether it does.
    pub fn transfer_leader(&self, to: u64) {
        let _ = self.events.send(Event::Transfer(to));
    }

    /// How far the members are; empty unless this member leads.
    pub async fn progress(&self) -> BTreeMap<u64, Progress> {
        let (waiter, progress) = tokio::sync::oneshot::channel();
        let _ = self.events.send(Event::Progress(waiter));
        progress.await.unwrap_or_default()
    }

    /// Lets this many ticks pass at once.
    pub(crate) fn advance(&self, ticks: usize) {
        for _ in 0..ticks {
            let _ = self.events.send(Event::Tick);
        }
    }

    /// Ends both threads once they have done what they were given.
    pub fn stop(&self) {
        self.link.is_stopping.store(true, Ordering::Release);
        let _ = self.jobs.send(Job::Stop);
    }
}

/// The running threads.
pub struct Started {
    /// The way to them.
    pub handle: Handle,
    /// Ends when the driver does.
    pub driver: JoinHandle<()>,
    /// Ends when the WAL's thread does; an error there must stop the member.
    pub persister: JoinHandle<Result<(), crate::wal::Error>>,
}

/// What the threads are started with.
pub struct Start {
    /// How this member takes part.
    pub settings: Settings,
    /// `--heartbeat-interval`.
    pub tick: Duration,
    /// The log.
    pub wal: Wal,
    /// Where committed entries and confirmed reads go.
    pub tasks: Sender<Task>,
    /// The way to other members.
    pub outbox: Arc<dyn Outbox>,
    /// Where answers go.
    pub answers: Answers,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Fires when the log cannot be written any more.
    pub failed: tokio::sync::oneshot::Sender<()>,
}

/// Starts both threads of a member that knows what `boot` says.
///
/// # Errors
/// raft refuses the settings, or a thread cannot be started.
pub fn start(start: Start, boot: &Boot) -> std::io::Result<Started> {
    let Start {
        settings,
        tick,
        wal,
        tasks,
        outbox,
        answers,
        metrics,
        failed,
    } = start;
    let (events, inbox) = channel();
    let (jobs, job_inbox) = channel();
    let link = Arc::new(Link::default());
    link.set_applied(boot.applied.0, boot.applied.1);
    let driver =
        Driver::new(settings, boot, Some(Arc::new(wal.reader()))).map_err(std::io::Error::other)?;
    let persister = Persister {
        wal,
        jobs: job_inbox,
        events: events.clone(),
        is_full: link.is_full.clone(),
        deferred: VecDeque::new(),
        metrics,
    };
    let persister = std::thread::Builder::new()
        .name("wal".into())
        .spawn(move || {
            persister.run().inspect_err(|error| {
                tracing::error!(%error, "the log cannot be written any more");
                // Who no longer listens is stopping already.
                let _ = failed.send(());
            })
        })?;
    let handle = Handle {
        events,
        jobs: jobs.clone(),
        link: link.clone(),
    };
    // A sole voter need not wait for a time-out to know that nobody leads.
    if boot.conf.is_sole_voter(settings.id) {
        let _ = handle.events.send(Event::Campaign);
    }
    let driver = Loop {
        driver,
        inbox,
        jobs,
        tasks,
        outbox,
        answers,
        link,
        tick,
        is_commit_untold: false,
        gathering_until: None,
    };
    let driver = std::thread::Builder::new()
        .name("raft".into())
        .spawn(move || driver.run())?;
    Ok(Started {
        handle,
        driver,
        persister,
    })
}

struct Loop {
    driver: Driver,
    inbox: Receiver<Event>,
    jobs: Sender<Job>,
    tasks: Sender<Task>,
    outbox: Arc<dyn Outbox>,
    answers: Answers,
    link: Arc<Link>,
    tick: Duration,
    /// The followers wait to be told what is committed.
    is_commit_untold: bool,
    /// Until when reads gather.
    gathering_until: Option<Instant>,
}

impl Loop {
    fn run(mut self) {
        let mut next_tick = Instant::now() + self.tick;
        while !self.link.is_stopping.load(Ordering::Acquire) {
            let mut wait = next_tick.saturating_duration_since(Instant::now());
            if self.is_commit_untold {
                wait = wait.min(QUIET);
            }
            if let Some(until) = self.gathering_until {
                wait = wait.min(until.saturating_duration_since(Instant::now()));
            }
            let mut events = match self.inbox.recv_timeout(wait) {
                Ok(event) => vec![event],
                Err(RecvTimeoutError::Timeout) if self.gathering_until.is_some() => Vec::new(),
                Err(RecvTimeoutError::Timeout) if self.is_commit_untold => vec![Event::Quiet],
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            events.extend(self.inbox.try_iter().take(EVENTS_PER_ROUND_MAX));
            let now = Instant::now();
            if self.gathering_until.is_some_and(|until| now >= until) {
                self.gathering_until = None;
                events.push(Event::Gathered);
            }
            if now >= next_tick {
                events.push(Event::Tick);
                next_tick = now + self.tick;
            }
            if !self.round(events) {
                return;
            }
        }
    }

    /// False when nobody is left to act for.
    fn round(&mut self, events: Vec<Event>) -> bool {
        let actions = self.driver.handle(events);
        self.is_commit_untold = actions.is_commit_untold;
        if actions.is_gathering_reads && self.gathering_until.is_none() {
            self.gathering_until = Some(Instant::now() + GATHER);
        }
        if let Some(standing) = actions.standing {
            self.link.set_standing(standing);
            tracing::info!(
                term = standing.term,
                leader = %format_args!("{:x}", standing.leader),
                "raft leadership as seen here"
            );
        }
        self.send(actions.messages);
        for (to, message) in actions.snapshots {
            self.outbox.send_snapshot(to, message);
        }
        for job in actions.persist {
            if self.jobs.send(Job::Persist(job)).is_err() {
                return false;
            }
        }
        if let Some((mark, before)) = actions.cut
            && self.jobs.send(Job::Cut { mark, before }).is_err()
        {
            return false;
        }
        let installs = actions.install.map(Task::Install);
        let discards = actions.refused.into_iter().map(Task::Discard);
        for task in installs.into_iter().chain(discards) {
            if self.tasks.send(task).is_err() {
                return false;
            }
        }
        if let Some(last) = actions.apply.last() {
            self.link
                .last_index
                .fetch_max(last.index, Ordering::Relaxed);
            if self.tasks.send(Task::Apply(actions.apply)).is_err() {
                return false;
            }
        }
        for read in actions.reads {
            if read.index <= self.link.applied_index() {
                self.answers.reads(read.waiters);
                continue;
            }
            let task = Task::Read {
                index: read.index,
                waiters: read.waiters,
            };
            if self.tasks.send(task).is_err() {
                return false;
            }
        }
        true
    }

    /// Messages to the same member go together.
    fn send(&self, messages: Vec<(u64, Bytes)>) {
        let mut batches: Vec<(u64, Vec<Bytes>)> = Vec::new();
        for (to, message) in messages {
            match batches.iter_mut().find(|(id, _)| *id == to) {
                Some((_, batch)) => batch.push(message),
                None => batches.push((to, vec![message])),
            }
        }
        for (to, batch) in batches {
            self.outbox.send(to, batch);
        }
    }
}
