//! What came back for a step, in the form in which the sides are compared.

use std::collections::BTreeMap;

use proto::etcdserverpb as pb;
use proto::health::HealthCheckResponse;
use proto::mvccpb::Event;
use proto::{v3electionpb as election, v3lockpb as lock};

use crate::raw::RawReply;

/// How a step ended on one side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Reply(Box<Reply>),
    /// A gRPC status that is not OK.
    Error {
        code: tonic::Code,
        message: String,
    },
    /// Neither side replied within the time in which a call that can reply does.
    Blocked,
    /// No reply at all, although one was due.
    Hung,
}

impl Outcome {
    pub(crate) fn reply(&self) -> Option<&Reply> {
        match self {
            Outcome::Reply(reply) => Some(reply),
            _ => None,
        }
    }
}

impl From<tonic::Status> for Outcome {
    fn from(status: tonic::Status) -> Outcome {
        Outcome::Error {
            code: status.code(),
            message: status.message().to_owned(),
        }
    }
}

/// The reply of each kind of step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    Range(pb::RangeResponse),
    /// The chunks put together. `trailing` is false when a header, a count or `more` came before
    /// the last message.
    RangeStream {
        whole: pb::RangeResponse,
        trailing: bool,
    },
    Put(pb::PutResponse),
    DeleteRange(pb::DeleteRangeResponse),
    Txn(pb::TxnResponse),
    Compact(pb::CompactionResponse),
    Grant(pb::LeaseGrantResponse),
    Revoke(pb::LeaseRevokeResponse),
    KeepAlive(Vec<pb::LeaseKeepAliveResponse>),
    TimeToLive(pb::LeaseTimeToLiveResponse),
    Leases(pb::LeaseLeasesResponse),
    Alarm(pb::AlarmResponse),
    Status(pb::StatusResponse),
    Hash(pb::HashResponse),
    HashKv(pb::HashKvResponse),
    Defragment(pb::DefragmentResponse),
    Snapshot(SnapshotShape),
    MemberList(pb::MemberListResponse),
    AuthStatus(pb::AuthStatusResponse),
    Lock(lock::LockResponse),
    Unlock(lock::UnlockResponse),
    Campaign(election::CampaignResponse),
    Proclaim(election::ProclaimResponse),
    Leader(election::LeaderResponse),
    Resign(election::ResignResponse),
    Health(HealthCheckResponse),
    /// The control reply that a watch request brought; none for one which has no reply.
    Control(Option<Item>),
    /// The revision of a progress reply; none when none came.
    Progress(Option<i64>),
    /// Everything since the last time, by stream and watch.
    Logs(Logs),
    /// The wait ended well.
    Waited(bool),
    Raw(RawReply),
}

/// The messages of a snapshot, whose data differs between servers by design.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SnapshotShape {
    /// `version` of the first message.
    pub(crate) version: String,
    /// Every message has a header with a revision of zero, or has none; else false.
    pub(crate) headers: Vec<String>,
    /// No chunk is larger than 32 KiB.
    pub(crate) small_chunks: bool,
    /// `remaining_bytes` always is what later chunks bring.
    pub(crate) counts_down: bool,
    /// The last message is the SHA-256 of the data before it.
    pub(crate) checksum: bool,
    /// The data is a whole number of 512-byte pages.
    pub(crate) pages: bool,
}

/// The items of every watch by (stream, watch id).
pub(crate) type Logs = BTreeMap<(u8, i64), Vec<Item>>;

/// One thing that a watch brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// A reply with `created`.
    Created {
        /// None when the watch was created while writes went on.
        revision: Option<i64>,
        canceled: bool,
        compact_revision: i64,
        reason: String,
    },
    Event(Event),
    /// A reply with `canceled` alone.
    Canceled {
        revision: i64,
        compact_revision: i64,
        reason: String,
    },
    /// A rule of the stream was broken: a split revision, a wrong fragment flag, and so on.
    Fault(String),
    /// The stream ended with this status.
    Ended(String),
}
