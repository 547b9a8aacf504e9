//! `/v2/auth/roles…`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::super::{Refusal, object};
use super::tables::Role;
use super::{Asked, done};

#[derive(Serialize)]
struct All {
    roles: Vec<Role>,
}

pub(super) async fn list(asked: &Asked<'_>) -> Result<Response, Refusal> {
    let store = asked.store();
    let mut roles = Vec::new();
    for name in store.roles().await? {
        roles.push(store.role(&name, false).await?);
    }
    Ok(object(StatusCode::OK, &All { roles }))
}

pub(super) async fn one(asked: &Asked<'_>, name: &str) -> Result<Response, Refusal> {
    let store = asked.store();
    match asked.parts.method.as_str() {
        "PUT" => put(asked, name).await,
        "DELETE" => store.delete_role(name).await.map(|()| done()),
        _ => Ok(object(StatusCode::OK, &store.role(name, false).await?)),
    }
}

async fn put(asked: &Asked<'_>, name: &str) -> Result<Response, Refusal> {
    let bad = |text| Err(Refusal::new(StatusCode::BAD_REQUEST, text));
    let role: Role = asked.read()?;
    if role.role != name {
        return bad("Role JSON name does not match the name in the URL");
    }
    let store = asked.store();
    if !role.changes() {
        store.create_role(&role).await?;
        return Ok(object(StatusCode::CREATED, &role));
    }
    if !role.permissions.is_empty() {
        return bad("Role JSON contains both permissions and grant/revoke");
    }
    Ok(object(StatusCode::OK, &store.update_role(&role).await?))
}
