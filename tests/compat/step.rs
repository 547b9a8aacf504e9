//! One step of a comparison: a request that both sides get, or something done on a watch stream.
//!
//! Steps are plain values, so that a failing run can be played again with some of them left out.
//! They name things that differ between the sides by placeholders (see [`crate::ids`]).

use proto::etcdserverpb::{
    AlarmRequest, CompactionRequest, DeleteRangeRequest, HashKvRequest, LeaseGrantRequest,
    LeaseRevokeRequest, LeaseTimeToLiveRequest, MemberListRequest, PutRequest, RangeRequest,
    TxnRequest, WatchCreateRequest,
};
use proto::v3electionpb::{CampaignRequest, LeaderRequest, ProclaimRequest, ResignRequest};
use proto::v3lockpb::{LockRequest, UnlockRequest};

use crate::raw::RawCall;

/// What is sent to both sides, one after the other step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Range(RangeRequest),
    RangeStream(RangeRequest),
    Put(PutRequest),
    DeleteRange(DeleteRangeRequest),
    Txn(TxnRequest),
    Compact(CompactionRequest),
    Grant(LeaseGrantRequest),
    Revoke(LeaseRevokeRequest),
    /// One stream: all ids are sent, then as many replies are read, then it is half-closed.
    KeepAlive(Vec<i64>),
    TimeToLive(LeaseTimeToLiveRequest),
    Leases,
    Alarm(AlarmRequest),
    Status,
    Hash,
    /// `comparable` is false once a stored key or value holds an id which the server picked.
    HashKv {
        request: HashKvRequest,
        comparable: bool,
    },
    Defragment,
    Snapshot,
    MemberList(MemberListRequest),
    AuthStatus,
    /// `waits`: another one holds the lock, so the call is expected to block.
    Lock {
        request: LockRequest,
        waits: bool,
    },
    Unlock(UnlockRequest),
    /// `waits` as for [`Step::Lock`].
    Campaign {
        request: CampaignRequest,
        waits: bool,
    },
    Proclaim(ProclaimRequest),
    Leader(LeaderRequest),
    /// Reads the first message only; it blocks while nobody leads.
    Observe(LeaderRequest),
    Resign(ResignRequest),
    /// A health check of this service name.
    Health(String),
    /// The first message of a health watch.
    HealthWatch(String),
    Watch(WatchStep),
    /// Waits until every watch stream has brought the same on both sides and is still, then
    /// compares what came. `patient` waits for the servers' catch-up loops too.
    Quiesce {
        patient: bool,
    },
    /// Sends the step and does not wait for its reply; one at a time.
    Start(Box<Step>),
    /// Waits for the reply to what was started.
    Join,
    /// Stops both servers by SIGTERM and starts them again on their data. Watch streams must be
    /// closed before.
    Restart,
    /// Waits until a range over all keys with this prefix counts this many.
    AwaitCount {
        prefix: Vec<u8>,
        count: i64,
    },
    /// Waits until the status tells this storage version.
    AwaitStorage(&'static str),
    /// Waits until some alarm is on, or none, for so many seconds at most, and tells whether it is
    /// so.
    AwaitAlarms {
        raised: bool,
        seconds: u8,
    },
    /// A call made of bytes, for what a well-behaved client never sends.
    Raw(RawCall),
}

/// Something done on the watch stream of this number, which is opened at its first use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WatchStep {
    /// `wait`: until the reply is there. Without, the start revision must be explicit.
    Create {
        stream: u8,
        request: WatchCreateRequest,
        wait: bool,
    },
    /// `wait`: the id is one that a watch has.
    Cancel { stream: u8, id: i64, wait: bool },
    /// Asks for progress. With `answered` again and again until a reply comes: a server is
    /// silent while one watch of the stream is behind. Without, a short while for none to come.
    Progress { stream: u8, answered: bool },
    /// Waits for a progress reply that nobody asked for, with this watch's own id.
    Notified { stream: u8, id: i64 },
    /// A request without a union.
    Empty { stream: u8 },
    /// Ends the sending half. The server goes on sending.
    HalfClose { stream: u8 },
    /// Gives the stream up.
    Close { stream: u8 },
}

impl Step {
    /// The name under which differences are counted.
    pub(crate) fn rpc(&self) -> &'static str {
        match self {
            Step::Range(_) => "Range",
            Step::RangeStream(_) => "RangeStream",
            Step::Put(_) => "Put",
            Step::DeleteRange(_) => "DeleteRange",
            Step::Txn(_) => "Txn",
            Step::Compact(_) => "Compact",
            Step::Grant(_) => "LeaseGrant",
            Step::Revoke(_) => "LeaseRevoke",
            Step::KeepAlive(_) => "LeaseKeepAlive",
            Step::TimeToLive(_) => "LeaseTimeToLive",
            Step::Leases => "LeaseLeases",
            Step::Alarm(_) => "Alarm",
            Step::Status => "Status",
            Step::Hash => "Hash",
            Step::HashKv { .. } => "HashKV",
            Step::Defragment => "Defragment",
            Step::Snapshot => "Snapshot",
            Step::MemberList(_) => "MemberList",
            Step::AuthStatus => "AuthStatus",
            Step::Lock { .. } => "Lock",
            Step::Unlock(_) => "Unlock",
            Step::Campaign { .. } => "Campaign",
            Step::Proclaim(_) => "Proclaim",
            Step::Leader(_) => "Leader",
            Step::Observe(_) => "Observe",
            Step::Resign(_) => "Resign",
            Step::Health(_) => "Health.Check",
            Step::HealthWatch(_) => "Health.Watch",
            Step::Watch(WatchStep::Create { .. }) => "Watch create",
            Step::Watch(WatchStep::Cancel { .. }) => "Watch cancel",
            Step::Watch(WatchStep::Progress { .. }) => "Watch progress",
            Step::Watch(WatchStep::Notified { .. }) => "Watch progress by itself",
            Step::Watch(WatchStep::Empty { .. }) => "Watch empty",
            Step::Watch(WatchStep::HalfClose { .. }) => "Watch half-close",
            Step::Watch(WatchStep::Close { .. }) => "Watch close",
            Step::Quiesce { .. } => "Watch events",
            Step::Start(step) => step.rpc(),
            Step::Restart => "restart",
            Step::Join => "started step",
            Step::AwaitCount { .. } | Step::AwaitStorage(_) | Step::AwaitAlarms { .. } => "wait",
            Step::Raw(_) => "raw call",
        }
    }

    /// True for a step that changes nothing on a server.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(
            self,
            Step::Range(_)
                | Step::RangeStream(_)
                | Step::TimeToLive(_)
                | Step::Leases
                | Step::Status
                | Step::Hash
                | Step::HashKv { .. }
                | Step::Snapshot
                | Step::MemberList(_)
                | Step::AuthStatus
                | Step::Leader(_)
                | Step::Observe(_)
                | Step::Health(_)
                | Step::HealthWatch(_)
        )
    }

    /// True for a step which asks a server for something, as against the driver's own waits.
    pub(crate) fn is_request(&self) -> bool {
        !matches!(
            self,
            Step::Quiesce { .. }
                | Step::AwaitCount { .. }
                | Step::AwaitStorage(_)
                | Step::AwaitAlarms { .. }
                | Step::Join
                | Step::Restart
        )
    }
}
