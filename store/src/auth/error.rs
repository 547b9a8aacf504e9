//! Why something is not permitted, or cannot be changed.

/// Each has its own text and code in etcd; see `rpc/status.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Authentication cannot be enabled without it.
    #[error("root user does not exist")]
    RootUserNotFound,
    /// Authentication cannot be enabled without it.
    #[error("root user does not have root role")]
    RootRoleNotGranted,
    /// A user of that name exists.
    #[error("user name already exists")]
    UserExists,
    /// Nobody is named.
    #[error("user name is empty")]
    UserEmpty,
    /// There is no such user.
    #[error("user name not found")]
    UserNotFound,
    /// A role of that name exists.
    #[error("role name already exists")]
    RoleExists,
    /// There is no such role.
    #[error("role name not found")]
    RoleNotFound,
    /// No role is named.
    #[error("role name is empty")]
    RoleEmpty,
    /// Wrong name or password.
    #[error("authentication failed, invalid user ID or password")]
    Failed,
    /// The user has no password, but one was given; or what should be a hashed one is none.
    #[error("authentication failed, password was given for no password user")]
    NoPasswordUser,
    /// A request to grant a permission that names none.
    #[error("permission not given")]
    PermissionNotGiven,
    /// The user may not do that.
    #[error("permission denied")]
    PermissionDenied,
    /// The user does not have the role.
    #[error("role is not granted to the user")]
    RoleNotGranted,
    /// The role does not have the permission.
    #[error("permission is not granted to the role")]
    PermissionNotGranted,
    /// There is nothing to authenticate for.
    #[error("authentication is not enabled")]
    NotEnabled,
    /// The token is not one that counts.
    #[error("invalid auth token")]
    InvalidToken,
    /// It would leave nobody in charge; or a range that is none.
    #[error("invalid auth management")]
    InvalidManagement,
    /// The tables have changed since the caller was found out.
    #[error("revision of auth store is old")]
    OldRevision,
    /// Tokens are signed elsewhere: only the public key is here.
    #[error("token signing attempted with verify-only key")]
    VerifyOnly,
    /// A token cannot be signed.
    #[error("the token cannot be signed")]
    Signing,
    /// bcrypt takes no more than 72 bytes.
    #[error("bcrypt: password length exceeds 72 bytes")]
    PasswordTooLong,
}
