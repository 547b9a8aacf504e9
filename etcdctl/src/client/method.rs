//! The RPCs in use: path, message types, and whether a failed call may be repeated.

use std::marker::PhantomData;

use proto::etcdserverpb as pb;

/// One RPC, with its request `Q` and reply `R`.
pub(crate) struct Method<Q, R> {
    /// `/package.Service/Method`.
    pub(crate) path: &'static str,
    /// It changes nothing, or nothing a second time.
    pub(crate) repeatable: bool,
    types: PhantomData<fn(Q) -> R>,
}

impl<Q, R> Method<Q, R> {
    const fn repeatable(path: &'static str) -> Self {
        Self {
            path,
            repeatable: true,
            types: PhantomData,
        }
    }

    const fn once(path: &'static str) -> Self {
        Self {
            path,
            repeatable: false,
            types: PhantomData,
        }
    }
}

macro_rules! methods {
    ($($name:ident: $how:ident $path:literal, $request:ident => $reply:ident;)*) => {
        $(
            #[doc = concat!("`", $path, "`")]
            pub(crate) const $name: Method<pb::$request, pb::$reply> = Method::$how($path);
        )*
    };
}

methods! {
    RANGE: repeatable "/etcdserverpb.KV/Range", RangeRequest => RangeResponse;
    RANGE_STREAM: once "/etcdserverpb.KV/RangeStream", RangeRequest => RangeStreamResponse;
    PUT: once "/etcdserverpb.KV/Put", PutRequest => PutResponse;
    DELETE_RANGE: once "/etcdserverpb.KV/DeleteRange", DeleteRangeRequest => DeleteRangeResponse;
    TXN: once "/etcdserverpb.KV/Txn", TxnRequest => TxnResponse;
    COMPACT: once "/etcdserverpb.KV/Compact", CompactionRequest => CompactionResponse;
    WATCH: once "/etcdserverpb.Watch/Watch", WatchRequest => WatchResponse;
    LEASE_GRANT: repeatable "/etcdserverpb.Lease/LeaseGrant", LeaseGrantRequest => LeaseGrantResponse;
    LEASE_REVOKE: repeatable "/etcdserverpb.Lease/LeaseRevoke", LeaseRevokeRequest => LeaseRevokeResponse;
    LEASE_KEEP_ALIVE: once "/etcdserverpb.Lease/LeaseKeepAlive", LeaseKeepAliveRequest => LeaseKeepAliveResponse;
    LEASE_TIME_TO_LIVE: repeatable "/etcdserverpb.Lease/LeaseTimeToLive", LeaseTimeToLiveRequest => LeaseTimeToLiveResponse;
    LEASE_LEASES: repeatable "/etcdserverpb.Lease/LeaseLeases", LeaseLeasesRequest => LeaseLeasesResponse;
    MEMBER_LIST: repeatable "/etcdserverpb.Cluster/MemberList", MemberListRequest => MemberListResponse;
    ALARM: repeatable "/etcdserverpb.Maintenance/Alarm", AlarmRequest => AlarmResponse;
    STATUS: repeatable "/etcdserverpb.Maintenance/Status", StatusRequest => StatusResponse;
    HASH_KV: repeatable "/etcdserverpb.Maintenance/HashKV", HashKvRequest => HashKvResponse;
    DEFRAGMENT: once "/etcdserverpb.Maintenance/Defragment", DefragmentRequest => DefragmentResponse;
    SNAPSHOT: once "/etcdserverpb.Maintenance/Snapshot", SnapshotRequest => SnapshotResponse;
    AUTHENTICATE: once "/etcdserverpb.Auth/Authenticate", AuthenticateRequest => AuthenticateResponse;
}
