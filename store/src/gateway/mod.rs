//! The API over JSON, below `/v3/`: what etcd's gRPC gateway answers.
//!
//! ```text
//! POST /v3/kv/range ─ routes ─ json ─▶ the very service that gRPC calls ─▶ json ─ answer
//! ```
//!
//! Unary calls answer with one object, streams with one `{"result":…}` a line. Requests of streams are
//! objects one behind the other. Field names are those of the .proto files, or their camel-case forms
//! in requests; integers of 64 bits are strings, bytes are base64, fields of no value are left out.
//! Go's encoder puts spaces where it likes; this one puts none.
//!
//! Calls by this way are not among those that `/metrics` counts as gRPC. Texts of errors in the JSON itself
//! are not those of Go's library.
//!
//! Metadata of a call comes from the headers `Grpc-Metadata-…`, `Authorization` and `Grpc-Timeout`.

mod call;
mod error;
mod json;
mod requests;
mod routes;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tonic::service::Routes;
use tonic::{Code, Status};

/// What all calls share.
struct Gateway {
    grpc: Router,
    /// Made for the first request: few members have one, and all have to start.
    calls: OnceLock<routes::Calls>,
    /// The largest object of a request, as JSON.
    bytes_max: usize,
}

/// The paths below `/v3/`, on the services of the client port, which take messages of `message_max`
/// bytes.
pub fn router(services: Routes, message_max: usize) -> Router {
    let gateway = Arc::new(Gateway {
        grpc: services.prepare().into_axum_router(),
        calls: OnceLock::new(),
        // Base64 takes a third more, names and spaces the rest.
        bytes_max: message_max.saturating_mul(2),
    });
    Router::new()
        .route("/v3/", any(answer))
        .route("/v3/{*path}", any(answer))
        .route("/v3beta/", any(answer))
        .route("/v3beta/{*path}", any(answer))
        .with_state(gateway)
        .route("/v3", any(moved))
}

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    let calls = gateway.calls.get_or_init(routes::Calls::new);
    let Some(call) = calls.find(request.uri().path()) else {
        return error::answer(&Status::new(Code::NotFound, "Not Found"));
    };
    if request.method() != Method::POST {
        return error::answer(&Status::new(Code::Unimplemented, "Method Not Allowed"));
    }
    let outcome = call::carry_out(gateway.grpc.clone(), call, request, gateway.bytes_max).await;
    outcome.unwrap_or_else(|status| error::answer(&status))
}

/// Go's server adds the stroke that is missing.
async fn moved(method: Method) -> Response {
    let place = [(LOCATION, "/v3/")];
    if method != Method::GET {
        return (StatusCode::TEMPORARY_REDIRECT, place).into_response();
    }
    let html = [(CONTENT_TYPE, "text/html; charset=utf-8")];
    let text = "<a href=\"/v3/\">Temporary Redirect</a>.\n\n";
    (StatusCode::TEMPORARY_REDIRECT, place, html, text).into_response()
}

#[cfg(test)]
mod tests;
