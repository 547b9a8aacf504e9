//! Errors of calls as HTTP has them.

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use tonic::{Code, Status};

/// The answer to a call that failed.
pub(super) fn answer(status: &Status) -> Response {
    let headers = [(CONTENT_TYPE, "application/json")];
    let code = http_code(status.code());
    let mut response = (code, headers, object(status).to_string()).into_response();
    // Go's gateway puts the text where RFC 9110 §11.6.1 has a challenge.
    if status.code() == Code::Unauthenticated
        && let Ok(text) = HeaderValue::from_str(status.message())
    {
        response.headers_mut().insert(WWW_AUTHENTICATE, text);
    }
    response
}

/// The error as an object.
pub(super) fn object(status: &Status) -> Value {
    let mut object = Map::new();
    object.insert("code".into(), i32::from(status.code()).into());
    if !status.message().is_empty() {
        object.insert("message".into(), status.message().into());
    }
    object.into()
}

/// The gateway's table of codes.
pub(super) fn http_code(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        // nginx's number for a client that has gone.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
