//! Server-side apply: PATCH with the fields that somebody wants an object to have.

use api::status::Reason;
use api::status::field::{Error, Path};
use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::decode::{self, Expected};
use super::store::Written;
use super::{create, owners, store, update};
use crate::answer;
use crate::authz::{Attributes, Decision};
use crate::cache::Cache;
use crate::call::Call;
use crate::chain;
use crate::fault::{Result, Status};
use crate::object;
use crate::serve::Body;

/// The media type.
pub const YAML: &str = "application/apply-patch+yaml";

/// How often it is tried to change an object that comes and goes meanwhile.
const TRIES: usize = 8;

/// Applies a body to the object that the path names; makes it if it is not there.
///
/// # Errors
/// Others own what would change; the object is refused.
pub async fn apply(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    if call.query.text("fieldManager").is_empty() {
        let error = Error::required(&Path::new("fieldManager"), "is required for apply patch");
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
    }
    let force = call.query.flag("force");
    let read = api::wire::yaml::read_any(body);
    let read =
        read.map_err(|error| Status::bad_request(format!("error decoding YAML: {error}")))?;
    let wanted = read.value;
    if !wanted.is_object() {
        return Err(Status::bad_request(
            "error decoding YAML: the patch is no object",
        ));
    }
    let expected = Expected {
        kind: call.endpoint.gvk(),
        schema: call.schema()?,
    };
    decode::tell(call, &expected, read.problems)?;
    let rest = call.rest();
    for _ in 0..TRIES {
        let outcome = store::update(cache, call, &rest, |found| {
            let found = found.ok_or_else(|| call.not_found())?;
            let new = owners::applied(call, Some(&found.object), &wanted, force)?;
            let new = made(call, &expected, new)?;
            update::tracked(cache, call, found, new)
        });
        match outcome.await {
            Ok(Written { object, .. }) => return answer::object(call, 200, &object),
            Err(status) if status.reason == Reason::NotFound && call.part.is_none() => {}
            Err(status) => return Err(status),
        }
        may_create(call)?;
        let uid = object::text(&wanted, "uid");
        if !uid.is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            );
            let endpoint = &call.endpoint;
            return Err(Status::conflict(
                &endpoint.group,
                &endpoint.plural,
                &call.info.name,
                why,
            ));
        }
        let new = owners::applied(call, None, &wanted, force)?;
        let mut new = made(call, &expected, new)?;
        super::rules::match_name(call, &mut new)?;
        match create::tracked(cache, call, new).await {
            Err(status) if status.reason == Reason::AlreadyExists => {}
            outcome => return answer::object(call, 201, &outcome?),
        }
    }
    Err(call.stale())
}

/// An object that was put together, as one that was read.
fn made(call: &Call, expected: &Expected<'_>, mut object: Value) -> Result<Value> {
    let (schema, id) = expected.schema;
    api::wire::normalize(schema, id, &mut object)
        .map_err(|error| decode::refuse(expected, &error))?;
    decode::default(call, expected, &mut object)?;
    decode::name(&mut object, &expected.kind);
    Ok(object)
}

/// Whoever applies what is not there has to be allowed to create it.
fn may_create(call: &Call) -> Result<()> {
    let info = &call.info;
    let what = Attributes {
        version: &info.version,
        namespace: &info.namespace,
        name: &info.name,
        ..Attributes::of_resource(&call.user, "create", &info.group, &info.resource)
    };
    match call.shared.gate.may(&what) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(why) | Decision::NoOpinion(why) => Err(chain::forbidden(&what, &why)),
    }
}
