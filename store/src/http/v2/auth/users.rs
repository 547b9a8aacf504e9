//! `/v2/auth/users…`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::super::{Refusal, object};
use super::tables::{Role, User};
use super::{Asked, done};

/// A user, and what its roles may do.
#[derive(Serialize)]
struct WithRoles {
    user: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Role>,
}

#[derive(Serialize)]
struct All {
    /// `null` if there are none.
    users: Option<Vec<WithRoles>>,
}

pub(super) async fn list(asked: &Asked<'_>) -> Result<Response, Refusal> {
    let store = asked.store();
    let mut users = Vec::new();
    for name in store.users().await? {
        let user = store.user(&name, false).await?;
        let mut roles = Vec::new();
        for role in user.role_names() {
            // A role may be gone that somebody still has.
            roles.extend(store.role(role, false).await);
        }
        users.push(WithRoles {
            user: user.user,
            roles,
        });
    }
    let users = (!users.is_empty()).then_some(users);
    Ok(object(StatusCode::OK, &All { users }))
}

pub(super) async fn one(asked: &Asked<'_>, name: &str) -> Result<Response, Refusal> {
    let store = asked.store();
    match asked.parts.method.as_str() {
        "PUT" => put(asked, name).await,
        "DELETE" => store.delete_user(name).await.map(|()| done()),
        _ => {
            let user = store.user(name, false).await?;
            let mut roles = Vec::new();
            for role in user.role_names() {
                roles.push(store.role(role, false).await?);
            }
            let user = user.user;
            Ok(object(StatusCode::OK, &WithRoles { user, roles }))
        }
    }
}

async fn put(asked: &Asked<'_>, name: &str) -> Result<Response, Refusal> {
    let bad = |text| Err(Refusal::new(StatusCode::BAD_REQUEST, text));
    let user: User = asked.read()?;
    if user.user != name {
        return bad("User JSON name does not match the name in the URL");
    }
    let store = asked.store();
    let (out, created) = match (user.changes_roles(), user.names_roles()) {
        (true, true) => return bad("User JSON contains both roles and grant/revoke"),
        (true, false) => (store.update_user(user).await?, false),
        (false, true) => (store.create_user(user).await?, false),
        // With a password alone it may be either.
        (false, false) => store.create_or_update_user(user).await?,
    };
    let code = match created {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let password = String::new();
    Ok(object(code, &User { password, ..out }))
}
