//! One call: from the body of the HTTP request through the service to the answer.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, TE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures::{Stream, StreamExt as _, stream};
use http_body_util::BodyExt as _;
use prost_reflect::MethodDescriptor;
use tokio::time::Instant;
use tonic::{Code, Status};
use tower::Service as _;

use super::requests::Requests;
use super::{error, json};

/// The head of a message in gRPC: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;
/// Headers that are metadata of the call.
const METADATA: &str = "grpc-metadata-";

/// Carries out a call.
///
/// # Errors
/// The call failed before anything was answered.
pub(super) async fn carry_out(
    mut grpc: Router,
    call: &MethodDescriptor,
    request: Request<Body>,
    bytes_max: usize,
) -> Result<Response<Body>, Status> {
    let (parts, body) = request.into_parts();
    let deadline = timeout(&parts.headers)?.and_then(|after| Instant::now().checked_add(after));
    let requests = Requests::new(body, bytes_max);
    let body = if call.is_client_streaming() {
        messages(call.clone(), requests)
    } else {
        let message = match by(deadline, requests.only()).await? {
            Some(value) => json::decode(call.input(), &value)?,
            None => Bytes::new(),
        };
        Body::from(framed(&message))
    };
    let mut inner = Request::post(format!(
        "/{}/{}",
        call.parent_service().full_name(),
        call.name()
    ));
    if let Some(headers) = inner.headers_mut() {
        metadata(&parts.headers, headers);
    }
    let inner = inner
        .body(body)
        .map_err(|why| Status::internal(why.to_string()))?;
    let answer = async {
        let answered = grpc.call(inner).await;
        let answered = answered.unwrap_or_else(|never: Infallible| match never {});
        match call.is_server_streaming() {
            true => stream_of(call, answered, deadline).await,
            false => single(call, answered).await,
        }
    };
    by(deadline, answer).await
}

/// Gives up what takes longer than the caller waits.
async fn by<T>(
    deadline: Option<Instant>,
    outcome: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let Some(deadline) = deadline else {
        return outcome.await;
    };
    let outcome = tokio::time::timeout_at(deadline, outcome).await;
    outcome.unwrap_or_else(|_| Err(Status::deadline_exceeded("context deadline exceeded")))
}

/// The requests of a stream, as they come. What is no JSON ends them.
fn messages(call: MethodDescriptor, requests: Requests) -> Body {
    let frames = stream::unfold(Some(requests), move |requests| {
        let call = call.clone();
        async move {
            let mut requests = requests?;
            let value = requests.next().await.ok()??;
            let message = json::decode(call.input(), &value).ok()?;
            Some((Ok::<_, Infallible>(framed(&message)), Some(requests)))
        }
    });
    Body::from_stream(frames.fuse())
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD_BYTES + message.len());
    frame.put_u8(0);
    // Requests have a bound far below.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

/// What the service is told of the HTTP request.
fn metadata(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        // gRPC's own headers are not for callers.
        if let Some(name) = name.as_str().strip_prefix(METADATA)
            && !name.starts_with("grpc-")
            && let Ok(name) = HeaderName::try_from(name)
        {
            to.append(name, value.clone());
        }
    }
    if let Some(value) = from.get(AUTHORIZATION) {
        to.insert(AUTHORIZATION, value.clone());
    }
    // By this a service knows that the certificate of the connection is not the caller's.
    let accept = from.get("accept").cloned();
    let accept = accept.unwrap_or(HeaderValue::from_static("*/*"));
    to.insert("grpcgateway-accept", accept);
    to.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    to.insert(TE, HeaderValue::from_static("trailers"));
}

/// `Grpc-Timeout`: a number and a unit.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let invalid = || Status::invalid_argument(format!("invalid grpc-timeout: {text}"));
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(invalid)?;
    let number: u64 = number.parse().map_err(|_| invalid())?;
    let duration = match unit {
        "n" => Duration::from_nanos(number),
        "u" => Duration::from_micros(number),
        "m" => Duration::from_millis(number),
        "S" => Duration::from_secs(number),
        "M" => Duration::from_secs(number.saturating_mul(60)),
        "H" => Duration::from_secs(number.saturating_mul(3600)),
        _ => return Err(invalid()),
    };
    Ok(Some(duration))
}

