//! The one table that turns what went wrong into gRPC: code and text as etcd has them.
//!
//! Clients of etcd recognise an error by its text, so the texts are part of the wire contract
//! (api/v3rpc/rpctypes in etcd).

use tonic::{Code, Status};

use crate::raft::{ProposeError, ReadError};
use crate::{apply, auth, cluster, lease, mvcc};

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $code:ident, $text:literal;)*) => {
        $($(#[$doc])* pub(super) fn $name() -> Status { Status::new(Code::$code, $text) })*
    };
}

errors! {
    empty_key = InvalidArgument, "etcdserver: key is not provided";
    key_not_found = InvalidArgument, "etcdserver: key not found";
    value_provided = InvalidArgument, "etcdserver: value is provided";
    lease_provided = InvalidArgument, "etcdserver: lease is provided";
    too_many_ops = InvalidArgument, "etcdserver: too many operations in txn request";
    duplicate_key = InvalidArgument, "etcdserver: duplicate key given in txn request";
    invalid_sort_option = InvalidArgument, "etcdserver: invalid sort option";
    invalid_client_api_version = InvalidArgument, "etcdserver: invalid client api version";
    request_too_large = InvalidArgument, "etcdserver: request is too large";
    /// Ours alone: etcd does not survive it.
    unknown_alarm_action = InvalidArgument, "etcdserver: unknown alarm action";
    compacted = OutOfRange, "etcdserver: mvcc: required revision has been compacted";
    future_revision = OutOfRange, "etcdserver: mvcc: required revision is a future revision";
    lease_ttl_too_large = OutOfRange, "etcdserver: too large lease TTL";
    member_not_found = NotFound, "etcdserver: member not found";
    member_exists = FailedPrecondition, "etcdserver: member ID already exist";
    peer_url_exists = FailedPrecondition, "etcdserver: Peer URLs already exists";
    member_not_learner = FailedPrecondition, "etcdserver: can only promote a learner member";
    learner_not_ready = FailedPrecondition, "etcdserver: can only promote a learner member which is in sync with leader";
    too_many_learners = FailedPrecondition, "etcdserver: too many learner members in cluster";
    wrong_downgrade_version_format = InvalidArgument, "etcdserver: wrong downgrade target version format";
    unknown_method = Unknown, "etcdserver: unknown method";
    bad_member_urls = InvalidArgument, "etcdserver: given member URLs are invalid";
    unhealthy = Unavailable, "etcdserver: unhealthy cluster";
    /// etcd loses this error's code on the way.
    not_enough_started = Unknown, "etcdserver: re-configuration failed due to not enough started members";
    not_for_learners = FailedPrecondition, "etcdserver: rpc not supported for learner";
    lease_not_found = NotFound, "etcdserver: requested lease not found";
    lease_exists = FailedPrecondition, "etcdserver: lease already exists";
    auth_not_enabled = FailedPrecondition, "etcdserver: authentication is not enabled";
    root_user_not_found = FailedPrecondition, "etcdserver: root user does not exist";
    root_role_not_granted = FailedPrecondition, "etcdserver: root user does not have root role";
    user_exists = FailedPrecondition, "etcdserver: user name already exists";
    user_empty = InvalidArgument, "etcdserver: user name is empty";
    user_not_found = FailedPrecondition, "etcdserver: user name not found";
    role_exists = FailedPrecondition, "etcdserver: role name already exists";
    role_not_found = FailedPrecondition, "etcdserver: role name not found";
    role_empty = InvalidArgument, "etcdserver: role name is empty";
    auth_failed = InvalidArgument, "etcdserver: authentication failed, invalid user ID or password";
    permission_not_given = InvalidArgument, "etcdserver: permission not given";
    permission_denied = PermissionDenied, "etcdserver: permission denied";
    role_not_granted = FailedPrecondition, "etcdserver: role is not granted to the user";
    permission_not_granted = FailedPrecondition, "etcdserver: permission is not granted to the role";
    invalid_auth_token = Unauthenticated, "etcdserver: invalid auth token";
    invalid_auth_management = InvalidArgument, "etcdserver: invalid auth management";
    auth_old_revision = InvalidArgument, "etcdserver: revision of auth store is old";
    /// etcd has no code for it, nor for the three behind it.
    no_password_user = Unknown, "auth: authentication failed, password was given for no password user";
    verify_only = Unknown, "auth: token signing attempted with verify-only key";
    token_not_signed = Unknown, "auth: the token cannot be signed";
    password_too_long = Unknown, "bcrypt: password length exceeds 72 bytes";
    no_space = ResourceExhausted, "etcdserver: mvcc: database space exceeded";
    no_leader = Unavailable, "etcdserver: no leader";
    leader_changed = Unavailable, "etcdserver: leader changed";
    stopped = Unavailable, "etcdserver: server stopped";
    timeout = Unavailable, "etcdserver: request timed out";
    timeout_leader_failure = Unavailable, "etcdserver: request timed out, possibly due to previous leader failure";
    timeout_connection_lost = Unavailable, "etcdserver: request timed out, possibly due to connection lost";
    corrupt = DataLoss, "etcdserver: corrupt cluster";
    not_leader = FailedPrecondition, "etcdserver: not leader";
    bad_leader_transferee = FailedPrecondition, "etcdserver: bad leader transferee";
    /// etcd loses this error's code on the way.
    too_many_requests = Unknown, "etcdserver: too many requests";
    /// etcd has no code for it.
    leader_transfer_timeout = Unknown, "etcdserver: request timed out, leader transfer took too long";
    range_stream_sort = Unimplemented, "RangeStream does not support custom sort orders";
    range_stream_filter = Unimplemented, "RangeStream does not support revision filters";
    no_leader_key = Unknown, "\"leader\" field must be provided";
    election_no_leader = Unknown, "election: no leader";
}

impl From<cluster::DowngradeError> for Status {
    fn from(error: cluster::DowngradeError) -> Self {
        let code = match error {
            cluster::DowngradeError::Target => Code::InvalidArgument,
            cluster::DowngradeError::InProgress | cluster::DowngradeError::None => {
                Code::FailedPrecondition
            }
        };
        Status::new(code, error.to_string())
    }
}

impl From<ProposeError> for Status {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::NoLeader => no_leader(),
            ProposeError::TooManyRequests => too_many_requests(),
            ProposeError::TooLarge => request_too_large(),
            ProposeError::Timeout => timeout(),
            ProposeError::Stopped => stopped(),
            ProposeError::NoSpace => no_space(),
        }
    }
}

