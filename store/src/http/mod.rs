//! What the client port answers over plain HTTP: versions, health, metrics. What the port for other
//! members answers is in [`peer_router`].
//!
//! | path | answer |
//! |---|---|
//! | `/version` | the three versions as JSON |
//! | `/health` | `{"health":"true","reason":""}`, 200 or 503 |
//! | `/livez`, `/readyz`, and each of their checks below them | `ok`, or 503 with the list |
//! | `/metrics` | Prometheus' text |
//! | `/debug/vars` | a little about the process as JSON |
//! | `/v3/…` | see [`crate::gateway`] |
//!
//! | `/v2/…` | see [`v2`] |
//!
//! Everything else is `404 page not found`. Bodies, codes and headers are those
//! of etcd 3.7. The module asks the member through [`Probe`] and knows nothing else of it.

mod access;
mod answer;
mod health;
mod peer;
mod percent;
mod probe;
mod ready;
pub mod v2;

pub use access::Access;
pub use peer::peer_router;
pub use probe::{Alarm, Probe};

use crate::metrics::{self, Metrics};
use crate::version;
use answer::{not_allowed, page_not_found, plain, typed};
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use std::sync::Arc;

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    probe: Arc<dyn Probe>,
    metrics: Arc<Metrics>,
}

/// The paths of the client port, with those of the JSON gateway and of API 2 if they are on, and the checks of who may
/// call.
pub fn client_router(
    probe: Arc<dyn Probe>,
    metrics: Arc<Metrics>,
    gateway: Option<Router>,
    second: Option<Router>,
    access: Access,
) -> Router {
    let shared = Shared { probe, metrics };
    let router = health_routes()
        .route("/version", any(versions))
        .route("/debug/vars", any(variables))
        .fallback(fallback)
        .with_state(shared);
    let router = match gateway {
        Some(gateway) => gateway.fallback_service(router),
        None => router,
    };
    let router = match second {
        Some(second) => second.fallback_service(router),
        None => router,
    };
    access::guard(router, access)
}

/// The paths of `--listen-metrics-urls`: metrics and health, for anyone.
pub fn metrics_router(probe: Arc<dyn Probe>, metrics: Arc<Metrics>) -> Router {
    health_routes()
        .fallback(fallback)
        .with_state(Shared { probe, metrics })
}

fn health_routes() -> Router<Shared> {
    let router = Router::new()
        .route("/metrics", any(metrics_text))
        .route("/health", any(health::health));
    ready::routes(router)
}

async fn fallback() -> Response {
    page_not_found()
}

/// `/version`: a cluster that has not agreed on a version yet says so.
async fn versions(State(shared): State<Shared>, method: Method) -> Response {
    if method != Method::GET {
        return not_allowed();
    }
    version_text(shared.probe.as_ref())
}

/// The three versions.
fn version_text(probe: &dyn Probe) -> Response {
    let cluster = probe
        .cluster_version()
        .unwrap_or_else(|| "not_decided".into());
    let storage = probe.storage_version().unwrap_or_else(|| "unknown".into());
    let text = format!(
        r#"{{"etcdserver":"{}","etcdcluster":"{cluster}","storage":"{storage}"}}"#,
        version::SERVER
    );
    typed(StatusCode::OK, "application/json", text)
}

/// `/metrics`, by whatever method.
async fn metrics_text(State(shared): State<Shared>) -> Response {
    shared.probe.refresh(&shared.metrics);
    match shared.metrics.render() {
        Ok(text) => typed(StatusCode::OK, metrics::CONTENT_TYPE, text),
        Err(error) => {
            tracing::error!(%error, "failed to write the metrics");
            plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
    }
}

/// `/debug/vars`, in the layout of Go's expvar.
async fn variables(State(shared): State<Shared>, method: Method) -> Response {
    if method != Method::GET {
        return not_allowed();
    }
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let pairs = [
        ("cmdline", serde_json::json!(arguments)),
        (
            "file_descriptor_limit",
            serde_json::json!(files.unwrap_or(u64::MAX)),
        ),
        ("raft.status", shared.probe.raft_status()),
    ];
    let lines: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
    typed(StatusCode::OK, "application/json; charset=utf-8", text)
}

#[cfg(test)]
mod tests;
