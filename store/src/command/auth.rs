//! A change of who may do what, as it is replicated.

use prost::{Message, Oneof};
use proto::etcdserverpb as pb;

use super::DecodeError;

/// See the module.
#[derive(Clone, PartialEq, Message)]
pub struct Auth {
    /// The change; always there.
    #[prost(oneof = "AuthChange", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12")]
    pub change: Option<AuthChange>,
}

/// The requests of clients, as they came over the wire; but passwords have been hashed, and who
/// authenticates has shown its own before.
#[derive(Clone, PartialEq, Oneof)]
pub enum AuthChange {
    /// Requests must say who they come from.
    #[prost(message, tag = "1")]
    Enable(pb::AuthEnableRequest),
    /// They need not any more.
    #[prost(message, tag = "2")]
    Disable(pb::AuthDisableRequest),
    /// A user gets a simple token.
    #[prost(message, tag = "3")]
    Assign(Assign),
    /// A new user.
    #[prost(message, tag = "4")]
    UserAdd(pb::AuthUserAddRequest),
    /// A user goes.
    #[prost(message, tag = "5")]
    UserDelete(pb::AuthUserDeleteRequest),
    /// Another password.
    #[prost(message, tag = "6")]
    UserChangePassword(pb::AuthUserChangePasswordRequest),
    /// A user gets a role.
    #[prost(message, tag = "7")]
    UserGrantRole(pb::AuthUserGrantRoleRequest),
    /// A user loses a role.
    #[prost(message, tag = "8")]
    UserRevokeRole(pb::AuthUserRevokeRoleRequest),
    /// A new role.
    #[prost(message, tag = "9")]
    RoleAdd(pb::AuthRoleAddRequest),
    /// A role goes.
    #[prost(message, tag = "10")]
    RoleDelete(pb::AuthRoleDeleteRequest),
    /// A role permits more.
    #[prost(message, tag = "11")]
    RoleGrantPermission(pb::AuthRoleGrantPermissionRequest),
    /// A role permits less.
    #[prost(message, tag = "12")]
    RoleRevokePermission(pb::AuthRoleRevokePermissionRequest),
}

/// A user gets a simple token.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Assign {
    /// Whose it is.
    #[prost(string, tag = "1")]
    pub user: String,
    /// Its random letters; the command's index is put behind them.
    #[prost(string, tag = "2")]
    pub letters: String,
}

impl From<AuthChange> for Auth {
    fn from(change: AuthChange) -> Self {
        Self {
            change: Some(change),
        }
    }
}

impl Auth {
    /// protobuf passes over what it does not know; a member must not.
    pub(super) fn check(&self) -> Result<(), DecodeError> {
        match self.change {
            Some(_) => Ok(()),
            None => Err(DecodeError::Auth),
        }
    }
}
