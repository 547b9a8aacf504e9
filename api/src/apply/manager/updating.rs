//! Writes that are no apply.

use std::borrow::Cow;

use serde_json::Value;

use super::conflict::Failure;
use super::owners::{Managed, Owner, entries, is_reset, set_entries};
use super::updater::Updater;
use super::{Request, STRIPPED, cap};
use crate::apply::STORED_DEPTH;
use crate::apply::typed::{Duplicates, Typed};
use crate::patch::{MAX_DEPTH, is_deep};

/// The new object with the managed fields it has after a create, an update, or a patch that is no apply.
///
/// `live` is the object as it was, or one without fields for a create ([`super::empty`]). The managed fields in `new` are
/// taken if they can be read and there are some; an empty list, or a list of one empty entry, takes all away;
/// otherwise, and with a subresource, those of `live` are taken. An object that has been stored without managed fields
/// gets none.
///
/// This never fails: where upstream logs an error, the managed fields stay those of `live`.
#[must_use]
pub fn update(request: &Request<'_>, live: &Value, mut new: Value) -> Value {
    let mut managed = before(request, live, &new);
    set_entries(&mut new, None);
    let tracked = if is_deep(live, STORED_DEPTH) || is_deep(&new, MAX_DEPTH) {
        Err(Failure::Other("too deep".into()))
    } else {
        track(request, live, &new, &mut managed)
    };
    match tracked {
        Ok(()) => managed.encode(&mut new),
        Err(_) => set_entries(&mut new, entries(live).cloned()),
    }
    new
}

/// The owners before the write.
fn before(request: &Request<'_>, live: &Value, new: &Value) -> Managed {
    if request.subresource.is_empty()
        && let Some(given) = entries(new)
    {
        if is_reset(given) {
            return Managed::default();
        }
        if let Ok(managed) = Managed::decode(given)
            && !managed.owners.is_empty()
        {
            return managed;
        }
    }
    let live = entries(live).map(Vec::as_slice).unwrap_or_default();
    Managed::decode(live).unwrap_or_default()
}

fn track(
    request: &Request<'_>,
    live: &Value,
    new: &Value,
    managed: &mut Managed,
) -> Result<(), Failure> {
    let stored = live
        .get("metadata")
        .and_then(|meta| meta.get("uid"))
        .and_then(Value::as_str)
        .is_some_and(|uid| !uid.is_empty());
    if managed.owners.is_empty() && stored {
        return Ok(());
    }
    take(request, live, new, managed, request.manager)
}

/// Gives a manager what the new object changes.
pub(super) fn take(
    request: &Request<'_>,
    live: &Value,
    new: &Value,
    managed: &mut Managed,
    manager: &str,
) -> Result<(), Failure> {
    // The changes are gathered apart, so that it can be seen whether there are any.
    const SELF: &str = "current-operation";
    let typed = |what: &str, value| {
        let made = Typed::new(
            request.schema,
            request.id,
            Cow::Borrowed(value),
            Duplicates::Allowed,
        );
        made.map_err(|errors| {
            let named = named(request, value);
            Failure::Other(format!(
                "failed to convert {what} object ({named}) to smd typed: {errors}"
            ))
        })
    };
    let new_typed = typed("new", new)?;
    let live_typed = typed("live", live)?;
    let owner = owner(request, manager, "Update");
    let id = owner.id();
    Updater::new(request)
        .update(&live_typed, &new_typed, managed, SELF, owner)
        .map_err(|failure| {
            let named = named(request, new);
            Failure::Other(format!(
                "failed to update ManagedFields ({named}): {failure}"
            ))
        })?;
    strip(managed, SELF);
    if let Some(mut taken) = managed.owners.remove(SELF) {
        if let Some(before) = managed.owners.get(&id) {
            taken.set = taken.set.union(&before.set);
        }
        managed.owners.insert(id.clone(), taken);
        managed.times.insert(id, Some(request.now.into()));
    }
    cap::cap(managed);
    Ok(())
}

/// The owner a request writes for.
pub(super) fn owner(request: &Request<'_>, manager: &str, operation: &str) -> Owner {
    let applies = operation == "Apply";
    Owner {
        manager: if manager.is_empty() {
            "unknown"
        } else {
            manager
        }
        .into(),
        operation: operation.into(),
        api_version: if applies { "" } else { request.api_version }.into(),
        subresource: request.subresource.into(),
    }
}

/// Takes from an owner what nobody owns.
pub(super) fn strip(managed: &mut Managed, id: &str) {
    if let Some(owned) = managed.owners.get_mut(id) {
        owned.set = owned.set.difference(&STRIPPED);
        if owned.set.is_empty() {
            managed.owners.remove(id);
        }
    }
}

/// An object as texts name it: `default/x; apps/v1, Kind=Deployment`.
pub(super) fn named(request: &Request<'_>, object: &Value) -> String {
    let meta = |name: &str| {
        let value = object.get("metadata").and_then(|meta| meta.get(name));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let kind = kind_text(request.api_version, request.kind);
    format!("{}/{}; {kind}", meta("namespace"), meta("name"))
}

/// Group, version and kind as texts name them.
pub(super) fn kind_text(api_version: &str, kind: &str) -> String {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    format!("{group}/{version}, Kind={kind}")
}
