//! What upstream's registries do to objects of a kind before they are written: what the server sets, what
//! cannot be changed, what is refused. The rules themselves are pure and stand in the `api` crate.

use api::status::Reason;
use api::status::field::{Error, Path};
use serde_json::Value;

use super::store::Found;
use crate::authz::rbac::GROUP;
use crate::authz::rbac::escalation::Refused;
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::object;

/// Before an object is written for the first time.
///
/// # Errors
/// It is wrong.
pub fn prepare_create(call: &Call, object: &mut Value) -> Result<()> {
    check_name(call, object)?;
    grant(call, object, None)?;
    if splits_status(call) {
        object["status"] = Value::Object(serde_json::Map::new());
        if (&*call.endpoint.group, &*call.endpoint.kind) == ("", "Pod") {
            object["status"] = crate::kind::pod::first_status(object);
        }
        normalize(call, object)?;
    }
    let counts = counts_generations(call, object);
    object::set(object, "generation", counts.then(|| 1.into()));
    if (&*call.endpoint.group, &*call.endpoint.kind) == ("", "Namespace") {
        object["spec"]["finalizers"] = serde_json::json!(["kubernetes"]);
        object["status"]["phase"] = "Active".into();
        let name = object::name(object).to_owned();
        let labels = object::metadata(object)
            .entry("labels")
            .or_insert_with(|| serde_json::json!({}));
        labels["kubernetes.io/metadata.name"] = name.into();
    }
    Ok(())
}

/// A name has to be one step of a path.
fn check_name(call: &Call, object: &Value) -> Result<()> {
    let name = object::name(object);
    let path = Path::new("metadata.name");
    let error = match name {
        "" => Error::required(&path, "name or generateName is required"),
        "." | ".." => Error::invalid(&path, name, format!("may not be '{name}'")),
        _ => match ['/', '%'].into_iter().find(|letter| name.contains(*letter)) {
            None => return Ok(()),
            Some(letter) => Error::invalid(&path, name, format!("may not contain '{letter}'")),
        },
    };
    let endpoint = &call.endpoint;
    Err(Status::invalid(
        &endpoint.group,
        &endpoint.kind,
        name,
        &[error],
    ))
}

/// Roles and bindings give only what whoever writes them has.
fn grant(call: &Call, new: &Value, old: Option<&Value>) -> Result<()> {
    if &*call.endpoint.group != GROUP {
        return Ok(());
    }
    let refused = call.shared.gate.may_grant(&call.user, new, old);
    refused.map_err(|refused| {
        let endpoint = &call.endpoint;
        match refused {
            Refused::Forbidden(why) => {
                Status::forbidden(&endpoint.group, &endpoint.plural, object::name(new), why)
            }
            Refused::NoRole(why) => Status::failure(Reason::NotFound, why),
        }
    })
}

/// Whether the status is written by itself, and kept by all other writes. Nodes say theirs when they come.
#[must_use]
pub fn splits_status(call: &Call) -> bool {
    let is_node = (&*call.endpoint.group, &*call.endpoint.kind) == ("", "Node");
    call.endpoint.subresource("status").is_some() && !is_node
}

/// Whether a kind counts its generations: what is asked for is told from what is.
fn counts_generations(call: &Call, object: &Value) -> bool {
    let uncounted = matches!(
        (&*call.endpoint.group, &*call.endpoint.kind),
        (
            "",
            "Namespace"
                | "Node"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "ResourceQuota"
                | "Service"
        )
    );
    !uncounted && splits_status(call) && object.get("spec").is_some()
}

/// Makes a tree canonical that has been changed here.
///
/// # Errors
/// A value is not of its field's shape.
pub fn normalize(call: &Call, object: &mut Value) -> Result<()> {
    if let Some((schema, id)) = call.endpoint.schema() {
        let made = api::wire::normalize(schema, id, object);
        made.map_err(|error| Status::bad_request(error.to_string()))?;
    }
    Ok(())
}

