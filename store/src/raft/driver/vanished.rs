//! A leader whose process is gone need not be waited for.
//!
//! When a process dies, its system closes its connections and refuses new ones; the transport tells
//! so. A follower then forgets the leader at once, and the followers stand for election one after
//! another, in the order of their ids, so that they do not take each other's votes. The term's
//! rules are the same as ever: if the leader lives after all, its next heartbeat makes it the
//! leader again, and who lacks entries gets no votes.

/// Ticks between the attempts of two members.
const STEP_TICKS: usize = 3;

/// See the module.
#[derive(Default)]
pub(super) struct Vanished {
    /// Ticks until this member stands, and after which it stands again.
    next: Option<(usize, usize)>,
}

impl Vanished {
    /// The leader is gone; `voters` are those of the configuration.
    pub(super) fn noticed(&mut self, own: u64, leader: u64, voters: &[u64]) {
        let others = voters.iter().filter(|id| **id != leader);
        let before = others.clone().filter(|id| **id < own).count();
        self.next = Some((1 + before * STEP_TICKS, others.count().max(1) * STEP_TICKS));
    }

    /// There is a leader, or this member is about to get votes the usual way.
    pub(super) fn settled(&mut self) {
        self.next = None;
    }

    /// A tick passed; whether to stand now.
    pub(super) fn tick(&mut self) -> bool {
        let Some((left, period)) = self.next else {
            return false;
        };
        let stand = left <= 1;
        self.next = Some((if stand { period } else { left - 1 }, period));
        stand
    }
}
