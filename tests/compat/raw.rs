//! Calls made of bytes: any path, any metadata, any frames; and what a gRPC client library hides
//! of the reply: the HTTP status, where the gRPC status stands, the header names.

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Service, ServiceExt};

use crate::reply::{Outcome, Reply};

/// One HTTP/2 request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawCall {
    /// `/package.Service/Method`.
    pub(crate) path: &'static str,
    /// Added to `content-type: application/grpc` and `te: trailers`; the same name replaces those.
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    /// The body as it goes out, message prefixes included.
    pub(crate) body: Bytes,
    /// Whether only the status code is compared: the texts for what no client sends differ from one
    /// gRPC library to the next.
    pub(crate) code_only: bool,
}

/// What of an HTTP/2 reply the sides must agree on. The length of its messages depends on the ids
/// in them, and a missing `grpc-message` is as good as an empty one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RawReply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    /// Number of messages: their content is the business of typed steps.
    pub(crate) messages: usize,
    pub(crate) trailers: BTreeMap<String, String>,
}

impl RawReply {
    /// The gRPC status and message, wherever they stand.
    pub(crate) fn grpc(&self) -> (String, String) {
        let find = |name: &str| {
            let found = self.headers.get(name).or_else(|| self.trailers.get(name));
            found.cloned().unwrap_or_default()
        };
        (find("grpc-status"), find("grpc-message"))
    }
}

/// A message with its five-byte prefix, not compressed.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    prefixed(0, message)
}

/// As [`frame`] with another flag byte; 1 means compressed.
pub(crate) fn prefixed(flag: u8, message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("test messages are far below 4 GiB");
    let mut bytes = vec![flag];
    bytes.extend(length.to_be_bytes());
    bytes.extend(message);
    bytes.into()
}

/// Sends the call and reads the reply to its end.
pub(crate) async fn send(mut channel: Channel, call: &RawCall) -> Outcome {
    let mut request = http::Request::builder()
        .method("POST")
        .uri(call.path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(Full::new(call.body.clone())))
        .expect("the path and the headers are valid");
    for (name, value) in &call.headers {
        let value = http::HeaderValue::from_bytes(value).expect("no control characters");
        request.headers_mut().insert(*name, value);
    }
    let ready = match channel.ready().await {
        Ok(ready) => ready,
        Err(error) => return lost(&error),
    };
    let response = match ready.call(request).await {
        Ok(response) => response,
        Err(error) => return lost(&error),
    };
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body,
        Err(status) => return status.into(),
    };
    let trailers = body.trailers().map(listed).unwrap_or_default();
    let mut reply = RawReply {
        status: parts.status.as_u16(),
        headers: listed(&parts.headers),
        messages: count(&body.to_bytes()),
        trailers,
    };
    if call.code_only {
        let (code, _) = reply.grpc();
        reply = RawReply::default();
        reply.headers.insert("grpc-status".to_owned(), code);
    }
    Outcome::Reply(Box::new(Reply::Raw(reply)))
}

fn lost(error: &dyn std::error::Error) -> Outcome {
    Outcome::Error {
        code: tonic::Code::Unknown,
        message: format!("connection: {error}"),
    }
}

/// Walks over the prefixes.
fn count(mut body: &[u8]) -> usize {
    let mut messages = 0;
    while let Some((prefix, rest)) = body.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
        body = rest.get(length as usize..).unwrap_or_default();
        messages += 1;
    }
    messages
}

/// The headers that a gRPC client looks at. Which bytes of a message are escaped it does not see.
fn listed(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let mut listed = BTreeMap::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        match name.as_str() {
            "content-type" | "grpc-encoding" | "grpc-status" => {
                listed.insert(name.to_string(), text);
            }
            "grpc-message" if !text.is_empty() => {
                listed.insert(name.to_string(), unescaped(value.as_bytes()));
            }
            _ => {}
        }
    }
    listed
}

/// Takes percent escapes out.
fn unescaped(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|two| str::from_utf8(two).ok());
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
