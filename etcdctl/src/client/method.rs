//! The RPCs in use: path, message types, and whether a failed call may be repeated.

use std::marker::PhantomData;

use proto::{etcdserverpb as pb, v3electionpb as election, v3lockpb as lock};

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
    ($($name:ident: $how:ident $path:literal, $package:ident::$request:ident => $reply:ident;)*) => {
        $(
            #[doc = concat!("`", $path, "`")]
            pub(crate) const $name: Method<$package::$request, $package::$reply> =
                Method::$how($path);
        )*
    };
}

methods! {
    RANGE: repeatable "/etcdserverpb.KV/Range", pb::RangeRequest => RangeResponse;
    RANGE_STREAM: once "/etcdserverpb.KV/RangeStream", pb::RangeRequest => RangeStreamResponse;
    PUT: once "/etcdserverpb.KV/Put", pb::PutRequest => PutResponse;
    DELETE_RANGE: once "/etcdserverpb.KV/DeleteRange", pb::DeleteRangeRequest => DeleteRangeResponse;
    TXN: once "/etcdserverpb.KV/Txn", pb::TxnRequest => TxnResponse;
    COMPACT: once "/etcdserverpb.KV/Compact", pb::CompactionRequest => CompactionResponse;
    WATCH: once "/etcdserverpb.Watch/Watch", pb::WatchRequest => WatchResponse;
    LEASE_GRANT: repeatable "/etcdserverpb.Lease/LeaseGrant", pb::LeaseGrantRequest => LeaseGrantResponse;
    LEASE_REVOKE: repeatable "/etcdserverpb.Lease/LeaseRevoke", pb::LeaseRevokeRequest => LeaseRevokeResponse;
    LEASE_KEEP_ALIVE: once "/etcdserverpb.Lease/LeaseKeepAlive", pb::LeaseKeepAliveRequest => LeaseKeepAliveResponse;
    LEASE_TIME_TO_LIVE: repeatable "/etcdserverpb.Lease/LeaseTimeToLive", pb::LeaseTimeToLiveRequest => LeaseTimeToLiveResponse;
    LEASE_LEASES: repeatable "/etcdserverpb.Lease/LeaseLeases", pb::LeaseLeasesRequest => LeaseLeasesResponse;
    MEMBER_LIST: repeatable "/etcdserverpb.Cluster/MemberList", pb::MemberListRequest => MemberListResponse;
    MEMBER_ADD: once "/etcdserverpb.Cluster/MemberAdd", pb::MemberAddRequest => MemberAddResponse;
    MEMBER_REMOVE: once "/etcdserverpb.Cluster/MemberRemove", pb::MemberRemoveRequest => MemberRemoveResponse;
    MEMBER_UPDATE: once "/etcdserverpb.Cluster/MemberUpdate", pb::MemberUpdateRequest => MemberUpdateResponse;
    MEMBER_PROMOTE: once "/etcdserverpb.Cluster/MemberPromote", pb::MemberPromoteRequest => MemberPromoteResponse;
    ALARM: repeatable "/etcdserverpb.Maintenance/Alarm", pb::AlarmRequest => AlarmResponse;
    STATUS: repeatable "/etcdserverpb.Maintenance/Status", pb::StatusRequest => StatusResponse;
    HASH_KV: repeatable "/etcdserverpb.Maintenance/HashKV", pb::HashKvRequest => HashKvResponse;
    DEFRAGMENT: once "/etcdserverpb.Maintenance/Defragment", pb::DefragmentRequest => DefragmentResponse;
    MOVE_LEADER: repeatable "/etcdserverpb.Maintenance/MoveLeader", pb::MoveLeaderRequest => MoveLeaderResponse;
    SNAPSHOT: once "/etcdserverpb.Maintenance/Snapshot", pb::SnapshotRequest => SnapshotResponse;
    AUTHENTICATE: once "/etcdserverpb.Auth/Authenticate", pb::AuthenticateRequest => AuthenticateResponse;
    DOWNGRADE: once "/etcdserverpb.Maintenance/Downgrade", pb::DowngradeRequest => DowngradeResponse;
    AUTH_ENABLE: once "/etcdserverpb.Auth/AuthEnable", pb::AuthEnableRequest => AuthEnableResponse;
    AUTH_DISABLE: once "/etcdserverpb.Auth/AuthDisable", pb::AuthDisableRequest => AuthDisableResponse;
    AUTH_STATUS: once "/etcdserverpb.Auth/AuthStatus", pb::AuthStatusRequest => AuthStatusResponse;
    USER_ADD: once "/etcdserverpb.Auth/UserAdd", pb::AuthUserAddRequest => AuthUserAddResponse;
    USER_GET: repeatable "/etcdserverpb.Auth/UserGet", pb::AuthUserGetRequest => AuthUserGetResponse;
    USER_LIST: repeatable "/etcdserverpb.Auth/UserList", pb::AuthUserListRequest => AuthUserListResponse;
    USER_DELETE: once "/etcdserverpb.Auth/UserDelete", pb::AuthUserDeleteRequest => AuthUserDeleteResponse;
    USER_CHANGE_PASSWORD: once "/etcdserverpb.Auth/UserChangePassword", pb::AuthUserChangePasswordRequest => AuthUserChangePasswordResponse;
    USER_GRANT_ROLE: once "/etcdserverpb.Auth/UserGrantRole", pb::AuthUserGrantRoleRequest => AuthUserGrantRoleResponse;
    USER_REVOKE_ROLE: once "/etcdserverpb.Auth/UserRevokeRole", pb::AuthUserRevokeRoleRequest => AuthUserRevokeRoleResponse;
    ROLE_ADD: once "/etcdserverpb.Auth/RoleAdd", pb::AuthRoleAddRequest => AuthRoleAddResponse;
    ROLE_GET: repeatable "/etcdserverpb.Auth/RoleGet", pb::AuthRoleGetRequest => AuthRoleGetResponse;
    ROLE_LIST: repeatable "/etcdserverpb.Auth/RoleList", pb::AuthRoleListRequest => AuthRoleListResponse;
    ROLE_DELETE: once "/etcdserverpb.Auth/RoleDelete", pb::AuthRoleDeleteRequest => AuthRoleDeleteResponse;
    ROLE_GRANT_PERMISSION: once "/etcdserverpb.Auth/RoleGrantPermission", pb::AuthRoleGrantPermissionRequest => AuthRoleGrantPermissionResponse;
    ROLE_REVOKE_PERMISSION: once "/etcdserverpb.Auth/RoleRevokePermission", pb::AuthRoleRevokePermissionRequest => AuthRoleRevokePermissionResponse;
    LOCK: once "/v3lockpb.Lock/Lock", lock::LockRequest => LockResponse;
    UNLOCK: once "/v3lockpb.Lock/Unlock", lock::UnlockRequest => UnlockResponse;
    CAMPAIGN: once "/v3electionpb.Election/Campaign", election::CampaignRequest => CampaignResponse;
    OBSERVE: once "/v3electionpb.Election/Observe", election::LeaderRequest => LeaderResponse;
    RESIGN: once "/v3electionpb.Election/Resign", election::ResignRequest => ResignResponse;
}
