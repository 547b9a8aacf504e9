//! Answers in the form of Go's `http.Error` and friends.

use super::percent;
use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

/// The content type of all plain texts.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// A text of some type.
pub(super) fn typed(code: StatusCode, content_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = code;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A text that browsers must not take for anything else.
pub(super) fn sure_text(code: StatusCode, text: String) -> Response {
    let mut response = typed(code, TEXT, text);
    let no_sniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, no_sniff);
    response
}

/// An error: its text and a line end.
pub(super) fn plain(code: StatusCode, text: &str) -> Response {
    sure_text(code, format!("{text}\n"))
}

/// A path nobody knows.
pub(super) fn page_not_found() -> Response {
    plain(StatusCode::NOT_FOUND, "404 page not found")
}

/// A method other than GET.
pub(super) fn not_allowed() -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET"));
    response
}

/// The values of a name in the query, decoded; empty values count.
pub(super) fn query(uri: &Uri, name: &str) -> Vec<String> {
    let pairs = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    // As in Go, a pair that cannot be read is passed over.
    let read = |text: &str| percent::decode(text.as_bytes(), true).ok();
    pairs
        .filter(|(known, _)| read(known).is_some_and(|known| known == name))
        .filter_map(|(_, value)| read(value))
        .collect()
}
