//! What upstream's registries do to objects of a kind before they are written: what the server sets, what
//! cannot be changed, what is refused. The rules themselves are pure and stand in the `api` crate.

use api::status::field::{Error, Path};
use serde_json::Value;

use super::store::Found;
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::object;

/// Before an object is written for the first time.
///
/// # Errors
/// It is wrong.
pub fn prepare_create(call: &Call, object: &mut Value) -> Result<()> {
    let _ = (call, object);
    Ok(())
}

/// Before a write of an object that is there. `new` becomes what is written.
///
/// # Errors
/// It is wrong, or not what may be written over what is there.
pub fn prepare_update(call: &Call, new: &mut Value, old: &Found) -> Result<()> {
    let endpoint = &call.endpoint;
    let asked = object::text(new, "resourceVersion");
    let current = object::text(&old.object, "resourceVersion").to_owned();
    if asked.is_empty() {
        object::set(new, "resourceVersion", Some(current.into()));
    } else if asked != current {
        return Err(call.stale());
    }
    let uid = object::text(new, "uid");
    let known = object::text(&old.object, "uid").to_owned();
    if !uid.is_empty() && uid != known {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {known}");
        return Err(Status::conflict(&endpoint.group, &endpoint.plural, &call.info.name, why));
    }
    for field in ["uid", "creationTimestamp", "generation", "deletionTimestamp"] {
        let kept = old.object["metadata"].get(field).cloned();
        object::set(new, field, kept);
    }
    if new["metadata"].get("deletionGracePeriodSeconds").is_none() {
        let kept = old.object["metadata"].get("deletionGracePeriodSeconds").cloned();
        object::set(new, "deletionGracePeriodSeconds", kept);
    }
    Ok(())
}

/// The name in an object is that of the path.
///
/// # Errors
/// It is another one, or none.
pub fn match_name(call: &Call, object: &mut Value) -> Result<()> {
    let found = object::name(object);
    if found.is_empty() {
        if object::text(object, "generateName").is_empty() {
            object::set(object, "name", Some(call.info.name.clone().into()));
            return Ok(());
        }
        let error = Error::required(&Path::new("metadata.name"), "name is required");
        return Err(Status::invalid(&call.endpoint.group, &call.endpoint.kind, "", &[error]));
    }
    if found != call.info.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({found}) does not match the name on the URL ({})",
            call.info.name
        )));
    }
    Ok(())
}

/// Whether a write takes away the last thing that held an object that is being deleted.
#[must_use]
pub fn is_released(object: &Value) -> bool {
    let grace = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
    object::is_deleting(object) && object::finalizers(object).next().is_none() && grace == 0
}
