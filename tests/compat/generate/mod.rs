//! Makes random steps from a seed. The replies steer it, so that most requests are valid and the
//! state goes on; about a quarter of all requests are nasty on purpose.
//!
//! The generator takes care that the outcome does not depend on time: a lease either lives for
//! longer than a run or is revoked by the very next step, and everything that a server does in the
//! background is waited for before the next step could meet it half done.

mod elections;
mod keys;
mod kv;
mod leases;
mod model;
mod others;
mod txn;
mod watches;

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::reply::{Outcome, Reply};
use crate::step::{Step, WatchStep};
use model::Model;

/// The stream of the watch over all keys that goes along with everything.
const BACKGROUND: u8 = 9;

/// Steps between two looks at what the background watch brought.
const LOOK_EVERY: usize = 200;

/// Looks between two restarts of the servers.
const RESTART_EVERY: usize = 4;

/// How likely a request is nasty.
const NASTY: f64 = 0.25;

/// An endless row of steps.
#[derive(Debug)]
pub(crate) struct Generator {
    rng: StdRng,
    model: Model,
    /// Steps that must come before any other.
    pending: VecDeque<Step>,
    since_look: usize,
    looks: usize,
    background: bool,
}

impl Generator {
    /// The row of this seed.
    pub(crate) fn new(seed: u64) -> Generator {
        let mut rng = StdRng::seed_from_u64(seed);
        let model = Model::new(rng.random_bool(0.5));
        Generator {
            rng,
            model,
            pending: VecDeque::new(),
            since_look: 0,
            looks: 0,
            background: false,
        }
    }

    /// Forgets everything about the servers, which are new ones.
    pub(crate) fn restart(&mut self) {
        self.model = Model::new(self.rng.random_bool(0.5));
        self.pending.clear();
        self.background = false;
        self.since_look = 0;
    }

    /// The newest revision that a reply told.
    pub(crate) fn newest_revision(&self) -> i64 {
        self.model.revision
    }

    /// Steps to do when no more come: they leave nothing uncompared.
    pub(crate) fn finish(&mut self) -> Vec<Step> {
        let mut rest: Vec<Step> = self.pending.drain(..).collect();
        rest.push(Step::Quiesce { patient: true });
        rest.push(Step::HashKv {
            request: proto::etcdserverpb::HashKvRequest { revision: 0 },
            comparable: !self.model.picked_stored,
        });
        rest
    }

    /// The next step.
    pub(crate) fn next(&mut self) -> Step {
        if let Some(step) = self.pending.pop_front() {
            return step;
        }
        if !self.background {
            self.background = true;
            return watches::everything(BACKGROUND);
        }
        self.since_look += 1;
        if self.since_look >= LOOK_EVERY {
            self.since_look = 0;
            self.looks += 1;
            let round = self.watch_round();
            self.pending.extend(round);
            // A server with an alarm does not become healthy, for which a start waits.
            if self.looks.is_multiple_of(RESTART_EVERY) && self.model.alarms.is_empty() {
                self.pending
                    .push_back(Step::Watch(WatchStep::Close { stream: BACKGROUND }));
                self.pending.push_back(Step::Restart);
            }
            return Step::Quiesce { patient: false };
        }
        let mut steps = self.random().into_iter();
        let first = steps.next().expect("every draw gives a step");
        self.pending.extend(steps);
        first
    }

    /// Learns from what both sides agreed on.
    pub(crate) fn observe(&mut self, step: &Step, outcome: &Outcome) {
        self.model.observe(step, outcome);
        if let Some(Reply::Campaign(reply)) = outcome.reply()
            && let Some(leader) = &reply.leader
        {
            let reign = self.reign(leader);
            self.pending.extend(reign);
        }
        let closes =
            matches!(step, Step::Watch(WatchStep::Close { stream }) if *stream == BACKGROUND);
        if closes {
            self.background = false;
        }
    }

    fn nasty(&mut self) -> bool {
        self.rng.random_bool(NASTY)
    }

    /// One request, with what must follow it.
    fn random(&mut self) -> Vec<Step> {
        if !self.model.alarms.is_empty() && self.rng.random_bool(0.25) {
            return vec![self.disarm()];
        }
        match self.rng.random_range(0..1000) {
            0..260 => vec![Step::Put(self.put())],
            260..430 => vec![Step::Range(self.range())],
            430..470 => vec![Step::RangeStream(self.range_stream())],
            470..545 => vec![Step::DeleteRange(self.delete())],
            545..550 => vec![Step::Txn(self.many_puts())],
            550..725 => vec![Step::Txn(self.txn(3))],
            725..745 => vec![Step::Compact(self.compaction())],
            745..855 => self.lease_steps(),
            855..895 => vec![self.maintenance()],
            895..930 => vec![self.hash_kv()],
            930..960 => self.lock_steps(),
            _ => self.election_steps(),
        }
    }
}
