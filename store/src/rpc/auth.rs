//! Auth: AuthEnable, AuthDisable, AuthStatus, Authenticate, and what is done to users and roles.
//!
//! Changes go through the log, and passwords are hashed before. What only asks is a linearizable
//! read; etcd sends that through its log too, which shows in nothing but its index.

use std::sync::Arc;

use proto::authpb::UserAddOptions;
use proto::etcdserverpb as pb;
use tonic::{Request, Response, Status};

use super::credentials::Credentials;
use super::{Member, mismatched};
use crate::apply::{Reply, State};
use crate::auth::{Caller, Error, Passwords, Scheme, letters};
use crate::command::{Assign, AuthChange, Command};

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl pb::auth_server::Auth for Service {
    async fn auth_status(
        &self,
        request: Request<pb::AuthStatusRequest>,
    ) -> Result<Response<pb::AuthStatusResponse>, Status> {
        let by = self.0.credentials(&request);
        let look = |state: &State, _: &Caller| Ok((state.auth.is_enabled(), state.auth.revision()));
        let (header, (enabled, auth_revision)) = self.0.look(&by, look).await?;
        Ok(Response::new(pb::AuthStatusResponse {
            header,
            enabled,
            auth_revision,
        }))
    }

    async fn authenticate(
        &self,
        request: Request<pb::AuthenticateRequest>,
    ) -> Result<Response<pb::AuthenticateResponse>, Status> {
        let request = request.into_inner();
        let (header, token) = self.0.authenticate(request).await?;
        Ok(Response::new(pb::AuthenticateResponse { header, token }))
    }

    async fn user_add(
        &self,
        request: Request<pb::AuthUserAddRequest>,
    ) -> Result<Response<pb::AuthUserAddResponse>, Status> {
        let by = self.0.credentials(&request);
        let mut request = request.into_inner();
        let options: UserAddOptions = request.options.unwrap_or_default();
        if !options.no_password {
            let password = std::mem::take(&mut request.password);
            request.hashed_password = self.0.hash(password).await?;
        }
        let change = AuthChange::UserAdd(request);
        let header = self.0.change_auth(&by, change).await?;
        Ok(Response::new(pb::AuthUserAddResponse { header }))
    }

    async fn user_change_password(
        &self,
        request: Request<pb::AuthUserChangePasswordRequest>,
    ) -> Result<Response<pb::AuthUserChangePasswordResponse>, Status> {
        let by = self.0.credentials(&request);
        let mut request = request.into_inner();
        if !request.password.is_empty() {
            let password = std::mem::take(&mut request.password);
            request.hashed_password = self.0.hash(password).await?;
        }
        let change = AuthChange::UserChangePassword(request);
        let header = self.0.change_auth(&by, change).await?;
        Ok(Response::new(pb::AuthUserChangePasswordResponse { header }))
    }

    async fn user_get(
        &self,
        request: Request<pb::AuthUserGetRequest>,
    ) -> Result<Response<pb::AuthUserGetResponse>, Status> {
        let by = self.0.credentials(&request);
        let name = request.into_inner().name;
        let look = |state: &State, caller: &Caller| state.auth.roles_of(caller, &name);
        let (header, roles) = self.0.look(&by, look).await?;
        Ok(Response::new(pb::AuthUserGetResponse { header, roles }))
    }

    async fn user_list(
        &self,
        request: Request<pb::AuthUserListRequest>,
    ) -> Result<Response<pb::AuthUserListResponse>, Status> {
        let by = self.0.credentials(&request);
        let look = |state: &State, caller: &Caller| state.auth.list_users(caller);
        let (header, users) = self.0.look(&by, look).await?;
        Ok(Response::new(pb::AuthUserListResponse { header, users }))
    }

    async fn role_get(
        &self,
        request: Request<pb::AuthRoleGetRequest>,
    ) -> Result<Response<pb::AuthRoleGetResponse>, Status> {
        let by = self.0.credentials(&request);
        let role = request.into_inner().role;
        let look = |state: &State, caller: &Caller| state.auth.permissions_of(caller, &role);
        let (header, perm) = self.0.look(&by, look).await?;
        Ok(Response::new(pb::AuthRoleGetResponse { header, perm }))
    }

    async fn role_list(
        &self,
        request: Request<pb::AuthRoleListRequest>,
    ) -> Result<Response<pb::AuthRoleListResponse>, Status> {
        let by = self.0.credentials(&request);
        let look = |state: &State, caller: &Caller| state.auth.list_roles(caller);
        let (header, roles) = self.0.look(&by, look).await?;
        Ok(Response::new(pb::AuthRoleListResponse { header, roles }))
    }

    async fn auth_enable(
        &self,
        request: Request<pb::AuthEnableRequest>,
    ) -> Result<Response<pb::AuthEnableResponse>, Status> {
        let header = self.0.change(request, AuthChange::Enable).await?;
        Ok(Response::new(pb::AuthEnableResponse { header }))
    }

    async fn auth_disable(
        &self,
        request: Request<pb::AuthDisableRequest>,
    ) -> Result<Response<pb::AuthDisableResponse>, Status> {
        let header = self.0.change(request, AuthChange::Disable).await?;
        Ok(Response::new(pb::AuthDisableResponse { header }))
    }

    async fn user_delete(
        &self,
        request: Request<pb::AuthUserDeleteRequest>,
    ) -> Result<Response<pb::AuthUserDeleteResponse>, Status> {
        let header = self.0.change(request, AuthChange::UserDelete).await?;
        Ok(Response::new(pb::AuthUserDeleteResponse { header }))
    }

    async fn user_grant_role(
        &self,
        request: Request<pb::AuthUserGrantRoleRequest>,
    ) -> Result<Response<pb::AuthUserGrantRoleResponse>, Status> {
        let header = self.0.change(request, AuthChange::UserGrantRole).await?;
        Ok(Response::new(pb::AuthUserGrantRoleResponse { header }))
    }

    async fn user_revoke_role(
        &self,
        request: Request<pb::AuthUserRevokeRoleRequest>,
    ) -> Result<Response<pb::AuthUserRevokeRoleResponse>, Status> {
        let header = self.0.change(request, AuthChange::UserRevokeRole).await?;
        Ok(Response::new(pb::AuthUserRevokeRoleResponse { header }))
    }

    async fn role_add(
        &self,
        request: Request<pb::AuthRoleAddRequest>,
    ) -> Result<Response<pb::AuthRoleAddResponse>, Status> {
        let header = self.0.change(request, AuthChange::RoleAdd).await?;
        Ok(Response::new(pb::AuthRoleAddResponse { header }))
    }

    async fn role_delete(
        &self,
        request: Request<pb::AuthRoleDeleteRequest>,
    ) -> Result<Response<pb::AuthRoleDeleteResponse>, Status> {
        let header = self.0.change(request, AuthChange::RoleDelete).await?;
        Ok(Response::new(pb::AuthRoleDeleteResponse { header }))
    }

    async fn role_grant_permission(
        &self,
        request: Request<pb::AuthRoleGrantPermissionRequest>,
    ) -> Result<Response<pb::AuthRoleGrantPermissionResponse>, Status> {
        let header = self
            .0
            .change(request, AuthChange::RoleGrantPermission)
            .await?;
        Ok(Response::new(pb::AuthRoleGrantPermissionResponse {
            header,
        }))
    }

    async fn role_revoke_permission(
        &self,
        request: Request<pb::AuthRoleRevokePermissionRequest>,
    ) -> Result<Response<pb::AuthRoleRevokePermissionResponse>, Status> {
        let header = self
            .0
            .change(request, AuthChange::RoleRevokePermission)
            .await?;
        Ok(Response::new(pb::AuthRoleRevokePermissionResponse {
            header,
        }))
    }
}

