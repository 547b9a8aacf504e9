//! What clients did and saw.

use proto::etcdserverpb as pb;
use store::apply::Reply;

use crate::agenda::Time;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// KV.Put.
    Put(pb::PutRequest),
    /// KV.DeleteRange.
    Delete(pb::DeleteRangeRequest),
    /// KV.Txn; by `readonly` without a place in the log.
    Txn(pb::TxnRequest),
    /// KV.Range.
    Range(pb::RangeRequest),
    /// KV.Compact.
    Compact(pb::CompactionRequest),
    /// Lease.LeaseGrant.
    Grant(pb::LeaseGrantRequest),
    /// Lease.LeaseRevoke.
    Revoke(pb::LeaseRevokeRequest),
    /// Lease.LeaseKeepAlive, once.
    KeepAlive(i64),
}

/// Why a request had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The revision is gone.
    Compacted,
    /// The revision is yet to come.
    Future,
    /// No such lease.
    LeaseNotFound,
    /// The lease's id is taken.
    LeaseExists,
    /// Something else, which no request here brings about.
    Other,
}

impl From<&store::apply::Error> for Refusal {
    fn from(error: &store::apply::Error) -> Self {
        use store::apply::Error;
        use store::{lease, mvcc};
        match error {
            Error::Mvcc(mvcc::Error::Compacted) => Self::Compacted,
            Error::Mvcc(mvcc::Error::Future) => Self::Future,
            Error::Lease(lease::Error::NotFound) => Self::LeaseNotFound,
            Error::Lease(lease::Error::Exists) => Self::LeaseExists,
            _ => Self::Other,
        }
    }
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It went through the log.
    Ordered(Result<Reply, Refusal>),
    /// Read at the revision in the header.
    Range(Result<pb::RangeResponse, Refusal>),
    /// A transaction of ranges only, read at the revision in the header.
    Read(Result<pb::TxnResponse, Refusal>),
    /// The lease has so many seconds from when it was asked for; 0: there is none.
    Renewed(i64),
    /// It had no effect and never will.
    Refused,
    /// It may have had an effect, or may have it yet.
    Unknown,
}

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Op {
    /// Its number, which is also its id in the log.
    pub id: u64,
    /// Who asked.
    pub client: usize,
    /// Whom.
    pub member: u64,
    /// For what.
    pub request: Request,
    /// When.
    pub called: Time,
    /// When an answer came, and which.
    pub returned: Option<(Time, Answer)>,
}

/// All of them, in the order in which they were called.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// See above; the id of an op is its place plus one.
    pub ops: Vec<Op>,
}

impl History {
    /// Notes a call and gives it an id.
    pub fn call(&mut self, client: usize, member: u64, request: Request, now: Time) -> u64 {
        let id = self.ops.len() as u64 + 1;
        self.ops.push(Op {
            id,
            client,
            member,
            request,
            called: now,
            returned: None,
        });
        id
    }

    /// The op of that id.
    pub fn get(&self, id: u64) -> Option<&Op> {
        self.ops.get((id as usize).checked_sub(1)?)
    }

    /// Notes an answer; false if there was one before.
    pub fn answer(&mut self, id: u64, answer: Answer, now: Time) -> bool {
        let Some(op) = (id as usize)
            .checked_sub(1)
            .and_then(|at| self.ops.get_mut(at))
        else {
            return false;
        };
        if op.returned.is_some() {
            return false;
        }
        op.returned = Some((now, answer));
        true
    }
}