impl From<ReadError> for Status {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Timeout => timeout(),
            ReadError::LeaderChanged => leader_changed(),
            ReadError::Stopped => stopped(),
        }
    }
}

impl From<apply::Error> for Status {
    fn from(error: apply::Error) -> Self {
        match error {
            apply::Error::Mvcc(error) => error.into(),
            apply::Error::Lease(error) => error.into(),
            apply::Error::Cluster(error) => error.into(),
            apply::Error::Auth(error) => error.into(),
            // No call of API 3 gets one.
            apply::Error::V2(error) => Status::unknown(error.to_string()),
            apply::Error::KeyNotFound => key_not_found(),
            apply::Error::NoSpace => no_space(),
            apply::Error::Corrupt => corrupt(),
        }
    }
}

impl From<auth::Error> for Status {
    fn from(error: auth::Error) -> Self {
        match error {
            auth::Error::RootUserNotFound => root_user_not_found(),
            auth::Error::RootRoleNotGranted => root_role_not_granted(),
            auth::Error::UserExists => user_exists(),
            auth::Error::UserEmpty => user_empty(),
            auth::Error::UserNotFound => user_not_found(),
            auth::Error::RoleExists => role_exists(),
            auth::Error::RoleNotFound => role_not_found(),
            auth::Error::RoleEmpty => role_empty(),
            auth::Error::Failed => auth_failed(),
            auth::Error::NoPasswordUser => no_password_user(),
            auth::Error::PermissionNotGiven => permission_not_given(),
            auth::Error::PermissionDenied => permission_denied(),
            auth::Error::RoleNotGranted => role_not_granted(),
            auth::Error::PermissionNotGranted => permission_not_granted(),
            auth::Error::NotEnabled => auth_not_enabled(),
            auth::Error::InvalidToken => invalid_auth_token(),
            auth::Error::InvalidManagement => invalid_auth_management(),
            auth::Error::OldRevision => auth_old_revision(),
            auth::Error::VerifyOnly => verify_only(),
            auth::Error::Signing => token_not_signed(),
            auth::Error::PasswordTooLong => password_too_long(),
        }
    }
}

impl From<cluster::Error> for Status {
    fn from(error: cluster::Error) -> Self {
        match error {
            cluster::Error::NotFound => member_not_found(),
            cluster::Error::Exists => member_exists(),
            cluster::Error::PeerUrlExists => peer_url_exists(),
            cluster::Error::NotLearner => member_not_learner(),
            cluster::Error::LearnerNotReady => learner_not_ready(),
            cluster::Error::TooManyLearners => too_many_learners(),
            cluster::Error::NotEnoughStarted => not_enough_started(),
            // etcd lets the second change wait until it times out.
            cluster::Error::Unhealthy | cluster::Error::Pending => unhealthy(),
        }
    }
}

impl From<lease::Error> for Status {
    fn from(error: lease::Error) -> Self {
        match error {
            lease::Error::NotFound => lease_not_found(),
            lease::Error::Exists => lease_exists(),
            lease::Error::TtlTooLarge => lease_ttl_too_large(),
        }
    }
}

impl From<mvcc::Error> for Status {
    fn from(error: mvcc::Error) -> Self {
        match error {
            mvcc::Error::Compacted => compacted(),
            mvcc::Error::Future => future_revision(),
            mvcc::Error::KeyNotFound => key_not_found(),
            other => Self::internal(other.to_string()),
        }
    }
}
