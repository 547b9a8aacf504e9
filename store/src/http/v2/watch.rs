//! `/v2/keys/…?wait=true`: an answer that comes when something has happened.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use futures::stream;

use super::json::{EventText, text};
use super::{JSON, Second};
use crate::v2::{Event, Watching};

/// The headers at once, and one event, or all there are.
pub(super) fn answer(second: &Second, watching: Watching) -> Response {
    let began = watching.began;
    let events = stream::unfold(Some(watching), |watching| async {
        let mut watching = watching?;
        let event = watching.next().await?;
        let goes_on = watching.is_stream;
        let line = Ok::<_, Infallible>(line(&event));
        Some((line, goes_on.then_some(watching)))
    });
    let body = Body::from_stream(events);
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    second.note(headers, began);
    response
}

fn line(event: &Event) -> Bytes {
    (text(&EventText::of(event, false)) + "\n").into()
}
