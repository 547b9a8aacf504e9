//! The front door: what the services do with a client's request.

use store::apply::{Outcome, Reply, execute_readonly};
use store::lease::{Noted, Renewal};
use store::mvcc::RangeQuery;
use store::raft::{Event, ProposeError, ReadError};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use proto::etcdserverpb as pb;
use store::command::{Command, LeaseCheckpoint};

use super::{ANY_LIFE, Member, Stage};
use crate::agenda::MS;
use crate::around::{Around, What};
use crate::check::command_of;
use crate::history::{Answer, Refusal, Request};
use crate::plant::Plant;

/// Who waits for what.
#[derive(Default)]
pub(super) struct Waits {
    ordered: Vec<(u64, oneshot::Receiver<Result<Outcome, ProposeError>>)>,
    reads: Vec<(u64, oneshot::Receiver<Result<(), ReadError>>)>,
    /// Renewals: once leadership is confirmed, once a checkpoint is taken back (and which), once
    /// an end is decided.
    renewals: Vec<Renewing>,
    /// Proposals to be repeated, if that bug is planted.
    again: Vec<(u64, u64)>,
}

struct Renewing {
    op: u64,
    taken_back: Option<Noted>,
    on: On,
}

enum On {
    Leadership(oneshot::Receiver<Result<(), ReadError>>),
    TakenBack(Noted, oneshot::Receiver<Result<Outcome, ProposeError>>),
    Gone,
    Ready,
}

impl Waits {
    /// The requests under way.
    pub(super) fn ops(&self) -> Vec<u64> {
        let ordered = self.ordered.iter().map(|(op, _)| *op);
        let reads = self.reads.iter().map(|(op, _)| *op);
        let renewals = self.renewals.iter().map(|renewing| renewing.op);
        ordered.chain(reads).chain(renewals).collect()
    }
}

impl Member {
    /// A client's request has arrived.
    pub(super) fn ask(&mut self, op: u64, around: &mut Around) {
        let Some(request) = around.history.get(op).map(|op| op.request.clone()) else {
            return;
        };
        if let Some(command) = command_of(&request) {
            self.order(op, &command, around);
            return;
        }
        let is_serializable = match &request {
            Request::KeepAlive(_) => {
                self.renew_or_pass_on(op, around);
                return;
            }
            Request::Range(range) => range.serializable,
            Request::Txn(txn) => store::apply::is_serializable(txn),
            _ => false,
        };
        let trusts_itself = self.has(Plant::StaleReadIndex, around) && self.is_leader();
        if is_serializable || trusts_itself {
            let answer = self.read(&request);
            around.answer_later(op, answer);
            return;
        }
        let (waiter, ready) = oneshot::channel();
        if let Some(running) = &mut self.running {
            running.waits.reads.push((op, ready));
        }
        self.tell(Event::Read(waiter), around);
    }

    fn order(&mut self, op: u64, command: &Command, around: &mut Around) {
        let now = around.agenda.now();
        let again = self.has(Plant::ProposedAgain, around);
        let Some(running) = &mut self.running else {
            return;
        };
        if running.is_full {
            around.answer_later(op, Answer::Refused);
            return;
        }
        let (waiter, outcome) = oneshot::channel();
        running.waits.ordered.push((op, outcome));
        if again {
            running.waits.again.push((op, now + 400 * MS));
        }
        let data = command.encode(op);
        self.tell(Event::Propose { data, waiter }, around);
    }

    fn read(&self, request: &Request) -> Answer {
        let Some(running) = &self.running else {
            return Answer::Unknown;
        };
        let state = running.state.read();
        let revision = state.store.revision();
        match request {
            Request::Range(range) => {
                let found = state.store.range(&RangeQuery::from(range));
                Answer::Range(match found {
                    Ok(found) => Ok(pb::RangeResponse {
                        header: Some(pb::ResponseHeader {
                            revision,
                            ..Default::default()
                        }),
                        kvs: found.kvs,
                        more: found.more,
                        count: found.count,
                    }),
                    Err(error) => Err(Refusal::from(&store::apply::Error::from(error))),
                })
            }
            Request::Txn(txn) => {
                Answer::Read(execute_readonly(&state, txn).map_err(|e| Refusal::from(&e)))
            }
            _ => Answer::Refused,
        }
    }

    /// Only the leader renews.
    fn renew_or_pass_on(&mut self, op: u64, around: &mut Around) {
        let Some(running) = &self.running else {
            return;
        };
        let leader = running.standing.leader;
        if running.standing.is_leader {
            self.renew(op, around);
        } else if leader == 0 || around.network.is_cut(self.id, leader) {
            around.answer_later(op, Answer::Refused);
        } else {
            let delay = 100 + self.random.around(around.network.weather.delay);
            let what = What::Member(leader, ANY_LIFE, Stage::Renew(op));
            around.agenda.after(delay, what);
        }
    }

