//! gRPC calls that are refused for their headers, before any service sees them; HTTP status, code
//! and text as Go's server has them.

use crate::metrics::Grpc;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use std::time::Duration;
use tonic::{Code, Status};

/// What each call's content type begins with.
const GRPC: &str = "application/grpc";
/// The header in which a client says how long it waits: at most eight digits and a unit.
const GRPC_TIMEOUT: &str = "grpc-timeout";
const GRPC_TIMEOUT_LEN_MAX: usize = 9;

/// Whether the content type makes this a call.
pub(super) fn is_grpc<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_2
        && kind(request.headers()).is_some_and(|kind| subtype(kind).is_some())
}

/// Whether the request can only have been meant as a call: a path of ours over HTTP/2.
pub(super) fn looks_like_grpc<B>(request: &Request<B>) -> bool {
    let path = request.uri().path().trim_start_matches('/');
    let service = path.split_once('/').map(|(service, _)| service);
    request.version() == Version::HTTP_2 && service.is_some_and(Grpc::is_service)
}

/// The answer to something else than a call where only calls are served.
pub(super) fn no_grpc(headers: &HeaderMap) -> Response<Body> {
    let kind = kind(headers).unwrap_or_default();
    let text = format!("invalid gRPC request content-type {kind:?}");
    refusal(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::InvalidArgument,
        text,
    )
}

/// The answer to a call that cannot be carried out, if its headers show that already.
pub(super) fn refused<B>(request: &Request<B>) -> Option<Response<Body>> {
    let timeout = request.headers().get(GRPC_TIMEOUT);
    let timeout = timeout.map(|value| duration(&String::from_utf8_lossy(value.as_bytes())));
    if let Some(Err(error)) = &timeout {
        let text = format!("malformed grpc-timeout: {error}");
        return Some(refusal(StatusCode::BAD_REQUEST, Code::Internal, text));
    }
    let method = request.method();
    if method != Method::POST {
        let text =
            format!("Received a HEADERS frame with :method \"{method}\" which should be POST");
        return Some(refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            Code::Internal,
            text,
        ));
    }
    let is_over = matches!(timeout, Some(Ok(Duration::ZERO)));
    is_over.then(|| {
        let text = "context deadline exceeded".to_owned();
        refusal(StatusCode::OK, Code::DeadlineExceeded, text)
    })
}

/// The content type of the answer, if it is not the plain one: a subtype comes back.
pub(super) fn echoed(headers: &HeaderMap) -> Option<HeaderValue> {
    let subtype = subtype(kind(headers)?)?;
    if subtype.is_empty() {
        return None;
    }
    HeaderValue::from_str(&format!("{GRPC}+{subtype}")).ok()
}

fn refusal(status: StatusCode, code: Code, text: String) -> Response<Body> {
    let mut response = Status::new(code, text).into_http();
    *response.status_mut() = status;
    response
}

fn kind(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

/// The part behind `application/grpc`; `None` for any other type.
fn subtype(kind: &str) -> Option<&str> {
    let rest = kind.strip_prefix(GRPC)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(['+', ';'])
}

/// Reads `10S` and the like.
fn duration(text: &str) -> Result<Duration, String> {
    if text.len() < 2 {
        return Err(format!("transport: timeout string is too short: {text:?}"));
    }
    if text.len() > GRPC_TIMEOUT_LEN_MAX {
        return Err(format!("transport: timeout string is too long: {text:?}"));
    }
    let unknown = || format!("transport: timeout unit is not recognized: {text:?}");
    let (digits, unit) = text.split_at_checked(text.len() - 1).ok_or_else(unknown)?;
    let nanoseconds = match unit {
        "H" => 3_600_000_000_000,
        "M" => 60_000_000_000,
        "S" => 1_000_000_000,
        "m" => 1_000_000,
        "u" => 1_000,
        "n" => 1,
        _ => return Err(unknown()),
    };
    // A sign is not a digit, though Rust takes it.
    let number = digits
        .parse::<u64>()
        .ok()
        .filter(|_| !digits.starts_with('+'));
    let number =
        number.ok_or_else(|| format!("strconv.ParseUint: parsing {digits:?}: invalid syntax"))?;
    // Eight digits at most: centuries fit.
    Ok(Duration::from_nanos(number.saturating_mul(nanoseconds)))
}

#[cfg(test)]
mod tests;