/// The answer of a unary call.
async fn single(
    call: &MethodDescriptor,
    answered: Response<Body>,
) -> Result<Response<Body>, Status> {
    failed(answered.headers())?;
    let collected = answered.into_body().collect().await;
    let collected = collected.map_err(|why| Status::unknown(why.to_string()))?;
    if let Some(trailers) = collected.trailers() {
        failed(trailers)?;
    }
    let mut message = collected.to_bytes();
    message.advance(HEAD_BYTES.min(message.len()));
    let text = json::encode(call.output(), message)?;
    Ok(ok(Body::from(text)))
}

fn ok(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        "grpc-metadata-content-type",
        HeaderValue::from_static("application/grpc"),
    );
    response
}

/// The error that headers or trailers tell of.
fn failed(headers: &HeaderMap) -> Result<(), Status> {
    match Status::from_header_map(headers) {
        Some(status) if status.code() != Code::Ok => Err(status),
        _ => Ok(()),
    }
}

/// The answers of a stream, one a line. Its first decides on the code of HTTP.
async fn stream_of(
    call: &MethodDescriptor,
    answered: Response<Body>,
    deadline: Option<Instant>,
) -> Result<Response<Body>, Status> {
    if let Err(status) = failed(answered.headers()) {
        return Ok(broken(&status));
    }
    let mut lines = Box::pin(lines(call.clone(), answered.into_body(), deadline).fuse());
    let first = match lines.next().await {
        Some(Err(status)) => return Ok(broken(&status)),
        // Go's gateway has no header for a stream without messages.
        None => return Ok(Response::new(Body::empty())),
        Some(Ok(line)) => stream::iter([Ok::<_, Infallible>(line)]),
    };
    let rest = lines.map(|line| Ok(line.unwrap_or_else(|status| error_line(&status))));
    Ok(ok(Body::from_stream(first.chain(rest))))
}

fn broken(status: &Status) -> Response<Body> {
    let mut response = Response::new(Body::from(error_line(status)));
    *response.status_mut() = error::http_code(status.code());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn error_line(status: &Status) -> Bytes {
    format!("{{\"error\":{}}}", error::object(status)).into()
}

/// The messages of an answer as lines; an error is the last of them.
fn lines(
    call: MethodDescriptor,
    body: Body,
    deadline: Option<Instant>,
) -> impl Stream<Item = Result<Bytes, Status>> {
    let state = Some((body, BytesMut::new()));
    stream::unfold(state, move |state| {
        let call = call.clone();
        async move {
            let (mut body, mut held) = state?;
            loop {
                if let Some(message) = take(&mut held) {
                    let line = json::encode(call.output(), message);
                    let line = line.map(|text| format!("{{\"result\":{text}}}\n").into());
                    return Some((line, Some((body, held))));
                }
                let frame = match by(deadline, async { Ok(body.frame().await) }).await {
                    Ok(Some(Ok(frame))) => frame,
                    Ok(Some(Err(why))) => {
                        return Some((Err(Status::unknown(why.to_string())), None));
                    }
                    Ok(None) => return None,
                    Err(status) => return Some((Err(status), None)),
                };
                match frame.into_data() {
                    Ok(data) => held.extend_from_slice(&data),
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        return failed(&trailers).err().map(|status| (Err(status), None));
                    }
                }
            }
        }
    })
}

/// The next whole message.
fn take(held: &mut BytesMut) -> Option<Bytes> {
    let length = held.get(1..HEAD_BYTES)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let end = HEAD_BYTES + usize::try_from(length).ok()?;
    if held.len() < end {
        return None;
    }
    let mut message = held.split_to(end).freeze();
    message.advance(HEAD_BYTES);
    Some(message)
}
