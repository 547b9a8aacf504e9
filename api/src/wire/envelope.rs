//! What lies around a protobuf message: `k8s\0`, then `runtime.Unknown`, which says the kind.
//!
//! ```text
//! "k8s\0" Unknown { 1: TypeMeta { 1: apiVersion, 2: kind }, 2: the message, 3: "", 4: "" }
//! ```

use serde_json::Value;

use super::protobuf::{self, bytes_field, fields};
use super::DecodeError;
use crate::schema::{Gvk, builtin};

/// What protobuf objects begin with.
pub const MAGIC: &[u8] = b"k8s\0";

/// An object and its kind, apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// `v1`, `apps/v1`.
    pub api_version: &'a str,
    /// `Pod`.
    pub kind: &'a str,
    /// The message.
    pub raw: &'a [u8],
    /// What `raw` is, if it is no protobuf: a media type.
    pub content_type: &'a str,
}

/// Takes an object out of its envelope.
///
/// # Errors
/// It has none.
pub fn split(bytes: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| {
        DecodeError::new("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    })?;
    let mut envelope = Envelope {
        api_version: "",
        kind: "",
        raw: &[],
        content_type: "",
    };
    for next in fields(rest) {
        match next? {
            (1, protobuf::Content::Bytes(meta)) => {
                for next in fields(meta) {
                    match next? {
                        (1, protobuf::Content::Bytes(text)) => envelope.api_version = utf8(text)?,
                        (2, protobuf::Content::Bytes(text)) => envelope.kind = utf8(text)?,
                        _ => {}
                    }
                }
            }
            (2, protobuf::Content::Bytes(raw)) => envelope.raw = raw,
            (4, protobuf::Content::Bytes(text)) => envelope.content_type = utf8(text)?,
            _ => {}
        }
    }
    Ok(envelope)
}

fn utf8(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|error| DecodeError::new(error.to_string()))
}

/// Puts a message into its envelope.
#[must_use]
pub fn join(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut meta = Vec::with_capacity(api_version.len() + kind.len() + 4);
    bytes_field(1, api_version.as_bytes(), &mut meta);
    bytes_field(2, kind.as_bytes(), &mut meta);
    let mut out = Vec::with_capacity(MAGIC.len() + meta.len() + raw.len() + 16);
    out.extend_from_slice(MAGIC);
    bytes_field(1, &meta, &mut out);
    bytes_field(2, raw, &mut out);
    bytes_field(3, b"", &mut out);
    bytes_field(4, b"", &mut out);
    out
}

/// An object of a built-in kind out of its envelope, as a tree with `apiVersion` and `kind`.
///
/// # Errors
/// It has no envelope, its kind is none of the built-in ones, or it is no message.
pub fn open(bytes: &[u8]) -> Result<Value, DecodeError> {
    let envelope = split(bytes)?;
    let kind = Gvk::parse(envelope.api_version, envelope.kind);
    let id = builtin().kind(&kind).ok_or_else(|| {
        DecodeError::new(format!(
            "no kind {:?} is registered for version {:?}",
            envelope.kind, envelope.api_version
        ))
    })?;
    let mut object = protobuf::read(builtin(), id, envelope.raw)?;
    if let Some(object) = object.as_object_mut() {
        object.insert("apiVersion".to_owned(), envelope.api_version.into());
        object.insert("kind".to_owned(), envelope.kind.into());
    }
    Ok(object)
}

/// An object of a built-in kind as protobuf in its envelope.
///
/// # Errors
/// Its kind is none of the built-in ones, or it is not canonical.
pub fn seal(object: &Value) -> Result<Vec<u8>, protobuf::EncodeError> {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let id = builtin().kind(&Gvk::parse(api_version, kind)).ok_or_else(|| {
        protobuf::EncodeError(format!("no kind {kind:?} is registered for version {api_version:?}"))
    })?;
    let raw = protobuf::write(builtin(), id, object)?;
    Ok(join(api_version, kind, &raw))
}

/// An event of a watch, as it stands on a stream: its length in four bytes, then
/// `WatchEvent { 1: kind, 2: RawExtension { 1: the object in its envelope } }`.
#[must_use]
pub fn frame(kind: &str, sealed: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(sealed.len() + 8);
    bytes_field(1, sealed, &mut raw);
    let mut event = Vec::with_capacity(raw.len() + kind.len() + 12);
    bytes_field(1, kind.as_bytes(), &mut event);
    bytes_field(2, &raw, &mut event);
    let length = u32::try_from(event.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(event.len() + 4);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&event);
    out
}
