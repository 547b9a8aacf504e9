//! What can be called, and by whom.

use proto::etcdserverpb as pb;

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    Nobody,
    /// With the last token of this user.
    User(String),
    /// With this for a token.
    Token(String),
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Enable,
    Disable,
    AuthStatus,
    Authenticate(pb::AuthenticateRequest),
    UserAdd(pb::AuthUserAddRequest),
    UserDelete(pb::AuthUserDeleteRequest),
    UserChangePassword(pb::AuthUserChangePasswordRequest),
    UserGrantRole(pb::AuthUserGrantRoleRequest),
    UserRevokeRole(pb::AuthUserRevokeRoleRequest),
    UserGet(pb::AuthUserGetRequest),
    UserList,
    RoleAdd(pb::AuthRoleAddRequest),
    RoleDelete(pb::AuthRoleDeleteRequest),
    RoleGrantPermission(pb::AuthRoleGrantPermissionRequest),
    RoleRevokePermission(pb::AuthRoleRevokePermissionRequest),
    RoleGet(pb::AuthRoleGetRequest),
    RoleList,
    Put(pb::PutRequest),
    Range(pb::RangeRequest),
    RangeStream(pb::RangeRequest),
    DeleteRange(pb::DeleteRangeRequest),
    Txn(pb::TxnRequest),
    Compact(pb::CompactionRequest),
    /// The first answer of a stream with this watch alone.
    Watch(pb::WatchCreateRequest),
    LeaseGrant(pb::LeaseGrantRequest),
    LeaseRevoke(pb::LeaseRevokeRequest),
    /// The first answer of a stream with this request alone.
    LeaseKeepAlive(pb::LeaseKeepAliveRequest),
    LeaseTimeToLive(pb::LeaseTimeToLiveRequest),
    LeaseLeases,
    MemberList,
    MemberPromote,
    Status,
    HashKv,
    Defragment,
    MoveLeader,
    Alarm(pb::AlarmRequest),
    Lock(proto::v3lockpb::LockRequest),
    Unlock(proto::v3lockpb::UnlockRequest),
    Leader(proto::v3electionpb::LeaderRequest),
}
