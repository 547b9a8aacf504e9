//! Whether a request may do what it asks for.

use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::{Second, only_reads};
use super::store::Store;
use super::tables::{GUEST, ROOT, User};
use crate::rpc::CommonName;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::http::v2) enum Wanted<'a> {
    /// What only root may do.
    Root,
    /// What anybody may read, and only root change.
    RootToWrite,
    /// A key, or all below it.
    Key {
        /// What follows `/v2/keys` in the path.
        key: &'a str,
        /// All below it.
        recursive: bool,
    },
}

/// Whether a request may have it.
pub(in crate::http::v2) async fn may(second: &Second, parts: &Parts, wanted: Wanted<'_>) -> bool {
    let only_reads = only_reads(&parts.method);
    if matches!(wanted, Wanted::RootToWrite) && only_reads {
        return true;
    }
    let store = Store(second);
    if !store.is_enabled().await {
        return true;
    }
    let is_named = parts.headers.contains_key(AUTHORIZATION);
    let user = match is_named {
        true => by_password(&store, &parts.headers).await,
        false => by_certificate(&store, parts).await,
    };
    match (wanted, user) {
        (Wanted::Key { key, recursive }, Some(user)) => {
            is_permitted(&store, &user, key, recursive, !only_reads).await
        }
        (Wanted::Key { key, .. }, None) if !is_named => {
            let guest = store.role(GUEST, false).await;
            guest.is_ok_and(|guest| guest.permits(key, false, !only_reads))
        }
        (Wanted::Root | Wanted::RootToWrite, Some(user)) => {
            user.role_names().any(|role| role == ROOT)
        }
        (_, None) => false,
    }
}

async fn is_permitted(
    store: &Store<'_>,
    user: &User,
    key: &str,
    recursive: bool,
    write: bool,
) -> bool {
    for role in user.role_names() {
        // A role may be gone that somebody still has.
        let role = store.role(role, false).await;
        if role.is_ok_and(|role| role.permits(key, recursive, write)) {
            return true;
        }
    }
    tracing::warn!(user = user.user, key, "invalid access for a user on a key");
    false
}

async fn by_password(store: &Store<'_>, headers: &HeaderMap) -> Option<User> {
    let Some((name, password)) = credentials(headers) else {
        tracing::warn!("malformed basic auth encoding");
        return None;
    };
    let user = store.user(&name, false).await.ok()?;
    if !store.is_right(&user, password).await {
        tracing::warn!(user = name, "incorrect password");
        return None;
    }
    Some(user)
}

async fn by_certificate(store: &Store<'_>, parts: &Parts) -> Option<User> {
    let CommonName(name) = parts.extensions.get::<CommonName>()?;
    store.user(name, false).await.ok()
}

/// Name and password of the header.
pub(in crate::http::v2) fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = given.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case("basic ") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
