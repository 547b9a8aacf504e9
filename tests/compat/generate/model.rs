//! What the generator remembers of the servers' state: enough to make most requests valid.

use proto::etcdserverpb as pb;
use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::v3electionpb::LeaderKey;

use bytes::Bytes;

use super::txn::put_what_it_deleted;
use crate::ids::PICKED;
use crate::reply::{Outcome, Reply};
use crate::step::Step;

/// A key that holds a lock or leads an election.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) name: Bytes,
    pub(super) lease: i64,
    pub(super) key: Bytes,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) revision: i64,
    pub(super) compacted: i64,
    /// Compactions whose end nobody waited for. HashKV of such a revision tells the hash that the
    /// compaction made once it is done, and another before.
    pub(super) lazy: Vec<i64>,
    /// Revisions of transactions that put a key which they had deleted. A compaction at one makes
    /// etcd 3.7.1 lose the put.
    pub(super) uncompactable: Vec<i64>,
    /// Leases that live, by id or placeholder.
    pub(super) leases: Vec<i64>,
    picked: i64,
    /// Whether ids picked by the server may be stored in this run; then HashKV differs.
    pub(super) may_store_picked: bool,
    pub(super) picked_stored: bool,
    pub(super) locks: Vec<Holder>,
    pub(super) leaders: Vec<LeaderKey>,
    /// The alarms that were raised, and not yet taken away.
    pub(super) alarms: Vec<(u64, i32)>,
    pub(super) names: u32,
}

impl Model {
    pub(super) fn new(may_store_picked: bool) -> Model {
        Model {
            revision: 1,
            may_store_picked,
            ..Model::default()
        }
    }

    /// A new placeholder for a lease id that the servers are to pick.
    pub(super) fn pick(&mut self) -> i64 {
        self.picked += 1;
        PICKED + self.picked
    }

    /// Learns from a step on which the sides agreed.
    pub(super) fn observe(&mut self, step: &Step, outcome: &Outcome) {
        let Some(reply) = outcome.reply() else { return };
        match (step, reply) {
            (Step::Range(_), Reply::Range(r)) => self.at(r.header.as_ref()),
            (Step::Put(_), Reply::Put(r)) => self.at(r.header.as_ref()),
            // A holder whose key was deleted stays on the list: expecting one too many to block
            // costs nothing.
            (Step::DeleteRange(_), Reply::DeleteRange(r)) => self.at(r.header.as_ref()),
            (Step::Txn(request), Reply::Txn(r)) => {
                self.at(r.header.as_ref());
                if put_what_it_deleted(request, r) {
                    self.uncompactable.push(self.revision);
                }
            }
            (Step::Compact(request), Reply::Compact(r)) => {
                self.at(r.header.as_ref());
                self.compacted = request.revision;
                if !request.physical {
                    self.lazy.push(request.revision);
                }
            }
            (Step::Grant(request), Reply::Grant(_)) => self.leases.push(request.id),
            (Step::Revoke(request), Reply::Revoke(r)) => {
                self.at(r.header.as_ref());
                self.leases.retain(|lease| *lease != request.id);
                let id = request.id;
                self.forget_holders(|lease| lease == id);
            }
            (Step::Alarm(request), Reply::Alarm(_)) => self.alarm(request),
            (Step::Lock { request, .. }, Reply::Lock(r)) => {
                self.at(r.header.as_ref());
                self.locks.retain(|lock| lock.key != r.key);
                self.locks.push(Holder {
                    name: request.name.clone(),
                    lease: request.lease,
                    key: r.key.clone(),
                });
            }
            (Step::Unlock(request), Reply::Unlock(r)) => {
                self.at(r.header.as_ref());
                self.locks.retain(|lock| lock.key != request.key);
            }
            (Step::Campaign { .. }, Reply::Campaign(r)) => {
                self.at(r.header.as_ref());
                let key = r.leader.as_ref().map(|leader| &leader.key);
                self.leaders.retain(|leader| Some(&leader.key) != key);
                self.leaders.extend(r.leader.clone());
            }
            (Step::Resign(request), Reply::Resign(r)) => {
                self.at(r.header.as_ref());
                let key = request.leader.as_ref().map(|leader| &leader.key);
                self.leaders.retain(|leader| Some(&leader.key) != key);
            }
            _ => {}
        }
    }

    fn at(&mut self, header: Option<&pb::ResponseHeader>) {
        let revision = header.map_or(0, |header| header.revision);
        self.revision = self.revision.max(revision);
    }

    fn alarm(&mut self, request: &pb::AlarmRequest) {
        let alarm = (request.member_id, request.alarm);
        if request.action == AlarmAction::Activate as i32 {
            self.alarms.push(alarm);
        }
        if request.action == AlarmAction::Deactivate as i32 {
            self.alarms.retain(|raised| *raised != alarm);
        }
    }

    fn forget_holders(&mut self, gone: impl Fn(i64) -> bool) {
        self.locks.retain(|lock| !gone(lock.lease));
        self.leaders.retain(|leader| !gone(leader.lease));
    }
}
