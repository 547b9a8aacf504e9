//! The way to the driver.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;

use bytes::Bytes;

use super::driver::{Event, Progress, Received};
use super::engine::Engine;
use super::persist::Job;
use super::{Change, Link};
use crate::cluster::Conf;
use crate::wal::SnapshotMark;
use crate::{propose, read};

/// The way to the driver; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) engine: Arc<Engine>,
    pub(super) jobs: Sender<Job>,
    pub(super) link: Arc<Link>,
}

impl Handle {
    /// What is known of raft.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Hands over a command to be ordered.
    pub fn propose(&self, data: Bytes, waiter: propose::Waiter) {
        // A driver that is gone drops the waiter, which tells the other end.
        self.engine.tell_now(Event::Propose { data, waiter });
    }

    /// Asks to be told when everything committed by now is applied.
    pub fn read(&self, waiter: read::Waiter) {
        self.engine.tell_now(Event::Read(waiter));
    }

    /// Tells raft how far the state machine has come.
    pub(crate) fn applied(&self, index: u64) {
        // Nothing waits for it.
        self.engine.leave(Event::Applied(index));
    }

    /// The state machine decided on the change of the configuration at `index`: what it is from
    /// then on, or nothing if it was refused. To be told before [`Handle::applied`].
    pub(crate) fn changed(&self, index: u64, conf: Option<Conf>) {
        self.engine.tell(Event::Changed { index, conf });
    }

    /// Lets go of the log before `mark`, which a durable checkpoint covers, as far as no other
    /// member may need it.
    pub(crate) fn checkpointed(&self, mark: SnapshotMark) {
        self.engine.tell(Event::Checkpointed(mark));
    }

    /// Hands over a change of the configuration to be ordered; `data` is the command that tells
    /// the state machine of it.
    pub fn change(&self, changes: Vec<Change>, data: Bytes, waiter: propose::Waiter) {
        self.engine.tell(Event::Change {
            changes,
            data,
            waiter,
        });
    }

    /// Another member's message has arrived.
    pub fn step(&self, message: Bytes) {
        self.engine.tell_now(Event::Message(message));
    }

    /// Whether many requests of this member are under way.
    pub fn is_busy(&self) -> bool {
        self.engine.is_busy()
    }

    /// Messages to this member were lost.
    pub fn unreachable(&self, id: u64) {
        self.engine.tell(Event::Unreachable(id));
    }

    /// The process of this member is gone: its system refuses connections.
    pub fn vanished(&self, id: u64) {
        self.engine.tell(Event::Vanished(id));
    }

    /// The transfer of a snapshot ended.
    pub fn snapshot_sent(&self, to: u64, ok: bool) {
        self.engine.tell(Event::SnapshotSent { to, ok });
    }

    /// A snapshot has been received.
    pub fn install(&self, received: Received) {
        self.engine.tell(Event::Install(received));
    }

    /// Asks that another member lead; [`Link`] shows whether it does.
    pub fn transfer_leader(&self, to: u64) {
        self.engine.tell(Event::Transfer(to));
    }

    /// How far the members are; empty unless this member leads.
    pub async fn progress(&self) -> BTreeMap<u64, Progress> {
        let (waiter, progress) = tokio::sync::oneshot::channel();
        self.engine.tell(Event::Progress(waiter));
        progress.await.unwrap_or_default()
    }

    /// Lets this many ticks pass at once.
    pub(crate) fn advance(&self, ticks: usize) {
        for _ in 0..ticks {
            self.engine.tell(Event::Tick);
        }
    }

    /// Ends both threads once they have done what they were given.
    pub fn stop(&self) {
        self.link.is_stopping.store(true, Ordering::Release);
        self.engine.wake();
        let _ = self.jobs.send(Job::Stop);
    }
}
