//! The object in a request's body.

use api::schema::{Gvk, Schema, TypeId};
use api::wire::{self, DecodeError, Read, envelope};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::answer::MEDIA;
use crate::call::{Call, FieldValidation};
use crate::chain::media::Encoding;
use crate::fault::{Result, Status};

/// What a body is to hold.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    /// The kind, for those who do not say it.
    pub kind: Gvk,
    /// Its schema, and the type in it.
    pub schema: (&'a Schema, TypeId),
}

/// The encoding that a body is in.
///
/// # Errors
/// It is in none that is known.
pub fn encoding(call: &Call) -> Result<Encoding> {
    let header = call
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media = header
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if media.is_empty() {
        return Ok(Encoding::Json);
    }
    Encoding::of(&media).ok_or_else(|| Status::unsupported_media_type(&MEDIA))
}

/// The object of a body: canonical, with `apiVersion` and `kind`.
///
/// # Errors
/// It is none, or of another kind than `expected`; fields that it cannot have are refused or told, as the
/// request says.
pub fn object(call: &Call, bytes: &Bytes, expected: &Expected<'_>) -> Result<Value> {
    let encoding = encoding(call)?;
    let kind = kind_of(encoding, bytes).map_err(|error| refuse(expected, &error))?;
    let version = kind.as_ref().map_or("", |(version, _)| version.as_str());
    let own = expected.kind.api_version();
    if let Some((version, name)) = &kind {
        let is_same_kind = name.is_empty() || *name == *expected.kind.kind;
        let is_same_group =
            version.is_empty() || Gvk::parse(version, "").group == expected.kind.group;
        if !is_same_kind || (!is_same_group && !name.is_empty()) {
            let found = Gvk::parse(version, name);
            let problem = format!(
                "{} in version {:?} cannot be handled as a {}: converting ({}.{}) to ({}.{}): unknown conversion",
                found.kind,
                found.version,
                expected.kind.kind,
                found.version,
                found.kind,
                group_name(&expected.kind),
                expected.kind.kind
            );
            if name != &*expected.kind.kind {
                return Err(Status::bad_request(problem));
            }
        }
    }
    if !version.is_empty() && version != own {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({own})"
        )));
    }
    let (schema, id) = expected.schema;
    let read = match encoding {
        Encoding::Json => wire::json::read(schema, id, bytes),
        Encoding::Yaml => wire::yaml::read(schema, id, bytes),
        Encoding::Protobuf => protobuf(schema, id, bytes),
    };
    let Read {
        mut value,
        problems,
    } = read.map_err(|error| refuse(expected, &error))?;
    tell(call, expected, problems)?;
    default(call, expected, &mut value)?;
    name(&mut value, &expected.kind);
    Ok(value)
}

/// Sets what nobody has set.
///
/// # Errors
/// None that a tree that has just been read could give.
pub fn default(call: &Call, expected: &Expected<'_>, value: &mut Value) -> Result<()> {
    if call.endpoint.custom.is_some() {
        return Ok(());
    }
    let (schema, id) = expected.schema;
    api::defaults::apply(id, value);
    wire::normalize(schema, id, value).map_err(|error| refuse(expected, &error))
}

fn group_name(kind: &Gvk) -> &str {
    if kind.group.is_empty() {
        return "core";
    }
    kind.group.split('.').next().unwrap_or_default()
}

/// Sets `apiVersion` and `kind`.
pub fn name(object: &mut Value, kind: &Gvk) {
    if let Some(object) = object.as_object_mut() {
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.insert("kind".to_owned(), (*kind.kind).into());
    }
}

/// Refuses fields that are none, or tells of them.
///
/// # Errors
/// They are refused.
pub fn tell(call: &Call, expected: &Expected<'_>, problems: Vec<String>) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    match call.field_validation()? {
        FieldValidation::Ignore => {}
        FieldValidation::Warn => problems.into_iter().for_each(|problem| call.warn(problem)),
        FieldValidation::Strict => {
            let error =
                DecodeError::Value(format!("strict decoding error: {}", problems.join(", ")));
            return Err(refuse(expected, &error));
        }
    }
    Ok(())
}

/// A body that cannot be read as what it should be.
pub fn refuse(expected: &Expected<'_>, error: &DecodeError) -> Status {
    let kind = &expected.kind;
    Status::bad_request(format!(
        "{} in version {:?} cannot be handled as a {}: {error}",
        kind.kind, kind.version, kind.kind
    ))
}

/// What a body says that it is: `apiVersion` and `kind`.
fn kind_of(
    encoding: Encoding,
    bytes: &[u8],
) -> std::result::Result<Option<(String, String)>, DecodeError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct TypeMeta {
        #[serde(default)]
        api_version: String,
        #[serde(default)]
        kind: String,
    }
    Ok(match encoding {
        Encoding::Json => {
            let meta: Option<TypeMeta> = serde_json::from_slice(bytes).ok();
            meta.map(|meta| (meta.api_version, meta.kind))
        }
        Encoding::Yaml => {
            let tree = wire::yaml::read_any(bytes)?.value;
            let text = |key: &str| tree[key].as_str().unwrap_or_default().to_owned();
            Some((text("apiVersion"), text("kind")))
        }
        Encoding::Protobuf => {
            let envelope = envelope::split(bytes)?;
            Some((envelope.api_version.to_owned(), envelope.kind.to_owned()))
        }
    })
}

fn protobuf(schema: &Schema, id: TypeId, bytes: &[u8]) -> std::result::Result<Read, DecodeError> {
    let envelope = envelope::split(bytes)?;
    if envelope.content_type == "application/json" {
        return wire::json::read(schema, id, envelope.raw);
    }
    Ok(Read {
        value: wire::protobuf::read(schema, id, envelope.raw)?,
        problems: Vec::new(),
    })
}

/// Options in a body, which may say to be of any group's version.
///
/// # Errors
/// They are none.
pub fn options(call: &Call, bytes: &Bytes, expected: &Expected<'_>) -> Result<Value> {
    let (schema, id) = expected.schema;
    let read = match encoding(call)? {
        Encoding::Json => wire::json::read(schema, id, bytes),
        Encoding::Yaml => wire::yaml::read(schema, id, bytes),
        Encoding::Protobuf => protobuf(schema, id, bytes),
    };
    Ok(read.map_err(|error| refuse(expected, &error))?.value)
}