type Header = Option<pb::ResponseHeader>;

impl Member {
    /// Has a change carried out that is as the client sent it.
    async fn change<T>(
        &self,
        request: Request<T>,
        wrap: fn(T) -> AuthChange,
    ) -> Result<Header, Status> {
        let by = self.credentials(&request);
        self.change_auth(&by, wrap(request.into_inner())).await
    }

    /// Has a change carried out.
    async fn change_auth(&self, by: &Credentials, change: AuthChange) -> Result<Header, Status> {
        match self.propose(by, &Command::Auth(change.into())).await? {
            Reply::Auth(revision) => Ok(self.header(revision)),
            other => mismatched(&other),
        }
    }

    /// Looks at the tables.
    async fn look<T>(
        &self,
        by: &Credentials,
        look: impl FnOnce(&State, &Caller) -> Result<T, Error>,
    ) -> Result<(Header, T), Status> {
        self.linearizable().await?;
        let caller = self.caller(by).await?;
        let state = self.state.read();
        let seen = look(&state, &caller)?;
        Ok((self.header(state.store.revision()), seen))
    }

    /// A token for who shows the right password.
    async fn authenticate(
        &self,
        request: pb::AuthenticateRequest,
    ) -> Result<(Header, String), Status> {
        self.linearizable().await?;
        loop {
            let checked = self.check_password(&request).await.inspect_err(|error| {
                tracing::warn!(user = request.name, %error, "invalid authentication was requested");
            })?;
            let (revision, token) = match self.tokens.scheme() {
                Scheme::Simple => self.assign(&request.name).await?,
                Scheme::Jwt(jwt) => {
                    let token = jwt.sign(&request.name, checked)?;
                    (self.state.read().store.revision(), token)
                }
                Scheme::None => return Err(Error::Failed.into()),
            };
            // The password may have been changed meanwhile.
            if self.state.read().auth.revision() == checked {
                return Ok((self.header(revision), token));
            }
            tracing::info!("revision when password checked became stale; retrying");
        }
    }

