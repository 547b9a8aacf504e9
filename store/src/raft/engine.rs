//! Who runs the driver: a thread of its own, or whoever has something for it just now.
//!
//! Waking a thread takes longer than most rounds of the driver, and a read of a cluster would wait
//! for six of them. So while little is under way, whoever brings an event runs the round itself if
//! nobody else does; the thread sees to time. With much under way all events go to the thread: while
//! one round runs they gather, and many requests cost one round, one append, one message.
//!
//! ```text
//! propose, read, another member's message, the WAL ──event──▶ queue ──▶ round, here or on the thread
//! ```
//! The queue is not bounded itself; what enters it is: at most [`crate::propose::PROPOSALS_MAX`]
//! proposals and [`crate::read::READS_MAX`] reads are under way at once, and each passes it once.

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;

use super::driver::{Driver, Event};
use super::persist::Job;
use super::{Link, Outbox};
use crate::answers::Answers;
use crate::apply::worker::Task;

/// Events taken into one round at most: bounds what one append can hold.
const EVENTS_PER_ROUND_MAX: usize = 4_096;

/// How long followers may wait for entries that tell them what is committed, before they are told
/// so by themselves.
pub const QUIET: Duration = Duration::from_millis(1);

/// For how long reads gather under load.
pub const GATHER: Duration = Duration::from_millis(2);

/// With more requests under way than these, rounds are left to the thread.
const FEW: usize = 4;

/// Rounds that one caller runs at most, since others may bring events meanwhile.
const ROUNDS_MAX: usize = 4;

/// See the module.
pub(super) struct Engine {
    events: Sender<Event>,
    /// Events that no round has taken in.
    queued: AtomicUsize,
    /// Requests of this member that raft has not answered.
    under_way: AtomicUsize,
    /// Nothing once the member stops.
    rounds: Mutex<Option<Rounds>>,
    thread: OnceLock<Thread>,
}

impl Engine {
    /// An engine without rounds yet.
    pub(super) fn new() -> (Self, Receiver<Event>) {
        let (events, inbox) = channel();
        let engine = Self {
            events,
            queued: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            rounds: Mutex::new(None),
            thread: OnceLock::new(),
        };
        (engine, inbox)
    }

    /// Hands over an event that can wait for the next one.
    pub(super) fn leave(&self, event: Event) {
        self.queued.fetch_add(1, Ordering::SeqCst);
        if self.events.send(event).is_err() {
            // The driver is gone, and so is whoever waits for it.
            self.queued.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Hands over an event, and has the thread look at it.
    pub(super) fn tell(&self, event: Event) {
        self.leave(event);
        self.wake();
    }

    /// Hands over an event, and looks at it at once unless much is under way.
    pub(super) fn tell_now(&self, event: Event) {
        self.leave(event);
        match self.is_busy() {
            false => self.run_here(),
            true => self.wake(),
        }
    }

    /// Whether many requests of this member are under way.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > FEW
    }

    /// Has the thread look at what there is.
    pub(super) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn run_here(&self) {
        for _ in 0..ROUNDS_MAX {
            // Whoever runs a round looks at the queue again when it is done.
            let Some(mut rounds) = self.rounds.try_lock() else {
                return;
            };
            let Some(running) = rounds.as_mut() else {
                return;
            };
            let is_alive = self.round(running);
            let is_thread_late = is_alive && running.is_due_before_thread();
            if !is_alive {
                *rounds = None;
            }
            drop(rounds);
            if is_thread_late {
                self.wake();
            }
            if !self.is_more() {
                return;
            }
        }
        self.wake();
    }

    /// Whether events have come that whoever left the lock last has not seen: those who brought them
    /// found it taken, and rely on it.
    fn is_more(&self) -> bool {
        fence(Ordering::SeqCst);
        self.queued.load(Ordering::SeqCst) > 0
    }

    /// False when nobody is left to act for.
    fn round(&self, rounds: &mut Rounds) -> bool {
        let is_alive = rounds.run(&self.queued);
        let under_way = rounds.driver.under_way();
        self.under_way.store(under_way, Ordering::Relaxed);
        is_alive
    }

    /// Runs rounds until the member stops; what the thread does.
    pub(super) fn run(&self, rounds: Rounds) {
        // Those that are told before this wait for the first round.
        let _ = self.thread.set(std::thread::current());
        *self.rounds.lock() = Some(rounds);
        loop {
            let mut rounds = self.rounds.lock();
            let Some(running) = rounds.as_mut() else {
                return;
            };
            let is_over = running.link.is_stopping.load(Ordering::Acquire);
            if is_over || !self.round(running) {
                // Whoever waits for an answer is told by this that there will be none.
                *rounds = None;
                return;
            }
            let wait = running.thread_waits();
            drop(rounds);
            if !self.is_more() {
                std::thread::park_timeout(wait);
            }
        }
    }
}

/// The driver, and what its actions need.
pub(super) struct Rounds {
    pub(super) driver: Driver,
    pub(super) inbox: Receiver<Event>,
    pub(super) jobs: Sender<Job>,
    pub(super) tasks: Sender<Task>,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) answers: Answers,
    pub(super) link: Arc<Link>,
    /// `--heartbeat-interval`.
    pub(super) tick: Duration,
    pub(super) next_tick: Instant,
    /// Until when nothing has to come for followers to be told what is committed.
    pub(super) quiet_at: Option<Instant>,
    /// Until when reads gather.
    pub(super) gathering_until: Option<Instant>,
    /// Until when the thread sleeps.
    pub(super) thread_until: Instant,
}

impl Rounds {
    fn due(&self) -> Instant {
        let others = [self.quiet_at, self.gathering_until];
        others
            .into_iter()
            .flatten()
            .fold(self.next_tick, Instant::min)
    }

    fn is_due_before_thread(&mut self) -> bool {
        let due = self.due();
        let is_before = due < self.thread_until;
        if is_before {
            self.thread_until = due;
        }
        is_before
    }

    fn thread_waits(&mut self) -> Duration {
        self.thread_until = self.due();
        self.thread_until.saturating_duration_since(Instant::now())
    }

    /// Takes in what has come and what time brings. False when nobody is left to act for.
    fn run(&mut self, queued: &AtomicUsize) -> bool {
        let mut events: Vec<Event> = self.inbox.try_iter().take(EVENTS_PER_ROUND_MAX).collect();
        queued.fetch_sub(events.len(), Ordering::SeqCst);
        let now = Instant::now();
        if events.is_empty() && self.quiet_at.is_some_and(|at| now >= at) {
            events.push(Event::Quiet);
        }
        if self.gathering_until.is_some_and(|until| now >= until) {
            self.gathering_until = None;
            events.push(Event::Gathered);
        }
        if now >= self.next_tick {
            events.push(Event::Tick);
            self.next_tick = now + self.tick;
        }
        events.is_empty() || self.round(events)
    }

    /// False when nobody is left to act for.
    fn round(&mut self, events: Vec<Event>) -> bool {
        let actions = self.driver.handle(events);
        self.quiet_at = actions.is_commit_untold.then(|| Instant::now() + QUIET);
        if actions.is_gathering_reads && self.gathering_until.is_none() {
            self.gathering_until = Some(Instant::now() + GATHER);
        }
        self.link.add_appends(actions.appends);
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
