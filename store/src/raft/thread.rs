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

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::driver::{Driver, Event, Settings, Standing};
use super::log::Boot;
use super::persist::{Job, Persister};
use crate::apply::worker::Task;
use crate::metrics::Metrics;
use crate::wal::{SnapshotMark, Wal};
use crate::{propose, read};
use bytes::Bytes;

/// Events taken into one round at most: bounds what one append can hold.
const EVENTS_PER_ROUND_MAX: usize = 4_096;

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

    /// Whether what has been applied here is all that was ever acknowledged, so that a read needs
    /// to ask nobody: the only voter leads, and has applied an entry of its own term, hence all
    /// before it. Every write acknowledged since was applied first.
    pub fn reads_are_linearizable(&self) -> bool {
        self.is_sole_voter.load(Ordering::Acquire)
            && self.is_leader()
            && self.applied_term.load(Ordering::Acquire) == self.term()
    }

    pub(crate) fn set_applied(&self, index: u64, term: u64) {
        self.applied_index.store(index, Ordering::Release);
        self.applied_term.store(term, Ordering::Release);
        self.last_index.fetch_max(index, Ordering::Relaxed);
    }

    fn set_standing(&self, standing: Standing) {
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

    /// Lets go of the log before `mark`, which a durable checkpoint covers.
    pub(crate) fn cut(&self, mark: SnapshotMark) {
        let _ = self.jobs.send(Job::Cut(mark));
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

/// Starts both threads; committed entries and confirmed reads go to `tasks`. `failed` fires when
/// the log cannot be written any more.
///
/// # Errors
/// raft refuses the settings, or a thread cannot be started.
pub fn start(
    settings: Settings,
    tick: Duration,
    boot: &Boot,
    wal: Wal,
    tasks: Sender<Task>,
    metrics: Arc<Metrics>,
    failed: tokio::sync::oneshot::Sender<()>,
) -> std::io::Result<Started> {
    let (events, inbox) = channel();
    let (jobs, job_inbox) = channel();
    let link = Arc::new(Link::default());
    link.set_applied(boot.applied.0, boot.applied.1);
    let driver = Driver::new(settings, boot).map_err(std::io::Error::other)?;
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
    if boot.voters == [settings.id] {
        let _ = handle.events.send(Event::Campaign);
    }
    let driver = Loop {
        driver,
        inbox,
        jobs,
        tasks,
        link,
        tick,
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
    link: Arc<Link>,
    tick: Duration,
}

impl Loop {
    fn run(mut self) {
        let mut next_tick = Instant::now() + self.tick;
        while !self.link.is_stopping.load(Ordering::Acquire) {
            let wait = next_tick.saturating_duration_since(Instant::now());
            let mut events = match self.inbox.recv_timeout(wait) {
                Ok(event) => vec![event],
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            events.extend(self.inbox.try_iter().take(EVENTS_PER_ROUND_MAX));
            let now = Instant::now();
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
        if let Some(standing) = actions.standing {
            self.link.set_standing(standing);
            tracing::info!(
                term = standing.term,
                leader = %format_args!("{:x}", standing.leader),
                "raft leadership as seen here"
            );
        }
        assert!(
            actions.messages.is_empty(),
            "a cluster of one has nobody to write to"
        );
        for job in actions.persist {
            if self.jobs.send(Job::Persist(job)).is_err() {
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
}
