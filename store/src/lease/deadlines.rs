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

use super::Table;
use crate::command::{LeaseExpire, LeaseLeft};

/// A lease with no more time left than this gets no further checkpoint.
const CHECKPOINT_MIN_MS: u64 = 2_000;

/// A lease, and not another that gets its id later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Which {
    /// Its id.
    pub id: i64,
    /// See [`super::Lease::granted`].
    pub granted: u64,
}

impl Which {
    /// That its time ran out, as its leader in `term` says.
    pub fn expire(self, term: u64) -> LeaseExpire {
        let Self { id, granted } = self;
        LeaseExpire { term, id, granted }
    }

    /// That it has so many seconds left; 0 gives it its whole time back.
    pub fn left(self, seconds: i64) -> LeaseLeft {
        let Self { id, granted } = self;
        LeaseLeft {
            id,
            granted,
            seconds,
        }
    }
}

/// What has to be proposed for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// Its time ran out.
    Expire(Which),
    /// So many seconds are left; to be noted.
    Checkpoint(Which, i64),
}

/// A checkpoint of a lease, as its renewal meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The lease.
    pub lease: Which,
    /// Counts its checkpoints.
    pub number: u64,
}

#[derive(Clone, Copy, Debug)]
struct Deadline {
    granted: u64,
    ttl: i64,
    ends: u64,
    /// When it must be looked at: the next checkpoint, or the end.
    look: u64,
    /// A checkpoint stands in the log (or is on its way there).
    is_checkpointed: bool,
    /// Checkpoints since it was granted or taken over.
    checkpoints: u64,
    /// Its end has been proposed.
    is_ending: bool,
}

impl Deadline {
    fn which(&self, id: i64) -> Which {
        Which {
            id,
            granted: self.granted,
        }
    }
}

/// What a renewal finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It has so many seconds again.
    Renewed(i64),
    /// This checkpoint has to be taken back in the log first.
    TakeBack(Noted),
    /// Its time ran out: its end must be waited for.
    Ending,
    /// There is no such lease.
    Unknown,
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
    pub fn insert(&mut self, lease: Which, ttl: i64, left: i64, now: u64) {
        let is_checkpointed = left < ttl;
        self.set(lease, ttl, left, is_checkpointed, now);
    }

    /// All leases of the table go on with what it says they have left.
    pub fn take_over(&mut self, table: &Table, now: u64) {
        for (id, lease) in table.iter() {
            let which = Which {
                id,
                granted: lease.granted,
            };
            self.insert(which, lease.ttl, lease.seconds_left(), now);
        }
    }

    /// A lease is gone.
    pub fn remove(&mut self, id: i64) {
        self.leases.remove(&id);
    }

    /// Whether its end is to be proposed, or has been: too late to renew.
    pub fn is_ending(&self, lease: Which) -> bool {
        let found = self.leases.get(&lease.id);
        found.is_some_and(|d| d.granted == lease.granted && d.is_ending)
    }

    /// Gives a lease its whole time again. `taken_back` is the checkpoint of which the log says
    /// already that it no longer holds; one made since then has to be taken back as well.
    pub fn renew(&mut self, id: i64, taken_back: Option<Noted>, now: u64) -> Renewal {
        let Some(deadline) = self.leases.get(&id) else {
            return Renewal::Unknown;
        };
        let (ttl, checkpoints) = (deadline.ttl, deadline.checkpoints);
        let lease = deadline.which(id);
        let last = Noted {
            lease,
            number: checkpoints,
        };
        if deadline.is_ending || deadline.ends <= now {
            return Renewal::Ending;
        }
        if deadline.is_checkpointed && taken_back != Some(last) {
            return Renewal::TakeBack(last);
        }
        self.set(lease, ttl, ttl, false, now);
        if let Some(deadline) = self.leases.get_mut(&id) {
            // A renewal that is taking one back must not mistake a later one for it.
            deadline.checkpoints = checkpoints;
        }
        Renewal::Renewed(ttl)
    }

    /// Whole seconds a lease has left, rounded as etcd does (downwards), never below 0.
    pub fn seconds_left(&self, id: i64, now: u64) -> Option<i64> {
        let deadline = self.leases.get(&id)?;
        Some((deadline.ends.saturating_sub(now) / 1000) as i64)
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
                due.push(Due::Expire(deadline.which(id)));
                continue;
            }
            let left = deadline.ends - now;
            deadline.is_checkpointed = true;
            deadline.checkpoints += 1;
            deadline.look = next_look(now, deadline.ends);
            self.looks.push(Reverse((deadline.look, id)));
            // Rounded up: a checkpoint must not make the lease shorter.
            due.push(Due::Checkpoint(
                deadline.which(id),
                left.div_ceil(1000) as i64,
            ));
        }
        due
    }

    /// A proposal of an end did not go through: it is due again.
    pub fn retry(&mut self, lease: Which, now: u64) {
        let found = self.leases.get_mut(&lease.id);
        if let Some(deadline) = found.filter(|d| d.granted == lease.granted && d.is_ending) {
            deadline.is_ending = false;
            deadline.look = now;
            self.looks.push(Reverse((now, lease.id)));
        }
    }

    #[cfg(test)]
    pub(super) fn looks_len(&self) -> usize {
        self.looks.len()
    }

    fn set(&mut self, lease: Which, ttl: i64, left: i64, is_checkpointed: bool, now: u64) {
        let ends = now.saturating_add((left.max(0) as u64).saturating_mul(1000));
        let look = next_look(now, ends);
        self.leases.insert(
            lease.id,
            Deadline {
                granted: lease.granted,
                ttl,
                ends,
                look,
                is_checkpointed,
                checkpoints: 0,
                is_ending: false,
            },
        );
        self.looks.push(Reverse((look, lease.id)));
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
