//! Objects as the store keeps them: built-in kinds as `k8s\0` protobuf, custom ones and the two kinds of
//! the API itself as JSON, as upstream does.

use api::schema::{Gvk, builtin};
use api::wire::{DecodeError, envelope, json};
use bytes::Bytes;
use serde_json::Value;

/// An object that cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(String);

/// An object of a built-in kind as protobuf in its envelope.
///
/// # Errors
/// Its kind is none of the built-in ones, or it is not canonical.
pub fn seal(object: &Value) -> Result<Vec<u8>, EncodeError> {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let kind = Gvk::parse(text("apiVersion"), text("kind"));
    let id = match &*kind.group {
        // Metadata alone is of no group's kinds; its versions are the same.
        "meta.k8s.io" => builtin().named(&format!(
            "io.k8s.apimachinery.pkg.apis.meta.v1.{}",
            kind.kind
        )),
        _ => builtin().kind(&kind),
    };
    let id = id.ok_or_else(|| EncodeError(format!("{} has no protobuf form", kind.kind)))?;
    envelope::write(builtin(), id, object).map_err(|error| EncodeError(error.to_string()))
}

/// Whether the built-in kinds of a group are kept as protobuf.
#[must_use]
pub fn is_protobuf(group: &str) -> bool {
    !matches!(group, "apiextensions.k8s.io" | "apiregistration.k8s.io")
}

/// What is kept of an object: all but its resource version, which the store knows.
///
/// # Errors
/// It has no such form, which means that it is not canonical.
pub fn encode(object: &Value, as_protobuf: bool) -> Result<Bytes, EncodeError> {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
    }
    if as_protobuf {
        return seal(&object).map(Bytes::from);
    }
    let bytes = serde_json::to_vec(&object).map_err(|error| EncodeError(error.to_string()))?;
    Ok(bytes.into())
}

/// An object that was kept, with `apiVersion` and `kind`, without a resource version.
///
/// # Errors
/// The bytes are none.
pub fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    if bytes.starts_with(envelope::MAGIC) {
        return envelope::read(builtin(), bytes);
    }
    let object = json::read_any(bytes)?.value;
    if object.is_object() {
        Ok(object)
    } else {
        Err(DecodeError::Value(
            "the stored value is no object".to_owned(),
        ))
    }
}
