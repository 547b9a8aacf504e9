//! What clients get: objects, lists and refusals in the form and encoding that they accept.

use api::columns::{self, Include};
use api::schema::Gvk;
use api::wire::yaml;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::cache::Entry;
use crate::call::Call;
use crate::chain::body;
use crate::chain::media::{Accepted, Encoding, Form};
use crate::fault::{Result, Status};
use crate::registry::Endpoint;
use crate::serve::Body;
use crate::storage::encoding::seal;
use crate::verb::list::Listed;

/// Bytes of a list that are sent at once.
const PIECE: usize = 256 * 1024;

/// The media types that objects are told in.
pub const MEDIA: [&str; 3] = [
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
];

/// An answer of these bytes.
#[must_use]
pub fn bytes(code: u16, media: &'static str, bytes: impl Into<Bytes>) -> Response<Body> {
    with(code, media, body::full(bytes))
}

fn with(code: u16, media: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// A stream of frames.
#[must_use]
pub fn stream(encoding: Encoding, body: Body) -> Response<Body> {
    let media = match encoding {
        Encoding::Json => "application/json",
        Encoding::Yaml => "application/yaml",
        Encoding::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
    };
    with(200, media, body)
}

/// A refusal.
#[must_use]
pub fn refusal(status: &Status, encoding: Encoding) -> Response<Body> {
    let value = status.to_value();
    let code = if status.code == 0 { 500 } else { status.code };
    let mut response = encoded(code, encoding, &value);
    let retry = status
        .details
        .as_ref()
        .map_or(0, |details| details.retry_after_seconds);
    if retry > 0 {
        response.headers_mut().insert(RETRY_AFTER, retry.into());
    }
    response
}

/// A tree in an encoding; JSON where it has no other form.
#[must_use]
pub fn encoded(code: u16, encoding: Encoding, value: &Value) -> Response<Body> {
    match encoding {
        Encoding::Json => json_of(code, value),
        Encoding::Yaml => bytes(code, "application/yaml", yaml::write(value)),
        Encoding::Protobuf => match seal(value) {
            Ok(sealed) => bytes(code, "application/vnd.kubernetes.protobuf", sealed),
            Err(_) => json_of(code, value),
        },
    }
}

fn json_of(code: u16, value: &Value) -> Response<Body> {
    let mut text = value.to_string();
    text.push('\n');
    bytes(code, "application/json", text)
}

/// One object.
///
/// # Errors
/// It has no such form.
pub fn object(call: &Call, code: u16, object: &Value) -> Result<Response<Body>> {
    let Accepted { encoding, form, .. } = call.accepted;
    Ok(match form {
        Form::Plain => encoded(code, encoding, object),
        Form::Metadata(version) => encoded(code, encoding, &partial(object, version)),
        Form::Table(version) => {
            let table = table(
                call,
                std::slice::from_ref(object),
                version,
                &object["metadata"],
                true,
            )?;
            encoded(code, encoding, &table)
        }
    })
}

/// One object of the cache: its bytes as they are, where the client takes them.
///
/// # Errors
/// It cannot be decoded, or has no such form.
pub fn entry(call: &Call, entry: &Entry) -> Result<Response<Body>> {
    if (call.accepted.encoding, call.accepted.form) == (Encoding::Json, Form::Plain) {
        let mut out = Vec::with_capacity(call.endpoint.head.len() + 1024);
        entry
            .shown(&call.endpoint.head, &mut out)
            .map_err(Status::internal)?;
        out.push(b'\n');
        return Ok(bytes(200, "application/json", out));
    }
    object(call, 200, &tree(&call.endpoint, entry)?)
}

/// An object of the cache as a tree with what its endpoint calls it.
///
/// # Errors
/// It cannot be decoded.
pub fn tree(endpoint: &Endpoint, entry: &Entry) -> Result<Value> {
    let mut object = entry.tree().map_err(Status::internal)?;
    if let Some(object) = object.as_object_mut() {
        object.insert("apiVersion".to_owned(), endpoint.api_version().into());
        object.insert("kind".to_owned(), (*endpoint.kind).into());
    }
    Ok(object)
}

/// The metadata of a list.
fn list_metadata(listed: &Listed) -> Map<String, Value> {
    let mut metadata = Map::new();
    metadata.insert(
        "resourceVersion".to_owned(),
        listed.revision.to_string().into(),
    );
    if !listed.next.is_empty() {
        metadata.insert("continue".to_owned(), listed.next.clone().into());
    }
    if let Some(remaining) = listed.remaining {
        metadata.insert("remainingItemCount".to_owned(), remaining.into());
    }
    metadata
}

/// A list.
///
/// # Errors
/// An object cannot be decoded, or has no such form.
pub fn list(call: &Call, listed: &Listed) -> Result<Response<Body>> {
    let Accepted { encoding, form, .. } = call.accepted;
    let endpoint = &call.endpoint;
    let metadata = list_metadata(listed);
    match (encoding, form) {
        (Encoding::Json, Form::Plain) => spliced(endpoint, listed, &metadata),
        (_, Form::Plain) => {
            let mut items = trees(endpoint, listed)?;
            if endpoint.custom.is_none() {
                for item in items.iter_mut().filter_map(Value::as_object_mut) {
                    item.remove("apiVersion");
                    item.remove("kind");
                }
            }
            let value = json!({
                "kind": format!("{}List", endpoint.kind),
                "apiVersion": endpoint.api_version(),
                "metadata": metadata,
                "items": items,
            });
            Ok(encoded(200, encoding, &value))
        }
        (_, Form::Metadata(version)) => {
            let items: Vec<Value> = trees(endpoint, listed)?
                .iter()
                .map(|item| partial(item, version))
                .collect();
            let value = json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": metadata,
                "items": items,
            });
            Ok(encoded(200, encoding, &value))
        }
        (_, Form::Table(version)) => {
            let table = table(
                call,
                &trees(endpoint, listed)?,
                version,
                &metadata.into(),
                true,
            )?;
            Ok(encoded(200, encoding, &table))
        }
    }
}

