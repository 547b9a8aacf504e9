//! Where users and roles are kept: as JSON, below `/2` in the key space itself.

use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::{Failure, Refusal, Second, json};
use super::refused;
use super::tables::{GUEST, ROOT, Role, User};
use crate::auth::Passwords;
use crate::clock;
use crate::v2::{Code, Error, Method, PERMISSIONS, Request, path};

/// Users and roles of a cluster.
pub(super) struct Store<'a>(pub(super) &'a Second);

fn of(failure: Failure) -> Refusal {
    match failure {
        Failure::Refused(error) => {
            let status = StatusCode::from_u16(error.code.status());
            Refusal {
                status: status.unwrap_or(StatusCode::BAD_REQUEST),
                text: error.to_string(),
            }
        }
        Failure::Cluster(why) => Refusal::internal(&why),
    }
}

fn is(failure: &Failure, code: Code) -> bool {
    matches!(failure, Failure::Refused(error) if error.code == code)
}

fn place(rest: &str) -> String {
    path::clean(&format!("{PERMISSIONS}/{rest}"))
}

impl Store<'_> {
    /// Whether requests must say who they come from.
    pub(super) async fn is_enabled(&self) -> bool {
        self.read("enabled", false).await.unwrap_or(false)
    }

    /// A user; with the agreement of the cluster if `quorum`.
    pub(super) async fn user(&self, name: &str, quorum: bool) -> Result<User, Refusal> {
        let found = self.read::<User>(&format!("users/{name}"), quorum).await;
        Ok(found.map_err(missing("User", name))?.with_root())
    }

    /// A role; with the agreement of the cluster if `quorum`.
    pub(super) async fn role(&self, name: &str, quorum: bool) -> Result<Role, Refusal> {
        if name == ROOT {
            return Ok(Role::of_everything(ROOT));
        }
        let found = self.read(&format!("roles/{name}"), quorum).await;
        found.map_err(missing("Role", name))
    }

    /// The names of all users.
    pub(super) async fn users(&self) -> Result<Vec<String>, Refusal> {
        self.names("users").await
    }

    /// The names of all roles.
    pub(super) async fn roles(&self) -> Result<Vec<String>, Refusal> {
        let mut names = self.names("roles").await?;
        names.push(ROOT.to_owned());
        names.sort_unstable();
        Ok(names)
    }

    /// Makes a user.
    pub(super) async fn create_user(&self, user: User) -> Result<User, Refusal> {
        let mut user = user.with_root();
        if user.password.is_empty() {
            let text = format!("Cannot create user {} with an empty password", user.user);
            return Err(refused(StatusCode::BAD_REQUEST, text));
        }
        user.password = self.hash(user.password).await?;
        let made = self
            .write(&format!("users/{}", user.user), &user, false)
            .await;
        let text = format!("User {} already exists.", user.user);
        made.map_err(or_told(Code::NodeExist, StatusCode::CONFLICT, text))?;
        Ok(user)
    }

    /// Makes a user, or changes the one there is; tells whether it was made.
    pub(super) async fn create_or_update_user(&self, user: User) -> Result<(User, bool), Refusal> {
        match self.user(&user.user, true).await {
            Ok(_) => Ok((self.update_user(user).await?, false)),
            Err(_) => Ok((self.create_user(user).await?, true)),
        }
    }

    /// Changes a user.
    pub(super) async fn update_user(&self, change: User) -> Result<User, Refusal> {
        let old = self.user(&change.user, true).await?;
        let hashed = match change.password.is_empty() {
            true => None,
            false => Some(self.hash(change.password.clone()).await?),
        };
        let new = old.merged(&change, hashed)?;
        if new == old {
            let text = "User not updated. Use grant/revoke/password to update the user.";
            return Err(refused(StatusCode::BAD_REQUEST, text));
        }
        let place = format!("users/{}", change.user);
        self.write(&place, &new, true).await.map_err(of)?;
        Ok(new)
    }

    /// Removes a user.
    pub(super) async fn delete_user(&self, name: &str) -> Result<(), Refusal> {
        if name == ROOT && self.is_enabled().await {
            let text = "Cannot delete root user while auth is enabled.";
            return Err(refused(StatusCode::FORBIDDEN, text));
        }
        let gone = self.remove(&format!("users/{name}")).await;
        gone.map_err(|failure| match is(&failure, Code::KeyNotFound) {
            true => refused(StatusCode::NOT_FOUND, format!("User {name} does not exist")),
            false => of(failure),
        })
    }

    /// Makes a role.
    pub(super) async fn create_role(&self, role: &Role) -> Result<(), Refusal> {
        not_root(&role.role)?;
        let made = self
            .write(&format!("roles/{}", role.role), role, false)
            .await;
        let text = format!("Role {} already exists.", role.role);
        made.map_err(or_told(Code::NodeExist, StatusCode::CONFLICT, text))
    }

    /// Changes a role.
    pub(super) async fn update_role(&self, change: &Role) -> Result<Role, Refusal> {
        not_root(&change.role)?;
        let old = self.role(&change.role, true).await?;
        let new = old.merged(change)?;
        if new == old {
            let text = "Role not updated. Use grant/revoke to update the role.";
            return Err(refused(StatusCode::BAD_REQUEST, text));
        }
        let place = format!("roles/{}", change.role);
        self.write(&place, &new, true).await.map_err(of)?;
        Ok(new)
    }

    /// Removes a role.
    pub(super) async fn delete_role(&self, name: &str) -> Result<(), Refusal> {
        not_root(name)?;
        let gone = self.remove(&format!("roles/{name}")).await;
        let text = format!("Role {name} doesn't exist.");
        gone.map_err(or_told(Code::KeyNotFound, StatusCode::NOT_FOUND, text))
    }

    /// From now on requests must say who they come from.
    pub(super) async fn enable(&self) -> Result<(), Refusal> {
        let conflict = |text| Err(refused(StatusCode::CONFLICT, text));
        if self.is_enabled().await {
            return conflict("already enabled");
        }
        if self.user(ROOT, true).await.is_err() {
            return conflict("No root user available, please create one");
        }
        if self.role(GUEST, true).await.is_err() {
            self.create_role(&Role::of_everything(GUEST)).await?;
        }
        self.write("enabled", &true, true).await.map_err(of)?;
        tracing::info!("enabled auth of API 2");
        Ok(())
    }

    /// From now on they need not.
    pub(super) async fn disable(&self) -> Result<(), Refusal> {
        if !self.is_enabled().await {
            return Err(refused(StatusCode::CONFLICT, "already disabled"));
        }
        self.write("enabled", &false, true).await.map_err(of)?;
        tracing::info!("disabled auth of API 2");
        Ok(())
    }

    /// Whether a password is a user's.
    pub(super) async fn is_right(&self, user: &User, password: String) -> bool {
        let hashed = user.password.clone().into_bytes();
        let member = &self.0.member;
        if member.passwords.is_remembered(&password, &hashed) {
            return true;
        }
        let check = move |passwords: &Passwords| passwords.check(&password, &hashed);
        member.slowly(check).await.unwrap_or(false)
    }

    async fn hash(&self, password: String) -> Result<String, Refusal> {
        let hash = move |passwords: &Passwords| passwords.bcrypt(&password);
        let hashed = self.0.member.slowly(hash).await;
        let hashed = hashed.map_err(|status| Refusal::internal(&status.message()))?;
        hashed.map_err(|error| Refusal::internal(&error))
    }

    async fn names(&self, of_what: &str) -> Result<Vec<String>, Refusal> {
        let found = match self.0.get(&place(of_what), false, false).await {
            Ok(event) => event.node.nodes,
            Err(failure) if is(&failure, Code::KeyNotFound) => Vec::new(),
            Err(failure) => return Err(of(failure)),
        };
        let names = found.iter().filter_map(|node| node.key.rsplit('/').next());
        Ok(names.map(ToOwned::to_owned).collect())
    }

    async fn read<T: DeserializeOwned>(&self, what: &str, quorum: bool) -> Result<T, Failure> {
        let place = place(what);
        let event = self.0.get(&place, false, quorum).await?;
        // Nobody is called after the directory; etcd's handler does not survive being asked.
        let none = || Error::new(Code::KeyNotFound, place.as_str(), event.at);
        let text = event.node.value.ok_or_else(none)?;
        let read = serde_json::from_str(&text);
        read.map_err(|error| Failure::Cluster(error.to_string()))
    }

    async fn write(
        &self,
        what: &str,
        value: &impl Serialize,
        prev_exist: bool,
    ) -> Result<(), Failure> {
        self.ensure_directories().await?;
        let request = Request {
            value: json::text(value),
            prev_exist: Some(prev_exist),
            ..Request::new(Method::Put, place(what), clock::unix_nanos())
        };
        self.0.write(request).await.map(drop)
    }

    async fn remove(&self, what: &str) -> Result<(), Failure> {
        self.ensure_directories().await?;
        let request = Request::new(Method::Delete, place(what), clock::unix_nanos());
        self.0.write(request).await.map(drop)
    }

    /// Makes what users and roles are kept in, if it is not there.
    async fn ensure_directories(&self) -> Result<(), Failure> {
        for (what, dir) in [
            ("", true),
            ("users", true),
            ("roles", true),
            ("enabled", false),
        ] {
            let place = place(what);
            if self.0.get(&place, false, false).await.is_ok() {
                continue;
            }
            let value = if dir { "" } else { "false" };
            let request = Request {
                value: value.to_owned(),
                dir,
                prev_exist: Some(false),
                ..Request::new(Method::Put, place, clock::unix_nanos())
            };
            match self.0.write(request).await {
                Err(failure) if !is(&failure, Code::NodeExist) => return Err(failure),
                _ => {}
            }
        }
        Ok(())
    }
}

fn not_root(role: &str) -> Result<(), Refusal> {
    if role == ROOT {
        let text = format!("Cannot modify role {role}: is root role.");
        return Err(refused(StatusCode::FORBIDDEN, text));
    }
    Ok(())
}

/// What is told of somebody who is not there.
fn missing(kind: &str, name: &str) -> impl FnOnce(Failure) -> Refusal {
    let text = format!("{kind} {name} does not exist.");
    or_told(Code::KeyNotFound, StatusCode::NOT_FOUND, text)
}

/// What is told of a refusal by the key space that means this.
fn or_told(code: Code, status: StatusCode, text: String) -> impl FnOnce(Failure) -> Refusal {
    move |failure| match is(&failure, code) {
        true => refused(status, text),
        false => of(failure),
    }
}