/// Before a write of an object that is there. `new` becomes what is written.
///
/// # Errors
/// It is wrong, or not what may be written over what is there.
pub fn prepare_update(call: &Call, new: &mut Value, old: &Found) -> Result<()> {
    grant(call, new, Some(&old.object))?;
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
        let why =
            format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {known}");
        return Err(Status::conflict(
            &endpoint.group,
            &endpoint.plural,
            &call.info.name,
            why,
        ));
    }
    for field in [
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
    ] {
        let kept = old.object["metadata"].get(field).cloned();
        object::set(new, field, kept);
    }
    if new["metadata"].get("deletionGracePeriodSeconds").is_none() {
        let kept = old.object["metadata"]
            .get("deletionGracePeriodSeconds")
            .cloned();
        object::set(new, "deletionGracePeriodSeconds", kept);
    }
    let part: Option<&[&str]> = match call.info.subresource.as_str() {
        "status" => Some(&["/status"]),
        // Of a namespace: what holds it.
        "finalize" => Some(&["/spec/finalizers"]),
        "approval" => Some(&["/status/conditions"]),
        "ephemeralcontainers" => Some(&["/spec/ephemeralContainers"]),
        _ => None,
    };
    if let Some(part) = part {
        keep_all_but(new, &old.object, part);
        count(call, new, &old.object);
        return normalize(call, new);
    }
    if call.info.subresource == "resize" {
        resize(new, &old.object);
        count(call, new, &old.object);
        return normalize(call, new);
    }
    if splits_status(call) {
        new["status"] = old.object["status"].clone();
    }
    if (&*endpoint.group, &*endpoint.kind) == ("", "Namespace") {
        new["spec"]["finalizers"] = old.object["spec"]["finalizers"].clone();
        normalize(call, new)?;
    }
    count(call, new, &old.object);
    Ok(())
}

/// Another generation, if something else is asked for.
fn count(call: &Call, new: &mut Value, old: &Value) {
    if counts_generations(call, new) && new["spec"] != old["spec"] {
        let generation = old["metadata"]["generation"].as_i64().unwrap_or(0);
        object::set(new, "generation", Some((generation + 1).into()));
    }
}

/// A write of a part changes that part, and who owns it; nothing else.
fn keep_all_but(new: &mut Value, old: &Value, part: &[&str]) {
    let written = std::mem::replace(new, old.clone());
    for pointer in part {
        let (parent, field) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        let parent = new.pointer_mut(parent).and_then(Value::as_object_mut);
        match (parent, written.pointer(pointer)) {
            (Some(parent), Some(value)) => {
                parent.insert(field.to_owned(), value.clone());
            }
            (Some(parent), None) => {
                parent.remove(field);
            }
            (None, _) => {}
        }
    }
    for field in ["resourceVersion", "managedFields"] {
        object::set(new, field, written["metadata"].get(field).cloned());
    }
}

/// A write of the part `resize` changes what containers ask for and how they are resized.
fn resize(new: &mut Value, old: &Value) {
    let written = new.clone();
    keep_all_but(new, old, &[]);
    for list in ["containers", "initContainers"] {
        let containers = new["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let wanted = written["spec"][list].as_array();
            let wanted =
                wanted.and_then(|all| all.iter().find(|one| one["name"] == container["name"]));
            let (Some(wanted), Some(container)) = (wanted, container.as_object_mut()) else {
                continue;
            };
            for field in ["resources", "resizePolicy"] {
                match wanted.get(field) {
                    Some(value) => container.insert(field.to_owned(), value.clone()),
                    None => container.remove(field),
                };
            }
        }
    }
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
        return Err(Status::invalid(
            &call.endpoint.group,
            &call.endpoint.kind,
            "",
            &[error],
        ));
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
    let grace = object["metadata"]["deletionGracePeriodSeconds"]
        .as_i64()
        .unwrap_or(0);
    let is_held = object["kind"] == "Namespace"
        && object["spec"]["finalizers"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
    !is_held
        && object::is_deleting(object)
        && object::finalizers(object).next().is_none()
        && grace == 0
}

#[cfg(test)]
mod tests;