    /// A wish to renew a lease has reached the member that may lead.
    pub(super) fn renew(&mut self, op: u64, around: &mut Around) {
        if !self.take_over(around) {
            around.answer_later(op, Answer::Refused);
            return;
        }
        let on = if self.has(Plant::OldLeaderRenews, around) {
            On::Ready
        } else {
            let (waiter, ready) = oneshot::channel();
            self.tell(Event::Read(waiter), around);
            On::Leadership(ready)
        };
        if let Some(running) = &mut self.running {
            running.waits.renewals.push(Renewing {
                op,
                taken_back: None,
                on,
            });
        }
    }

    /// Answers whoever need not wait any longer.
    pub(super) fn settle(&mut self, around: &mut Around) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.waits.ordered.retain_mut(|(op, outcome)| {
            let answer = match outcome.try_recv() {
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Closed) => Answer::Unknown,
                Ok(Ok(Ok(reply))) => Answer::Ordered(Ok(reply)),
                Ok(Ok(Err(error))) => Answer::Ordered(Err(Refusal::from(&error))),
                Ok(Err(error)) => match error {
                    ProposeError::NoLeader
                    | ProposeError::TooManyRequests
                    | ProposeError::TooLarge
                    | ProposeError::NoSpace => Answer::Refused,
                    _ => Answer::Unknown,
                },
            };
            around.answer_later(*op, answer);
            false
        });
        let mut ready = Vec::new();
        running.waits.reads.retain_mut(|(op, waiter)| {
            match waiter.try_recv() {
                Err(TryRecvError::Empty) => return true,
                Ok(Ok(())) => ready.push(*op),
                _ => around.answer_later(*op, Answer::Refused),
            }
            false
        });
        for op in ready {
            if let Some(asked) = around.history.get(op) {
                let answer = self.read(&asked.request.clone());
                around.answer_later(op, answer);
            }
        }
        self.settle_renewals(around);
        self.propose_again(around);
    }

    fn settle_renewals(&mut self, around: &mut Around) {
        let Some(running) = &mut self.running else {
            return;
        };
        if running.waits.renewals.is_empty() {
            return;
        }
        for renewing in std::mem::take(&mut running.waits.renewals) {
            if let Some(renewing) = self.settle_renewal(renewing, around)
                && let Some(running) = &mut self.running
            {
                running.waits.renewals.push(renewing);
            }
        }
    }

    /// What is still waited for, if anything.
    fn settle_renewal(&mut self, mut renewing: Renewing, around: &mut Around) -> Option<Renewing> {
        let op = renewing.op;
        let asked = around.history.get(op)?;
        // Who stopped waiting is let go.
        if asked.returned.is_some() {
            return None;
        }
        let Request::KeepAlive(lease) = asked.request else {
            return None;
        };
        let is_ready = match &mut renewing.on {
            On::Ready | On::Gone => true,
            On::Leadership(ready) => match ready.try_recv() {
                Err(TryRecvError::Empty) => false,
                Ok(Ok(())) if self.take_over(around) => true,
                _ => {
                    around.answer_later(op, Answer::Refused);
                    return None;
                }
            },
            On::TakenBack(checkpoint, outcome) => match outcome.try_recv() {
                Err(TryRecvError::Empty) => false,
                Ok(Ok(Ok(Reply::Fenced))) => {
                    around.answer_later(op, Answer::Refused);
                    return None;
                }
                Ok(Ok(Ok(_))) => {
                    renewing.taken_back = Some(*checkpoint);
                    true
                }
                _ => {
                    around.answer_later(op, Answer::Unknown);
                    return None;
                }
            },
        };
        if !is_ready {
            return Some(renewing);
        }
        let now = around.agenda.now() / MS;
        let running = self.running.as_mut()?;
        renewing.on = match running.deadlines.renew(lease, renewing.taken_back, now) {
            Renewal::Renewed(ttl) => {
                around.answer_later(op, Answer::Renewed(ttl));
                return None;
            }
            Renewal::Unknown => {
                around.answer_later(op, Answer::Renewed(0));
                return None;
            }
            Renewal::Ending => On::Gone,
            Renewal::TakeBack(checkpoint) => {
                let leases = vec![checkpoint.lease.left(0)];
                let term = running.led_in;
                let command = Command::LeaseCheckpoint(LeaseCheckpoint { term, leases });
                let outcome = self.propose(&command, around);
                On::TakenBack(checkpoint, outcome)
            }
        };
        Some(renewing)
    }

    fn propose_again(&mut self, around: &mut Around) {
        let now = around.agenda.now();
        let Some(running) = &mut self.running else {
            return;
        };
        let due = running.waits.again.extract_if(.., |(_, at)| *at <= now);
        for (op, _) in due.collect::<Vec<_>>() {
            let is_waiting = running.waits.ordered.iter().any(|(other, _)| *other == op);
            if is_waiting
                && let Some(asked) = around.history.get(op)
                && let Some(command) = command_of(&asked.request)
            {
                let (waiter, outcome) = oneshot::channel();
                running.waits.ordered.retain(|(other, _)| *other != op);
                running.waits.ordered.push((op, outcome));
                running.inbox.push(Event::Propose {
                    data: command.encode(op),
                    waiter,
                });
            }
        }
    }
}
