//! `/v2/auth/…`: users and roles of API 2, and whether they count.

mod access;
mod roles;
mod store;
mod tables;
mod users;

#[cfg(test)]
pub(super) use access::credentials;
pub(super) use access::{Wanted, may};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Refusal, Second, allowed, body, object};
use crate::http::answer::page_not_found;
use crate::v2::path;
use store::Store;

/// A request about users and roles, with its body.
struct Asked<'a> {
    second: &'a Second,
    parts: Parts,
    body: Vec<u8>,
}

/// Answers what is asked of a path below `/v2/auth/`.
pub(super) async fn answer(second: &Second, rest: &str, request: Request) -> Response {
    let subpath = path::clean(rest);
    let mut pieces = subpath.split('/').skip(1);
    let (kind, name, more) = (pieces.next(), pieces.next(), pieces.next());
    let is_directory = rest.ends_with('/');
    let methods = match (kind, name) {
        (Some("enable"), None) if !is_directory => "GET,PUT,DELETE",
        (Some("users" | "roles"), None) => "GET",
        (Some("users" | "roles"), Some(_)) if more.is_some() => {
            return refused_path().answer();
        }
        (Some("users" | "roles"), Some(_)) => "GET,PUT,DELETE",
        _ => return page_not_found(),
    };
    if let Err(response) = allowed(&request, methods) {
        return *response;
    }
    let (parts, content) = request.into_parts();
    let wanted = match kind {
        Some("enable") => Wanted::RootToWrite,
        _ => Wanted::Root,
    };
    if !may(second, &parts, wanted).await {
        return Refusal::no_access().answer();
    }
    let answer = match body(content).await {
        Ok(body) => {
            let asked = Asked {
                second,
                parts,
                body,
            };
            carry_out(&asked, kind, name).await
        }
        Err(why) => Err(Refusal::new(StatusCode::BAD_REQUEST, why)),
    };
    second.name_cluster(answer.unwrap_or_else(|refusal| refusal.answer()))
}

async fn carry_out(
    asked: &Asked<'_>,
    kind: Option<&str>,
    name: Option<&str>,
) -> Result<Response, Refusal> {
    match (kind, name) {
        (Some("users"), None) => users::list(asked).await,
        (Some("users"), Some(name)) => users::one(asked, name).await,
        (Some("roles"), None) => roles::list(asked).await,
        (Some("roles"), Some(name)) => roles::one(asked, name).await,
        _ => enable(asked).await,
    }
}

async fn enable(asked: &Asked<'_>) -> Result<Response, Refusal> {
    #[derive(Serialize)]
    struct Enabled {
        enabled: bool,
    }
    let store = asked.store();
    match asked.parts.method.as_str() {
        "PUT" => store.enable().await.map(|()| done()),
        "DELETE" => store.disable().await.map(|()| done()),
        _ => {
            let enabled = store.is_enabled().await;
            Ok(object(StatusCode::OK, &Enabled { enabled }))
        }
    }
}

impl Asked<'_> {
    fn store(&self) -> Store<'_> {
        Store(self.second)
    }

    /// The object in the body.
    fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        // Go's decoder does not look at what follows.
        let mut values = serde_json::Deserializer::from_slice(&self.body).into_iter();
        let text = "Invalid JSON in request body.";
        let bad = || Refusal::new(StatusCode::BAD_REQUEST, text);
        values.next().and_then(Result::ok).ok_or_else(bad)
    }
}

/// An answer that is nothing but that it was done.
fn done() -> Response {
    super::typed(StatusCode::OK, super::JSON, String::new())
}

fn refused_path() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "Invalid path")
}

/// A refusal by the rules of users and roles.
fn refused(status: StatusCode, text: impl std::fmt::Display) -> Refusal {
    Refusal::new(status, format!("auth: {text}"))
}

/// Reads a user and a role from the same bytes, and does with them what is done with those of requests.
#[cfg(test)]
pub(super) fn read_any(bytes: &[u8]) {
    if let Ok(user) = serde_json::from_slice::<tables::User>(bytes)
        && let Ok(merged) = tables::User::default().merged(&user, None)
    {
        // Roles are a set.
        let roles = merged.roles.unwrap_or_default();
        assert!(roles.is_sorted_by(|a, b| a < b), "{roles:?}");
    }
    if let Ok(role) = serde_json::from_slice::<tables::Role>(bytes) {
        role.permits("/a", true, role.changes());
        drop(tables::Role::default().merged(&role));
    }
}
