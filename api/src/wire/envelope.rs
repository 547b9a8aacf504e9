//! What lies around protobuf messages: the envelope of an object, and the frames of a watch.
//!
//! ```text
//! object   "k8s\0"  Unknown{ 1 TypeMeta{1 apiVersion, 2 kind}, 2 message, 3 contentEncoding, 4 contentType }
//! watch    length (4 bytes, big-endian)  WatchEvent{ 1 type, 2 RawExtension{ 1 object } }  length  …
//! ```

use serde_json::{Map, Value};

use super::protobuf::{Buffer, Input, Wire};
use super::{DecodeError, EncodeError, protobuf};
use crate::schema::{Gvk, Schema, TypeId};

/// What an object in protobuf begins with.
pub const MAGIC: &[u8] = b"k8s\0";

/// An object in its envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Group and version: `v1`, `apps/v1`.
    pub api_version: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The message, for [`protobuf::read`].
    pub raw: &'a [u8],
    /// How the message is encoded further; empty for not at all.
    pub content_encoding: &'a str,
    /// What the message is; empty for protobuf.
    pub content_type: &'a str,
}

/// Opens an envelope.
///
/// # Errors
///
/// In upstream's words, if the bytes are none.
pub fn split(bytes: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Protobuf("empty data".into()));
    }
    let body = bytes.strip_prefix(MAGIC).ok_or_else(|| {
        let text = "provided data does not appear to be a protobuf message, expected prefix \
                    [107 56 115 0]";
        DecodeError::Protobuf(text.into())
    })?;
    if body.is_empty() {
        return Err(DecodeError::Protobuf("empty body".into()));
    }
    let mut found = Envelope::default();
    let mut input = Input(body);
    while let Some((number, wire)) = input.tag()? {
        match (number, wire) {
            (1, Wire::Bytes) => {
                let mut inner = Input(input.bytes()?);
                while let Some((number, wire)) = inner.tag()? {
                    match (number, wire) {
                        (1, Wire::Bytes) => found.api_version = text(inner.bytes()?)?,
                        (2, Wire::Bytes) => found.kind = text(inner.bytes()?)?,
                        _ => inner.skip(wire)?,
                    }
                }
            }
            (2, Wire::Bytes) => found.raw = input.bytes()?,
            (3, Wire::Bytes) => found.content_encoding = text(input.bytes()?)?,
            (4, Wire::Bytes) => found.content_type = text(input.bytes()?)?,
            _ => input.skip(wire)?,
        }
    }
    Ok(found)
}

fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes)
        .map_err(|_| DecodeError::Protobuf("the envelope's texts are no UTF-8".into()))
}

/// Puts a message into an envelope.
#[must_use]
pub fn join(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    tail(&mut buffer);
    buffer.bytes(2, raw);
    head(&mut buffer, api_version, kind);
    buffer.into_bytes()
}

fn tail(buffer: &mut Buffer) {
    buffer.bytes(4, b"");
    buffer.bytes(3, b"");
}

fn head(buffer: &mut Buffer, api_version: &str, kind: &str) {
    let end = buffer.len();
    buffer.bytes(2, kind.as_bytes());
    buffer.bytes(1, api_version.as_bytes());
    buffer.close(1, end);
    buffer.put(MAGIC);
}

/// Writes a canonical tree of a type as an object in its envelope, with the tree's own `apiVersion` and
/// `kind`. The message is not copied for it.
///
/// # Errors
///
/// If a value is not of its field's type.
pub fn write(schema: &Schema, id: TypeId, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut buffer = Buffer::new();
    tail(&mut buffer);
    let end = buffer.len();
    protobuf::write_to(schema, id, value, &mut buffer)?;
    buffer.close(2, end);
    let named = |key| value.get(key).and_then(Value::as_str).unwrap_or_default();
    head(&mut buffer, named("apiVersion"), named("kind"));
    Ok(buffer.into_bytes())
}

/// Reads an object in its envelope into a canonical tree, `apiVersion` and `kind` included. The schema
/// tells the type by them.
///
/// # Errors
///
/// If the bytes are no such object, or if its kind is not in the schema.
pub fn read(schema: &Schema, bytes: &[u8]) -> Result<Value, DecodeError> {
    let around = split(bytes)?;
    let kind = Gvk::parse(around.api_version, around.kind);
    let id = schema.kind(&kind).ok_or_else(|| unknown(&around))?;
    let value = protobuf::read(schema, id, around.raw)?;
    Ok(with_kind(value, &around))
}

/// The error of a kind that the schema does not have.
pub(super) fn unknown(around: &Envelope<'_>) -> DecodeError {
    DecodeError::Protobuf(format!(
        "no kind {:?} is registered for version {:?}",
        around.kind, around.api_version
    ))
}

/// The object with what its envelope tells.
pub(super) fn with_kind(value: Value, around: &Envelope<'_>) -> Value {
    let mut map = match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    for (key, text) in [("apiVersion", around.api_version), ("kind", around.kind)] {
        if !text.is_empty() {
            map.insert(key.into(), text.into());
        }
    }
    Value::Object(map)
}

/// A frame of a watch: an event of this type (`ADDED`, …) about an object in its envelope.
#[must_use]
pub fn watch_frame(event: &str, object: &[u8]) -> Vec<u8> {
    let mut buffer = Buffer::new();
    buffer.bytes(1, object);
    buffer.close(2, 0);
    buffer.bytes(1, event.as_bytes());
    frame(buffer)
}

fn frame(mut buffer: Buffer) -> Vec<u8> {
    // No message is that long: lengths in protobuf end below it.
    let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    buffer.put(&length.to_be_bytes());
    buffer.into_bytes()
}

/// An event of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchEvent<'a> {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, `ERROR`.
    pub event: &'a str,
    /// The object in its envelope.
    pub object: &'a [u8],
}

/// Takes the first event off bytes of a watch: the event, and how many bytes it took. Nothing if it is
/// not there as a whole yet.
///
/// # Errors
///
/// If the frame is longer than `most` bytes, or no event.
pub fn watch_event(
    bytes: &[u8],
    most: usize,
) -> Result<Option<(WatchEvent<'_>, usize)>, DecodeError> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > most {
        let text = format!("a frame of {length} bytes is longer than {most}");
        return Err(DecodeError::Protobuf(text));
    }
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    let mut found = WatchEvent::default();
    let mut input = Input(body);
    while let Some((number, wire)) = input.tag()? {
        match (number, wire) {
            (1, Wire::Bytes) => found.event = text(input.bytes()?)?,
            (2, Wire::Bytes) => {
                let mut inner = Input(input.bytes()?);
                while let Some((number, wire)) = inner.tag()? {
                    match (number, wire) {
                        (1, Wire::Bytes) => found.object = inner.bytes()?,
                        _ => inner.skip(wire)?,
                    }
                }
            }
            _ => input.skip(wire)?,
        }
    }
    Ok(Some((found, length + 4)))
}

#[cfg(test)]
mod tests;
