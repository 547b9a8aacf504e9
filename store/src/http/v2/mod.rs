//! API 2, behind `--enable-v2`: what etcd 3.4 answers below `/v2/`.
//!
//! | path | answer |
//! |---|---|
//! | `/v2/keys/…` | the keys: [`keys`], [`watch`] |
//! | `/v2/members…`, `/v2/machines` | who belongs to the cluster: [`members`] |
//! | `/v2/stats/{self,leader,store}` | what was counted: [`stats`] |
//! | `/v2/auth/…` | users and roles of this API, which are not those of API 3: [`auth`] |
//!
//! Writes go through the log ([`crate::command::Command::V2`]); reads are of what this member has,
//! unless a quorum is asked for.

mod auth;
mod form;
mod json;
mod keys;
mod members;
mod stats;
mod watch;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use serde::Serialize;
use tonic::Status;

use super::answer::{page_not_found, plain, typed};
use super::percent;
use crate::apply::{self, Reply};
use crate::clock;
use crate::command::Command;
use crate::rpc::Member;
use crate::v2::{self, Event, path};

/// The type of all answers but texts.
const JSON: &str = "application/json";
/// What a request may hold, as in Go's server.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// What all requests share.
struct Second {
    member: Arc<Member>,
    /// When it began to serve.
    began: Instant,
}

/// The paths below `/v2/`.
pub fn router(member: Arc<Member>) -> Router {
    let began = Instant::now();
    let second = Arc::new(Second { member, began });
    Router::new()
        .route("/v2/{*path}", any(answer))
        .with_state(second)
}

async fn answer(State(second): State<Arc<Second>>, request: Request) -> Response {
    let Ok(path) = percent::decode_path(request.uri().path()) else {
        return plain(StatusCode::BAD_REQUEST, "400 Bad Request");
    };
    let is_below = path.len() > 1 && path.ends_with('/');
    let clean = path::clean(&path) + if is_below { "/" } else { "" };
    if clean != path {
        return moved(&clean, request.uri().query());
    }
    let is_key = |rest: &&str| rest.is_empty() || rest.starts_with('/');
    if let Some(key) = path.strip_prefix("/v2/keys").filter(is_key) {
        return keys::answer(&second, key, request).await;
    }
    if let Some(rest) = path.strip_prefix("/v2/auth/") {
        return auth::answer(&second, rest, request).await;
    }
    if let Some(rest) = path.strip_prefix("/v2/members/") {
        return members::answer(&second, rest, request).await;
    }
    match path.as_str() {
        "/v2/machines" => members::machines(&second, &request),
        "/v2/members" => members::answer(&second, "", request).await,
        "/v2/stats/store" => stats::of_keys(&second, &request),
        "/v2/stats/self" => stats::of_member(&second, &request),
        "/v2/stats/leader" => stats::of_leader(&second, &request),
        _ => page_not_found(),
    }
}

/// As Go's server sends away who asks for a path that is not in its one form.
fn moved(to: &str, query: Option<&str>) -> Response {
    let mut place = percent::encode_path(to);
    if let Some(query) = query {
        place.push('?');
        place.push_str(query);
    }
    let mut response = typed(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", {
        let shown = place.replace('&', "&amp;");
        format!("<a href=\"{shown}\">Moved Permanently</a>.\n\n")
    });
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

/// Refuses all methods but these.
fn allowed(request: &Request, methods: &'static str) -> Result<(), Box<Response>> {
    if methods.split(',').any(|known| request.method() == known) {
        return Ok(());
    }
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    let methods = HeaderValue::from_static(methods);
    response.headers_mut().insert(ALLOW, methods);
    Err(Box::new(response))
}

/// An object, and a line end.
fn object(code: StatusCode, value: &impl Serialize) -> Response {
    typed(code, JSON, json::text(value) + "\n")
}

/// A refusal of what is not about keys.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, text }
    }

    /// What went wrong inside is told to the log alone.
    fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::warn!(%error, "failed to answer a request of API 2");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    fn no_access() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Insufficient credentials")
    }

    fn answer(&self) -> Response {
        #[derive(Serialize)]
        struct Told<'a> {
            message: &'a str,
        }
        let told = Told {
            message: &self.text,
        };
        typed(self.status, JSON, json::text(&told))
    }
}

/// Why something could not be had of the key space.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It refused.
    #[error(transparent)]
    Refused(#[from] v2::Error),
    /// The cluster did not carry it out.
    #[error("{0}")]
    Cluster(String),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Failure::Cluster(status.message().to_owned())
    }
}

impl Second {
    /// Reads a key; with the agreement of the cluster if `quorum`.
    async fn get(&self, path: &str, recursive: bool, quorum: bool) -> Result<Event, Failure> {
        if quorum {
            self.member.linearizable().await?;
        }
        let now = clock::unix_nanos();
        Ok(self.member.state.read().v2.get(path, recursive, now)?)
    }

    /// Has a write carried out.
    async fn write(&self, request: v2::Request) -> Result<Event, Failure> {
        let outcome = self.member.proposer.propose(&Command::V2(request)).await;
        match outcome.map_err(Status::from)? {
            Ok(Reply::V2(event)) => Ok(*event),
            Ok(other) => panic!("apply answered with {other:?} to a write of API 2"),
            Err(apply::Error::V2(error)) => Err(error.into()),
            Err(error) => Err(Status::from(error).into()),
        }
    }

    /// The headers that tell where the cluster is, around an index of the key space.
    fn note(&self, headers: &mut HeaderMap, index: u64) {
        let link = self.member.raft.link();
        headers.insert("x-etcd-index", index.into());
        headers.insert("x-raft-index", link.committed_index().into());
        headers.insert("x-raft-term", link.term().into());
    }

    /// The header that tells which cluster it is.
    fn name_cluster(&self, mut response: Response) -> Response {
        let id = format!("{:x}", self.member.identity.cluster_id);
        if let Ok(id) = HeaderValue::try_from(id) {
            response.headers_mut().insert("x-etcd-cluster-id", id);
        }
        response
    }
}

/// The whole body, if it is not too long.
async fn body(body: Body) -> Result<Vec<u8>, String> {
    let read = axum::body::to_bytes(body, BODY_BYTES_MAX).await;
    read.map(Into::into).map_err(|error| error.to_string())
}

/// Whether a method only reads.
fn only_reads(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// The type that a body is said to be of, without what follows it.
fn content_type(headers: &HeaderMap) -> String {
    let given = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let given = given.unwrap_or_default();
    match given.split_once(';') {
        Some((kind, _)) => kind.trim().to_lowercase(),
        None => given.to_owned(),
    }
}

#[cfg(test)]
mod tests;
