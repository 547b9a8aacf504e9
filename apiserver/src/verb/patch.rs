//! PATCH: JSON patch, merge patch, strategic merge patch; server-side apply.

use api::patch::{self, PatchError};
use api::schema::{Schema, TypeId};
use api::status::field::{Error, Path};
use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::decode::{self, Expected};
use super::store::Written;
use super::{apply, create, rules, store, update};
use crate::answer;
use crate::cache::Cache;
use crate::call::{Call, FieldValidation};
use crate::fault::{Result, Status};
use crate::serve::Body;

/// How a body changes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// RFC 6902.
    Json,
    /// RFC 7396.
    Merge,
    /// Kubernetes' own, by the schema.
    Strategic,
}

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// Changes an object as the body says.
///
/// # Errors
/// It is no patch, does not fit the object, or makes one that is refused; the object is not there.
pub async fn patch(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    if media(call) == apply::YAML {
        return apply::apply(cache, call, body).await;
    }
    if call.query.get("force").is_some() {
        let error = Error::forbidden(
            &Path::new("force"),
            "may not be specified for non-apply patch",
        );
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
    }
    let expected = Expected {
        kind: call.endpoint.gvk(),
        schema: call.schema()?,
    };
    let rest = call.rest();
    let written = store::update(cache, call, &rest, |found| {
        let found = found.ok_or_else(|| call.not_found())?;
        let mut new = changed(call, &found.object, body, &expected)?;
        if new["metadata"]["name"] != found.object["metadata"]["name"] {
            rules::match_name(call, &mut new)?;
        }
        create::match_namespace(call, &mut new)?;
        update::change(cache, call, found, new)
    });
    let Written { object, .. } = written.await?;
    answer::object(call, 200, &object)
}

/// The media type of the body.
fn media(call: &Call) -> &str {
    let header = call.headers.get(CONTENT_TYPE);
    let header = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim()
}

fn kind(call: &Call) -> Result<Kind> {
    let is_custom = call.endpoint.custom.is_some();
    match media(call) {
        JSON => Ok(Kind::Json),
        MERGE => Ok(Kind::Merge),
        STRATEGIC if !is_custom => Ok(Kind::Strategic),
        _ if is_custom => Err(Status::unsupported_media_type(&[JSON, MERGE, apply::YAML])),
        _ => Err(Status::unsupported_media_type(&[
            JSON,
            MERGE,
            STRATEGIC,
            apply::YAML,
        ])),
    }
}

/// The object that a patch makes of another, which is of the kind that is expected.
///
/// # Errors
/// It is no patch, or does not fit.
pub fn changed(
    call: &Call,
    object: &Value,
    body: &Bytes,
    expected: &Expected<'_>,
) -> Result<Value> {
    let (schema, id) = expected.schema;
    let told = |error: PatchError| refuse(&error);
    let (mut new, mut problems) = match kind(call)? {
        Kind::Json => (patch::json::apply(object, body).map_err(told)?, Vec::new()),
        Kind::Merge => {
            let (tree, problems) = tree(body)?;
            (
                patch::merge::apply(object.clone(), tree).map_err(told)?,
                problems,
            )
        }
        Kind::Strategic => {
            let (tree, problems) = tree(body)?;
            (
                strategic(schema, id, object, &tree).map_err(told)?,
                problems,
            )
        }
    };
    // What the patch has brought in is read as a body is.
    let bytes = serde_json::to_vec(&new).map_err(Status::internal)?;
    let read = api::wire::json::read(schema, id, &bytes);
    let read = read.map_err(|error| decode::refuse(expected, &error))?;
    problems.extend(read.problems);
    match call.field_validation()? {
        FieldValidation::Strict if !problems.is_empty() => {
            let text = format!("strict decoding error: {}", problems.join(", "));
            let error = api::wire::DecodeError::Value(text);
            return Err(decode::refuse(expected, &error));
        }
        FieldValidation::Warn => problems.into_iter().for_each(|problem| call.warn(problem)),
        _ => {}
    }
    new = read.value;
    decode::default(call, expected, &mut new)?;
    decode::name(&mut new, &expected.kind);
    Ok(new)
}

fn strategic(
    schema: &Schema,
    id: TypeId,
    object: &Value,
    patch: &Value,
) -> std::result::Result<Value, PatchError> {
    patch::strategic::apply(schema, id, object, patch)
}

/// A patch that is an object, with what is in it twice.
fn tree(body: &Bytes) -> Result<(Value, Vec<String>)> {
    let read = api::wire::json::read_any(body);
    let read =
        read.map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?;
    if !read.value.is_object() {
        return Err(Status::bad_request(
            "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}",
        ));
    }
    Ok((read.value, read.problems))
}

/// A patch that cannot be applied.
fn refuse(error: &PatchError) -> Status {
    let text = error.to_string();
    match error.status() {
        400 => Status::bad_request(text),
        413 => Status::request_entity_too_large(text),
        422 => Status::generic(422, "", "", "", "", &text, 0),
        _ => Status::internal(text),
    }
}
