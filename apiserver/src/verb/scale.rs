//! The part `scale`: how many replicas there shall be, the same for all kinds that have some.

use api::schema::{Gvk, builtin};
use api::selector::LabelSelector;
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::decode::{self, Expected};
use super::list::freshen;
use super::options::Version;
use super::store::{self, Found};
use super::{patch, update};
use crate::answer;
use crate::cache::Cache;
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::object;
use crate::serve::Body;

/// The kind that stands for all of them.
fn expected() -> Result<Expected<'static>> {
    let kind = Gvk::new("autoscaling", "v1", "Scale");
    let id = builtin().kind(&kind).ok_or_else(Status::no_such_resource)?;
    Ok(Expected {
        kind,
        schema: (builtin(), id),
    })
}

/// The scale of an object.
fn scale_of(whole: &Value) -> Result<Value> {
    let metadata = &whole["metadata"];
    let selector = &whole["spec"]["selector"];
    let selector = match whole["kind"].as_str() {
        Some("ReplicationController") => LabelSelector::from_map(selector),
        _ => LabelSelector::from_object(selector).map_err(Status::internal)?,
    };
    let mut scale = json!({
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {"replicas": whole["spec"]["replicas"].as_i64().unwrap_or(0)},
        "status": {
            "replicas": whole["status"]["replicas"].as_i64().unwrap_or(0),
            "selector": selector.to_string(),
        },
    });
    let expected = expected()?;
    let (schema, id) = expected.schema;
    api::wire::normalize(schema, id, &mut scale).map_err(Status::internal)?;
    decode::name(&mut scale, &expected.kind);
    Ok(scale)
}

/// Reads, replaces or patches a scale.
///
/// # Errors
/// It is none, is refused, or the object is not there.
pub async fn answer(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let rest = call.rest();
    if call.info.verb == "get" {
        freshen(cache, Version::Latest).await?;
        let entry = cache.bucket(&call.endpoint.folder).get(&rest);
        let entry = entry.ok_or_else(|| call.not_found())?;
        let found = store::of_entry(call, &entry)?;
        return answer::object(call, 200, &scale_of(&found.object)?);
    }
    let expected = expected()?;
    let asked = match call.info.verb {
        "update" => Some(decode::object(call, body, &expected)?),
        _ => None,
    };
    let written = store::update(cache, call, &rest, |found| {
        let found = found.ok_or_else(|| call.not_found())?;
        let old = scale_of(&found.object)?;
        let scale = match &asked {
            Some(asked) => asked.clone(),
            None => patch::changed(call, &old, body, &expected)?,
        };
        change(cache, call, found, &old, &scale)
    });
    answer::object(call, 200, &scale_of(&written.await?.object)?)
}

fn change(
    cache: &Cache,
    call: &Call,
    found: &Found,
    old: &Value,
    scale: &Value,
) -> Result<store::Change> {
    if object::name(scale) != object::name(old) {
        let (named, name) = (object::name(scale), object::name(old));
        return Err(Status::bad_request(format!(
            "the name of the object ({named}) does not match the name on the URL ({name})"
        )));
    }
    let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    if replicas < 0 {
        use api::status::field::{Error, Path};
        let why = "must be greater than or equal to 0";
        let error = Error::invalid(&Path::new("spec.replicas"), replicas, why);
        return Err(Status::invalid(
            "autoscaling",
            "Scale",
            object::name(scale),
            &[error],
        ));
    }
    let mut new = found.object.clone();
    new["spec"]["replicas"] = replicas.into();
    let revision = object::text(scale, "resourceVersion");
    object::set(&mut new, "resourceVersion", Some(revision.into()));
    update::change(cache, call, found, new)
}
