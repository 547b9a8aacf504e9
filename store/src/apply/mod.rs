//! Carries out committed commands: `apply(state, command) -> effects`.
//!
//! The same commands in the same order give the same state on every member, so nothing here
//! reads a clock, draws a random number or asks the disk for anything but values. What has to
//! happen besides (events for watchers, deadlines of leases) comes back as [`Effects`].

mod account;
mod alarm;
mod auth;
mod checkpoint;
mod guard;
mod kv;
mod lease;
pub mod machine;
mod member;
pub mod permit;
mod retry;
mod state;
mod tally;
mod txn;
mod values;
mod version;
pub mod worker;

pub use alarm::Alarms;
pub use checkpoint::{AlarmMeta, AuthMeta, Identity, LeaseMeta, META_KEY, Meta, MetaError};
pub use member::leave_joint;
pub use state::{Shared, State};
pub use tally::{Kind as CommandKind, Tally};
pub use txn::{execute_readonly, is_readonly, is_serializable};

use proto::etcdserverpb as pb;
use proto::mvccpb;

use crate::auth::Caller;
use crate::command::Command;
use crate::{mvcc, v2};

/// What a command answers; the header holds at most the revision.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To a put.
    Put(pb::PutResponse),
    /// To a deletion.
    DeleteRange(pb::DeleteRangeResponse),
    /// To a transaction.
    Txn(pb::TxnResponse),
    /// To a compaction.
    Compact(pb::CompactionResponse),
    /// To a grant.
    LeaseGrant(pb::LeaseGrantResponse),
    /// To a revocation.
    LeaseRevoke(pb::LeaseRevokeResponse),
    /// To an alarm raised or cleared.
    Alarm(pb::AlarmResponse),
    /// To a change of the membership: the members after it.
    Members(Vec<pb::Member>),
    /// To a change of who may do what: the store's revision.
    Auth(i64),
    /// To a user who has shown its password: the store's revision, and a token.
    Token(i64, String),
    /// To a write of API 2: what happened.
    V2(Box<v2::Event>),
    /// To commands whose only answer is that they are done.
    Done,
    /// To the word of a leader that was replaced before it was carried out: nothing was done.
    Fenced,
}

/// Why a command changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A revision that is gone or not there yet, or a value that cannot be read.
    #[error(transparent)]
    Mvcc(#[from] mvcc::Error),
    /// About a lease.
    #[error(transparent)]
    Lease(#[from] crate::lease::Error),
    /// About the membership.
    #[error(transparent)]
    Cluster(#[from] crate::cluster::Error),
    /// About who may do what.
    #[error(transparent)]
    Auth(#[from] crate::auth::Error),
    /// About the key space of API 2.
    #[error(transparent)]
    V2(#[from] v2::Error),
    /// `ignore_value` or `ignore_lease` on a key that does not exist.
    #[error("key not found")]
    KeyNotFound,
    /// The NOSPACE alarm is on.
    #[error("database space exceeded")]
    NoSpace,
    /// The CORRUPT alarm is on.
    #[error("corrupt cluster")]
    Corrupt,
}

/// What came of a command.
pub type Outcome = Result<Reply, Error>;

/// What else has to happen after a command, in order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Watchers are told: all events of one revision.
    Events(i64, Vec<mvccpb::Event>),
    /// A lease begins with so many seconds.
    LeaseGranted(crate::lease::Which, i64),
    /// A lease is gone.
    LeaseGone(i64),
    /// The history before `revision` may be removed for good.
    Compacted {
        /// The compaction before.
        previous: i64,
        /// This one.
        revision: i64,
    },
    /// The membership changed. raft is told these changes at once; there are none when only URLs
    /// changed. Who connects the members looks them up in the state.
    Membership(Vec<crate::raft::Change>),
    /// Tokens begin or end.
    Auth(crate::auth::Notice),
}

/// Effects of a batch of commands.
pub type Effects = Vec<Effect>;

/// Where a command stands in the log.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its index.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The entry's bytes and where the WAL keeps them, when values may be read from there.
    pub entry: &'a bytes::Bytes,
    /// See `entry`.
    pub position: Option<crate::wal::Position>,
    /// Who asks for it.
    pub caller: &'a Caller,
}

/// Carries out one command.
pub fn apply(
    state: &mut State,
    place: Place<'_>,
    command: Command,
    effects: &mut Effects,
) -> Outcome {
    guard::check(state, &command)?;
    permit::check(state, place.caller, &command)?;
    match command {
        Command::Put(request) => kv::put(state, place, &request, effects).map(Reply::Put),
        Command::DeleteRange(request) => {
            kv::delete_range(state, &request, effects).map(Reply::DeleteRange)
        }
        Command::Txn(request) => txn::apply(state, place, &request, effects).map(Reply::Txn),
        Command::Compact(request) => kv::compact(state, &request, effects).map(Reply::Compact),
        Command::LeaseGrant(request) => {
            lease::grant(state, place.index, &request, effects).map(Reply::LeaseGrant)
        }
        Command::LeaseRevoke(request) => {
            lease::revoke(state, request.id, effects).map(Reply::LeaseRevoke)
        }
        Command::LeaseExpire(request) => lease::expire(state, place.term, &request, effects),
        Command::LeaseCheckpoint(request) => Ok(lease::checkpoint(state, place.term, &request)),
        Command::Alarm(request) => Ok(Reply::Alarm(state.alarms.apply(&request))),
        Command::Publish(member) => {
            state
                .members
                .publish(member.id, member.name, member.client_ur_ls);
            Ok(Reply::Done)
        }
        Command::Membership(command) => {
            member::change(state, &command, effects).map(Reply::Members)
        }
        Command::Auth(request) => auth::change(state, place, &request, effects),
        Command::Version(change) => {
            version::change(&mut state.versions, &change);
            Ok(Reply::Done)
        }
        Command::V2(request) => {
            let event = state.v2.carry_out(&request)?;
            Ok(event.map_or(Reply::Done, |event| Reply::V2(Box::new(event))))
        }
    }
}

/// A header with a revision; who sends it fills in the rest.
fn header(revision: i64) -> Option<pb::ResponseHeader> {
    Some(pb::ResponseHeader {
        revision,
        ..Default::default()
    })
}

#[cfg(test)]
mod tests;
