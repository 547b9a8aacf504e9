//! What the leader does for leases: the same as `store::lease::Keeper`, on the run's clock.

use std::collections::BTreeMap;

use store::apply::Outcome;
use store::command::{Command, LeaseCheckpoint, LeaseExpire};
use store::lease::{Due, Which};
use store::raft::{Event, ProposeError};
use tokio::sync::oneshot;

use super::{Member, Stage};
use crate::agenda::{MS, SECOND, Time};
use crate::around::Around;
use crate::plant::Plant;

/// How often deadlines are looked at.
const INTERVAL: Time = 500 * MS;
/// Leases that end in one look at most.
const DUE_MAX: usize = 500;
/// How long an end may stay without an answer.
const PATIENCE: Time = 7 * SECOND;

/// Ends that have been proposed: since when, and the answer to come.
pub(super) type Ends = BTreeMap<Which, (Time, oneshot::Receiver<Result<Outcome, ProposeError>>)>;

impl Member {
    pub(super) fn look_at_leases(&mut self, around: &mut Around) {
        self.later(INTERVAL, Stage::Leases, around);
        self.look_for_space();
        self.see_ends(around);
        let now = around.agenda.now() / MS;
        let Some(running) = &mut self.running else {
            return;
        };
        if !running.standing.is_leader {
            running.led_in = 0;
            return;
        }
        let term = running.standing.term;
        if !self.take_over(around) {
            return;
        }
        let Some(running) = &mut self.running else {
            return;
        };
        let due = running.deadlines.due(now, DUE_MAX);
        if !due.is_empty() {
            around.note_detail(|| format!("{:x} finds leases due: {due:?}", self.id));
        }
        let mut leases = Vec::new();
        for due in due {
            match due {
                Due::Checkpoint(lease, seconds) => leases.push(lease.left(seconds)),
                Due::Expire(lease) => {
                    let Which { id, granted } = lease;
                    let end = LeaseExpire { term, id, granted };
                    let answer = self.propose(&Command::LeaseExpire(end), around);
                    if let Some(running) = &mut self.running {
                        running.ends.insert(lease, (around.agenda.now(), answer));
                    }
                }
            }
        }
        if !leases.is_empty() {
            let command = Command::LeaseCheckpoint(LeaseCheckpoint { term, leases });
            drop(self.propose(&command, around));
        }
    }

    /// A new leader gives each lease what the table says it has left, once per term, as soon as its
    /// state holds all that its predecessors promised. Whether it has done so.
    pub(super) fn take_over(&mut self, around: &mut Around) -> bool {
        let now = around.agenda.now() / MS;
        let Some(running) = &mut self.running else {
            return false;
        };
        let term = running.standing.term;
        let early = around.plant == Some(Plant::LeasesTakenOverEarly);
        if !running.standing.is_leader || (running.applied.1 != term && !early) {
            return false;
        }
        if running.led_in != term {
            running.led_in = term;
            let state = running.state.read();
            running.deadlines.take_over(&state.leases, now);
            let taken: Vec<_> = state.leases.iter().collect();
            around.note_detail(|| format!("{:x} takes over {taken:?}", self.id));
        }
        true
    }

    fn see_ends(&mut self, around: &mut Around) {
        let now = around.agenda.now();
        let Some(running) = &mut self.running else {
            return;
        };
        let mut failed = Vec::new();
        running
            .ends
            .retain(|id, (since, answer)| match answer.try_recv() {
                Ok(Ok(Ok(_) | Err(store::apply::Error::Lease(_)))) => false,
                Err(oneshot::error::TryRecvError::Empty) if now < *since + PATIENCE => true,
                _ => {
                    failed.push(*id);
                    false
                }
            });
        for id in failed {
            running.deadlines.retry(id, (now + INTERVAL) / MS);
        }
    }

    /// Orders a command of the member itself.
    pub(super) fn propose(
        &mut self,
        command: &Command,
        around: &mut Around,
    ) -> oneshot::Receiver<Result<Outcome, ProposeError>> {
        let (waiter, answer) = oneshot::channel();
        let data = command.encode(around.own_id());
        self.tell(Event::Propose { data, waiter }, around);
        answer
    }
}
