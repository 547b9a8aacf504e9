//! When leases run out, as the leader reckons it.
//!
//! Time is a number of milliseconds since some moment of this process, handed in by the caller.
//!
//! Deadlines survive a restart and a change of leader without a write per renewal: a lease that
//! is kept alive in time is never written, since its whole TTL is what it would get anyway. A
//! lease of which half the time has passed without a renewal gets a checkpoint (the seconds it
//! has left), another when half of that has passed, and so on; after a restart it lives at most
//! twice as long as it should have. When such a lease is renewed, the checkpoint is taken back in
//! the log before the renewal is acknowledged: a lease must never end early.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A lease with no more time left than this gets no further checkpoint.
const CHECKPOINT_MIN_MS: u64 = 2_000;

/// What has to be proposed for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// Its time ran out.
    Expire(i64),
    /// So many seconds are left; to be noted.
    Checkpoint(i64, i64),
}

#[derive(Clone, Copy, Debug)]
struct Deadline {
    ttl: i64,
    ends: u64,
    /// When it must be looked at: the next checkpoint, or the end.
    look: u64,
    /// A checkpoint stands in the log (or is on its way there).
    is_checkpointed: bool,
    /// Its end has been proposed.
    is_ending: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Deadlines {
    leases: HashMap<i64, Deadline>,
    /// Moments to look at a lease; those that no longer agree with `leases` are passed over.
    looks: BinaryHeap<Reverse<(u64, i64)>>,
}

impl Deadlines {
    /// A lease was granted, or taken over with so many seconds left.
    pub fn insert(&mut self, id: i64, ttl: i64, left: i64, now: u64) {
        let is_checkpointed = left < ttl;
        self.set(id, ttl, left, is_checkpointed, now);
    }

    /// A lease is gone.
    pub fn remove(&mut self, id: i64) {
        self.leases.remove(&id);
    }

    /// Whether renewing it needs a word in the log first.
    pub fn is_checkpointed(&self, id: i64) -> bool {
        self.leases.get(&id).is_some_and(|d| d.is_checkpointed)
    }

    /// Whether its end has been proposed already: too late to renew.
    pub fn is_ending(&self, id: i64) -> bool {
        self.leases.get(&id).is_some_and(|d| d.is_ending)
    }

    /// Gives a lease its whole time again; the seconds it now has, or `None` for a lease that is
    /// unknown or ending.
    pub fn renew(&mut self, id: i64, now: u64) -> Option<i64> {
        let deadline = self.leases.get(&id).filter(|d| !d.is_ending)?;
        let ttl = deadline.ttl;
        self.set(id, ttl, ttl, false, now);
        Some(ttl)
    }

    /// Whole seconds a lease has left, rounded as etcd does (downwards), never below 0.
    pub fn seconds_left(&self, id: i64, now: u64) -> Option<i64> {
        let deadline = self.leases.get(&id)?;
        Some((deadline.ends.saturating_sub(now) / 1000) as i64)
    }

    /// Milliseconds a lease has left, 0 when its time ran out.
    pub fn milliseconds_left(&self, id: i64, now: u64) -> Option<u64> {
        Some(self.leases.get(&id)?.ends.saturating_sub(now))
    }

    /// Ids in the order in which they end.
    pub fn by_end(&self) -> Vec<i64> {
        let mut all: Vec<(u64, i64)> = self.leases.iter().map(|(id, d)| (d.ends, *id)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, id)| id).collect()
    }

    /// What is due by now, at most `max` of them.
    pub fn due(&mut self, now: u64, max: usize) -> Vec<Due> {
        let mut due = Vec::new();
        while due.len() < max {
            match self.looks.peek() {
                Some(Reverse((at, _))) if *at <= now => {}
                _ => break,
            }
            let Some(Reverse((at, id))) = self.looks.pop() else {
                break;
            };
            let Some(deadline) = self.leases.get_mut(&id) else {
                continue;
            };
            if deadline.look != at || deadline.is_ending {
                continue;
            }
            if deadline.ends <= now {
                deadline.is_ending = true;
                due.push(Due::Expire(id));
                continue;
            }
            let left = deadline.ends - now;
            deadline.is_checkpointed = true;
            deadline.look = next_look(now, deadline.ends);
            self.looks.push(Reverse((deadline.look, id)));
            // Rounded up: a checkpoint must not make the lease shorter.
            due.push(Due::Checkpoint(id, left.div_ceil(1000) as i64));
        }
        due
    }

    /// A proposal of an end did not go through: it is due again.
    pub fn retry(&mut self, id: i64, now: u64) {
        if let Some(deadline) = self.leases.get_mut(&id).filter(|d| d.is_ending) {
            deadline.is_ending = false;
            deadline.look = now;
            self.looks.push(Reverse((now, id)));
        }
    }

    #[cfg(test)]
    pub(super) fn looks_len(&self) -> usize {
        self.looks.len()
    }

    fn set(&mut self, id: i64, ttl: i64, left: i64, is_checkpointed: bool, now: u64) {
        let ends = now.saturating_add((left.max(0) as u64).saturating_mul(1000));
        let look = next_look(now, ends);
        self.leases.insert(
            id,
            Deadline {
                ttl,
                ends,
                look,
                is_checkpointed,
                is_ending: false,
            },
        );
        self.looks.push(Reverse((look, id)));
        // Renewals leave stale moments behind; without this they would pile up until the
        // deadlines they were made for.
        if self.looks.len() > 64 + 4 * self.leases.len() {
            self.looks = self
                .leases
                .iter()
                .map(|(id, d)| Reverse((d.look, *id)))
                .collect();
        }
    }
}

fn next_look(now: u64, ends: u64) -> u64 {
    let left = ends.saturating_sub(now);
    if left <= CHECKPOINT_MIN_MS {
        ends
    } else {
        now + left / 2
    }
}
