//! What is known of raft without asking the driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::driver::{Appends, Standing};

/// See the module.
#[derive(Debug, Default)]
pub struct Link {
    term: AtomicU64,
    leader: AtomicU64,
    is_leader: AtomicBool,
    is_sole_voter: AtomicBool,
    pub(super) last_index: AtomicU64,
    applied_index: AtomicU64,
    applied_term: AtomicU64,
    pub(super) is_full: Arc<AtomicBool>,
    pub(super) is_stopping: AtomicBool,
    /// How often a leader was heard of that was not it before.
    leader_changes: AtomicU64,
    /// When the present leader was first heard of; the last one's moment while there is none.
    leader_since: Mutex<Option<Instant>>,
    appends_sent: AtomicU64,
    appends_received: AtomicU64,
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

    /// How often a leader was heard of that was not it before.
    pub fn leader_changes(&self) -> u64 {
        self.leader_changes.load(Ordering::Relaxed)
    }

    /// How many messages of the leader's log were sent, and received.
    pub fn appends(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.appends_sent), read(&self.appends_received))
    }

    pub(super) fn add_appends(&self, appends: Appends) {
        let add = |count: &AtomicU64, more| count.fetch_add(more, Ordering::Relaxed);
        add(&self.appends_sent, appends.sent);
        add(&self.appends_received, appends.received);
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
        self.is_sole_voter() && self.leads_with_all()
    }

    pub(crate) fn set_applied(&self, index: u64, term: u64) {
        self.applied_index.store(index, Ordering::Release);
        self.applied_term.store(term, Ordering::Release);
        self.last_index.fetch_max(index, Ordering::Relaxed);
    }

    pub(super) fn set_standing(&self, standing: Standing) {
        if standing.leader != 0 && standing.leader != self.leader() {
            *self.leader_since.lock() = Some(Instant::now());
            self.leader_changes.fetch_add(1, Ordering::Relaxed);
        }
        self.term.store(standing.term, Ordering::Release);
        self.leader.store(standing.leader, Ordering::Relaxed);
        self.is_leader.store(standing.is_leader, Ordering::Release);
        self.is_sole_voter
            .store(standing.is_sole_voter, Ordering::Release);
    }
}