    async fn assign(&self, user: &str) -> Result<(i64, String), Status> {
        let assign = AuthChange::Assign(Assign {
            user: user.to_owned(),
            letters: letters(),
        });
        let nobody = Credentials::default();
        match self.propose(&nobody, &Command::Auth(assign.into())).await? {
            Reply::Token(revision, token) => Ok((revision, token)),
            other => mismatched(&other),
        }
    }

    /// The revision of the tables at which the password is right.
    async fn check_password(&self, request: &pb::AuthenticateRequest) -> Result<u64, Status> {
        let (hashed, revision) = self.state.read().auth.password_of(&request.name)?;
        if self.passwords.is_remembered(&request.password, &hashed) {
            return Ok(revision);
        }
        let password = request.password.clone();
        let check = move |passwords: &Passwords| passwords.check(&password, &hashed);
        match self.slowly(check).await? {
            true => Ok(revision),
            false => Err(Error::Failed.into()),
        }
    }

    async fn hash(&self, password: String) -> Result<String, Status> {
        Ok(self
            .slowly(move |passwords: &Passwords| passwords.hash(&password))
            .await??)
    }

    /// Does what takes long by intent, beside those who serve others, and never so much of it at
    /// once that these get nothing done.
    pub(crate) async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Passwords) -> T + Send + 'static,
    ) -> Result<T, Status> {
        let failed = |why: &dyn std::error::Error| Status::internal(why.to_string());
        let turn = self.hashing.clone().acquire_owned().await;
        let turn = turn.map_err(|error| failed(&error))?;
        let passwords = self.passwords.clone();
        let working = tokio::task::spawn_blocking(move || {
            let done = work(&passwords);
            drop(turn);
            done
        });
        working.await.map_err(|error| failed(&error))
    }
}
