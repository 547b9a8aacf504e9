//! What the port for other members answers over plain HTTP: what operators and tools look at.
//!
//! | path | answer |
//! |---|---|
//! | `/version` | as on the client port |
//! | `/members` | the members as JSON, the cluster's id in `X-Etcd-Cluster-Id` |
//! | `/raft/probing` | `{"OK":true,"Now":"2026-11-25T22:33:50.737658969Z"}` |
//! | `/downgrade/enabled` | `true` while the cluster is on its way to the version before, else `false` |
//!
//! Everything else, health and metrics included, is `404 page not found`, as it is in etcd. Members
//! themselves speak gRPC with each other: `proto/proto/pintle/peer.proto`.

use super::answer::{TEXT, not_allowed, page_not_found, plain, typed};
use super::{Probe, version_text};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use std::sync::Arc;

const CLUSTER_ID: HeaderName = HeaderName::from_static("x-etcd-cluster-id");

type Shared = Arc<dyn Probe>;

/// The paths of `--listen-peer-urls`.
pub fn peer_router(probe: Arc<dyn Probe>) -> Router {
    Router::new()
        .route("/version", any(versions))
        .route("/members", any(members))
        .route("/raft/probing", any(probing))
        .route("/downgrade/enabled", any(downgrade))
        .fallback(async || page_not_found())
        .with_state(probe)
}

async fn versions(State(probe): State<Shared>, method: Method) -> Response {
    if method != Method::GET {
        return not_allowed();
    }
    version_text(&*probe)
}

async fn members(State(probe): State<Shared>, method: Method) -> Response {
    if method != Method::GET {
        return not_allowed();
    }
    match serde_json::to_string(&probe.members()) {
        Ok(text) => of_cluster(
            typed(StatusCode::OK, "application/json", text + "\n"),
            &*probe,
        ),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn probing() -> Response {
    let now = jiff::Timestamp::now();
    typed(
        StatusCode::OK,
        TEXT,
        format!("{{\"OK\":true,\"Now\":\"{now}\"}}\n"),
    )
}

async fn downgrade(State(probe): State<Shared>, method: Method) -> Response {
    if method != Method::GET {
        return not_allowed();
    }
    let enabled = probe.is_downgrading().to_string();
    of_cluster(typed(StatusCode::OK, "text/plain", enabled), &*probe)
}

fn of_cluster(mut response: Response, probe: &dyn Probe) -> Response {
    let id = format!("{:x}", probe.cluster_id());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(CLUSTER_ID, id);
    }
    response
}
