//! Which of etcd's three time-outs it was that a write ran into (etcd's server/etcdserver,
//! parseProposeCtxErr).

use std::time::{Duration, Instant};

use tonic::Status;

use super::{Member, status};
use crate::cluster::Members;

/// What may have held a write up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A leader was elected while it waited.
    LeaderFailure,
    /// The leader, or a quorum, was not connected all the time.
    ConnectionLost,
    /// Neither.
    Unknown,
}

/// The view of who wrote.
pub(super) struct View<'a> {
    pub(super) own: u64,
    pub(super) leader: u64,
    pub(super) members: &'a Members,
    /// When it began to wait.
    pub(super) began: Instant,
    /// When the present leader was first heard of.
    pub(super) elected: Option<Instant>,
    /// How long an election takes before anybody stands: two time-outs.
    pub(super) election: Duration,
    pub(super) active_since: &'a dyn Fn(u64) -> Option<Instant>,
}

impl View<'_> {
    pub(super) fn cause(&self) -> Cause {
        if let Some(elected) = self.elected {
            let lost = elected.checked_sub(self.election);
            if lost.is_none_or(|lost| self.began > lost) && self.began < elected {
                return Cause::LeaderFailure;
            }
        }
        let connected = |id| (self.active_since)(id).is_some_and(|since| since <= self.began);
        let is_cut_off = match self.leader {
            0 => false,
            own if own == self.own => {
                let others = self.members.iter().filter(|m| m.id != self.own);
                let connected = 1 + others.filter(|m| connected(m.id)).count();
                connected < self.members.iter().len() / 2 + 1
            }
            leader => !connected(leader),
        };
        match is_cut_off {
            true => Cause::ConnectionLost,
            false => Cause::Unknown,
        }
    }
}

impl Member {
    /// The error of a write that waited since `began`.
    pub(super) fn timed_out(&self, began: Instant) -> Status {
        let link = self.raft.link();
        let members = self.members.borrow().clone();
        let view = View {
            own: self.identity.member_id,
            leader: link.leader(),
            members: &members,
            began,
            elected: link.leader_since(),
            election: self.limits.election_timeout * 2,
            active_since: &|id| self.others.active_since(id),
        };
        match view.cause() {
            Cause::LeaderFailure => status::timeout_leader_failure(),
            Cause::ConnectionLost => status::timeout_connection_lost(),
            Cause::Unknown => status::timeout(),
        }
    }
}

#[cfg(test)]
mod tests;
