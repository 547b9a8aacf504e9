//! A leader whose process is gone, or is silent, need not be waited for.
//!
//! When a process dies, its system closes its connections and refuses new ones; the transport tells
//! so. A follower then forgets the leader at once, and the followers stand for election one after
//! another, in the order of their ids, so that they do not take each other's votes. They do the same
//! when several heartbeats in a row have not come. The term's rules are the same as ever: if the
//! leader lives after all, its next heartbeat makes it the leader again, and who lacks entries gets
//! no votes.

/// Ticks between the attempts of two members.
const STEP_TICKS: usize = 3;

/// Heartbeats that may fail to come in any case.
const PATIENCE_TICKS_MIN: usize = 4;

/// See the module.
pub(super) struct Vanished {
    patience: usize,
    /// Ticks until this member stands. It does so once: without pre-votes one that lacks entries
    /// would keep the others from ever standing.
    next: Option<usize>,
}

impl Vanished {
    pub(super) fn new(election_ticks: usize) -> Self {
        Self {
            patience: PATIENCE_TICKS_MIN.max(election_ticks / 2),
            next: None,
        }
    }

    /// For how many ticks a leader may be silent.
    pub(super) fn patience(&self) -> usize {
        self.patience
    }

    /// The leader is gone; `voters` are those of the configuration.
    pub(super) fn noticed(&mut self, own: u64, leader: u64, voters: &[u64]) {
        let others = voters.iter().filter(|id| **id != leader);
        let before = others.filter(|id| **id < own).count();
        self.next = Some(1 + before * STEP_TICKS);
    }

    /// There is a leader, or this member is about to get votes the usual way.
    pub(super) fn settled(&mut self) {
        self.next = None;
    }

    /// A tick passed; whether to stand now.
    pub(super) fn tick(&mut self) -> bool {
        let left = self.next.take();
        self.next = left.filter(|left| *left > 1).map(|left| left - 1);
        left.is_some_and(|left| left <= 1)
    }
}
