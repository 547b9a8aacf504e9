//! Calls that the proxy has nothing to add to: carried to a member and back as the bytes they are.
//!
//! All of them are one message, answered by one or by a stream.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http_body_util::{BodyExt as _, Limited};
use tonic::Status;
use tower::{Service as _, ServiceExt as _};

use super::upstream::Upstream;

/// Services that are carried; what else is asked for nobody offers.
const SERVICES: [&str; 5] = [
    "etcdserverpb.Auth",
    "etcdserverpb.Maintenance",
    "grpc.health.v1.Health",
    "v3electionpb.Election",
    "v3lockpb.Lock",
];
/// The frame around a message: whether it is packed, and its length.
const FRAME_BYTES: usize = 5;
/// Attempts to send one.
const ATTEMPTS_MAX: usize = 10;

/// The routes of these calls.
pub(super) fn routes(upstream: Arc<Upstream>) -> axum::Router {
    let mut router = axum::Router::new();
    for service in SERVICES {
        router = router.route(&format!("/{service}/{{method}}"), axum::routing::any(carry));
    }
    router.with_state(upstream)
}

async fn carry(State(upstream): State<Arc<Upstream>>, request: Request) -> Response {
    match try_to_carry(&upstream, request).await {
        Ok(response) => response,
        Err(why) => why.into_http::<Body>().into_response(),
    }
}

async fn try_to_carry(upstream: &Upstream, request: Request) -> Result<Response, Status> {
    let (mut parts, body) = request.into_parts();
    for name in [HOST, CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let max = upstream.send_max() + FRAME_BYTES;
    let message = Limited::new(body, max + 1).collect().await;
    let message = message
        .map_err(|_| Status::resource_exhausted("trying to send message larger than max"))?
        .to_bytes();
    upstream.check_size(message.len().saturating_sub(FRAME_BYTES))?;
    let path = parts.uri.path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    for _ in 0..ATTEMPTS_MAX {
        let mut seat = upstream.seat().await?;
        let Ok(channel) = seat.channel.ready().await else {
            seat.lost();
            continue;
        };
        let mut request = http::Request::new(tonic::body::Body::new(http_body_util::Full::new(
            message.clone(),
        )));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = path.clone().into();
        *request.version_mut() = http::Version::HTTP_2;
        *request.headers_mut() = parts.headers.clone();
        return match channel.call(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(why) => {
                seat.lost();
                Err(Status::unavailable(format!(
                    "error reading from server: {why}"
                )))
            }
        };
    }
    Err(Status::unavailable("the connection to the member is lost"))
}