fn trees(endpoint: &Endpoint, listed: &Listed) -> Result<Vec<Value>> {
    listed
        .items
        .iter()
        .map(|entry| tree(endpoint, entry))
        .collect()
}

/// A list put together of the bytes of its objects.
fn spliced(
    endpoint: &Endpoint,
    listed: &Listed,
    metadata: &Map<String, Value>,
) -> Result<Response<Body>> {
    let kind = Gvk::new(
        &endpoint.group,
        &endpoint.version,
        &format!("{}List", endpoint.kind),
    );
    let mut out = crate::registry::head(&kind);
    out.extend_from_slice(b"\"metadata\":");
    let metadata = serde_json::to_vec(metadata).map_err(Status::internal)?;
    out.extend_from_slice(&metadata);
    out.extend_from_slice(b",\"items\":[");
    // Built-in objects do not say their kind within a list, custom ones do.
    let head: &[u8] = match endpoint.custom {
        Some(_) => &endpoint.head,
        None => b"{",
    };
    let mut pieces = Vec::new();
    for (at, entry) in listed.items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        entry.shown(head, &mut out).map_err(Status::internal)?;
        if out.len() >= PIECE {
            pieces.push(Bytes::from(std::mem::replace(
                &mut out,
                Vec::with_capacity(PIECE + PIECE / 4),
            )));
        }
    }
    out.extend_from_slice(b"]}\n");
    if pieces.is_empty() {
        return Ok(bytes(200, "application/json", out));
    }
    pieces.push(out.into());
    Ok(with(200, "application/json", body::pieces(pieces)))
}

/// The metadata of an object alone.
#[must_use]
pub fn partial(object: &Value, version: &str) -> Value {
    columns::partial(object, version == "v1beta1")
}

/// Objects as rows of a table.
///
/// # Errors
/// The query asks for what a row cannot have (`includeObject`).
pub fn table(
    call: &Call,
    objects: &[Value],
    version: &str,
    metadata: &Value,
    headers: bool,
) -> Result<Value> {
    let include = call.query.text("includeObject");
    let options = columns::Options {
        include: Include::parse(include).ok_or_else(|| {
            Status::bad_request(format!("unrecognized includeObject value: {include:?}"))
        })?,
        headers,
        beta: version == "v1beta1",
        list: call.info.name.is_empty(),
        now: call.now,
    };
    Ok(call.endpoint.printer.table(objects, metadata, options))
}
