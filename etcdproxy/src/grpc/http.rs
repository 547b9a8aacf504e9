//! What the proxy answers over plain HTTP.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | those of a member |
//! | `/health` | whether the members answer a read |
//! | `/proxy/metrics` | the proxy's own |
//! | `/proxy/health` | whether the proxy itself does, asked at the address that it advertises |

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{ALLOW, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{Method, StatusCode};
use proto::etcdserverpb as pb;
use rand::seq::IndexedRandom as _;
use store::metrics::{CONTENT_TYPE as METRICS_TEXT, Metrics};
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tonic::Code;

use super::caller::Caller;
use super::upstream::{Repeat, Upstream};

/// How long a read may take that asks for health.
const READ_WITHIN: Duration = Duration::from_secs(1);
/// How long a watch may take to be created.
const WATCH_WITHIN: Duration = Duration::from_secs(3);
/// How long a member may take to tell its metrics.
const METRICS_WITHIN: Duration = Duration::from_secs(10);
/// The key that is read.
const KEY: &[u8] = b"a";

/// What the answers need.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) upstream: Arc<Upstream>,
    /// A client of the proxy itself; none if it advertises no address.
    pub(super) itself: Option<Arc<Upstream>>,
    /// TLS with members, for their metrics.
    pub(super) tls: Option<tls::Client>,
    pub(super) metrics: Arc<Metrics>,
}

/// The paths.
pub(super) fn router(front: Front) -> Router {
    Router::new()
        .route("/metrics", any(members_metrics))
        .route("/health", any(health))
        .route("/proxy/metrics", any(own_metrics))
        .route("/proxy/health", any(own_health))
        .fallback(async || plain(StatusCode::NOT_FOUND, "404 page not found"))
        .with_state(front)
}

fn plain(code: StatusCode, text: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (code, headers, format!("{text}\n")).into_response()
}

async fn own_metrics(State(front): State<Front>) -> Response {
    match front.metrics.render() {
        Ok(text) => ([(CONTENT_TYPE, METRICS_TEXT)], text).into_response(),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn health(State(front): State<Front>, method: Method) -> Response {
    answer(method, read(&front.upstream)).await
}

async fn own_health(State(front): State<Front>, method: Method) -> Response {
    let check = async {
        let Some(itself) = &front.itself else {
            return Err("no connection to proxy".to_owned());
        };
        read(itself).await?;
        let watched = timeout(WATCH_WITHIN, watch(itself)).await;
        watched.unwrap_or_else(|_| Err("WATCH TIMEOUT".to_owned()))
    };
    answer(method, check).await
}

async fn answer(method: Method, check: impl Future<Output = Result<(), String>>) -> Response {
    if method != Method::GET {
        let refused = plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        return ([(ALLOW, "GET")], refused).into_response();
    }
    match check.await {
        Ok(()) => {
            let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
            (headers, r#"{"health":"true","reason":""}"#).into_response()
        }
        Err(reason) => {
            let text = serde_json::json!({ "health": "false", "reason": reason }).to_string();
            tracing::warn!(output = text, "status-code" = 503_u64, "/health error");
            plain(StatusCode::SERVICE_UNAVAILABLE, &text)
        }
    }
}

/// Reads a key; whoever may not read it has been answered too.
async fn read(upstream: &Upstream) -> Result<(), String> {
    let request = pb::RangeRequest {
        key: KEY.into(),
        ..Default::default()
    };
    let path = "/etcdserverpb.KV/Range";
    let nobody = Caller::default();
    let asked = upstream.unary::<_, pb::RangeResponse>(&nobody, path, request, Repeat::Safe);
    match timeout(READ_WITHIN, asked).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(why)) if why.code() == Code::PermissionDenied => Ok(()),
        Ok(Err(why)) => Err(format!("GET ERROR:{}", why.message())),
        Err(_) => Err("GET ERROR:context deadline exceeded".to_owned()),
    }
}

/// Creates a watch.
async fn watch(upstream: &Upstream) -> Result<(), String> {
    let create = pb::WatchCreateRequest {
        key: KEY.into(),
        ..Default::default()
    };
    let opened = upstream.watch(&Caller::default(), create).await;
    let mut watching = opened.map_err(|why| why.message().to_owned())?;
    // Any answer shows that the stream works.
    watching.responses.next().await;
    Ok(())
}

async fn members_metrics(State(front): State<Front>) -> Response {
    let endpoints = front.upstream.endpoints();
    let Some(endpoint) = endpoints.choose(&mut rand::rng()) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");
    };
    let target = dial::Target::parse(endpoint);
    let fetched = dial::http::get(&target, front.tls.as_ref(), "/metrics");
    match timeout(METRICS_WITHIN, fetched).await {
        Ok(Ok(body)) => {
            let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
            (headers, Body::from(body)).into_response()
        }
        outcome => {
            let why = outcome.map_or("i/o timeout".to_owned(), |o| o.err().unwrap_or_default());
            tracing::warn!(endpoint, error = why, "failed to fetch a member's metrics");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
        }
    }
}
