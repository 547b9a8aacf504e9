//! Apply patches.

use std::borrow::Cow;

use serde_json::Value;

use super::conflict::{ApplyError, Failure};
use super::owners::{Managed, entries, set_entries};
use super::updater::Updater;
use super::updating::{kind_text, named, owner, strip, take};
use super::{Request, empty, last_applied};
use crate::apply::STORED_DEPTH;
use crate::apply::typed::{Duplicates, Typed};
use crate::patch::{MAX_DEPTH, is_deep};

/// The live object with the applied one merged into it, and the managed fields it has then.
///
/// `live` is none for an object that is to be created. Without `force`, fields that others own and that would change are
/// conflicts. What the manager applied before and does not apply any more goes, unless others own it. Fields of an object
/// that has no managed fields yet are owned by `before-first-apply`. If nothing changes, the live object comes back with
/// the times of its managed fields as they were. The result is not defaulted.
///
/// The manager `kubectl` takes over without conflict what its annotation of client-side apply says it has applied, and
/// that annotation is kept up to date.
///
/// # Errors
/// [`ApplyError`], with upstream's texts.
pub fn apply(
    request: &Request<'_>,
    live: Option<&Value>,
    applied: &Value,
    force: bool,
) -> Result<Value, ApplyError> {
    if is_deep(applied, MAX_DEPTH) || live.is_some_and(|live| is_deep(live, STORED_DEPTH)) {
        return Err(ApplyError::Malformed(format!(
            "nested deeper than {MAX_DEPTH} levels"
        )));
    }
    let fresh = empty::empty(request);
    let live = live.unwrap_or(&fresh);
    let decoded = Managed::decode(entries(live).map(Vec::as_slice).unwrap_or_default());
    let mut managed = decoded
        .map_err(|error| ApplyError::Failed(format!("failed to decode managed fields: {error}")))?;
    check_kind(request, applied)?;
    let changed = with_client_side(request, live, applied, &mut managed, force, &fresh)?;
    let mut object = match changed {
        Some(object) => {
            let id = owner(request, request.manager, "Apply").id();
            managed.times.insert(id, Some(request.now.into()));
            object
        }
        None => live.clone(),
    };
    set_entries(&mut object, None);
    if request.manager == last_applied::MANAGER && last_applied::has(&object) {
        last_applied::refresh(&mut object, applied);
    }
    managed.encode(&mut object);
    Ok(object)
}

fn check_kind(request: &Request<'_>, applied: &Value) -> Result<(), ApplyError> {
    let text = |name: &str| {
        applied
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version == request.api_version && kind == request.kind {
        return Ok(());
    }
    let kind = if api_version.matches('/').count() > 1 {
        kind_text("", "")
    } else {
        kind_text(api_version, kind)
    };
    Err(ApplyError::Malformed(format!(
        "invalid object type: {kind}"
    )))
}

/// Applies; conflicts with what `kubectl` has applied itself by client-side apply do not count.
fn with_client_side(
    request: &Request<'_>,
    live: &Value,
    applied: &Value,
    managed: &mut Managed,
    force: bool,
    fresh: &Value,
) -> Result<Option<Value>, ApplyError> {
    let before = managed.clone();
    let clashes = match merge(request, live, applied, managed, force, fresh) {
        Ok(changed) => return Ok(changed),
        Err(Failed::Refused(error)) => return Err(error),
        Err(Failed::Other(Failure::Clashes(clashes))) => clashes,
        Err(Failed::Other(failure)) => return Err(failure.into()),
    };
    let clashing = Failure::Clashes(clashes.clone());
    if request.manager != last_applied::MANAGER {
        return Err(clashing.into());
    }
    let Some(allowed) = last_applied::allowed(request, live) else {
        return Err(clashing.into());
    };
    let left: Vec<_> = clashes
        .into_iter()
        .map(|mut clash| {
            clash.lost = clash.lost.difference(&allowed);
            clash
        })
        .filter(|clash| !clash.lost.is_empty())
        .collect();
    if !left.is_empty() {
        return Err(Failure::Clashes(left).into());
    }
    *managed = before;
    merge(request, live, applied, managed, true, fresh).map_err(Into::into)
}

enum Failed {
    Refused(ApplyError),
    Other(Failure),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl From<Failed> for ApplyError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Refused(error) => error,
            Failed::Other(failure) => failure.into(),
        }
    }
}

/// Merges and settles the owners; none if nothing changes.
fn merge(
    request: &Request<'_>,
    live: &Value,
    applied: &Value,
    managed: &mut Managed,
    force: bool,
    fresh: &Value,
) -> Result<Option<Value>, Failed> {
    if managed.owners.is_empty() {
        take(request, fresh, live, managed, "before-first-apply").map_err(|failure| {
            Failure::Other(format!(
                "failed to create manager for existing fields: {failure}"
            ))
        })?;
    }
    if entries(applied).is_some() {
        let text = "metadata.managedFields must be nil".into();
        return Err(Failed::Refused(ApplyError::Malformed(text)));
    }
    let typed = |what: &str, value, duplicates| {
        let made = Typed::new(request.schema, request.id, Cow::Borrowed(value), duplicates);
        made.map_err(|errors| {
            let named = named(request, value);
            Failure::Other(format!(
                "failed to create typed {what} object ({named}): {errors}"
            ))
        })
    };
    let applied = typed("patch", applied, Duplicates::Refused)?;
    let live = typed("live", live, Duplicates::Allowed)?;
    let owner = owner(request, request.manager, "Apply");
    let id = owner.id();
    let changed = Updater::new(request).apply(&live, &applied, managed, &id, owner, force)?;
    strip(managed, &id);
    Ok(changed)
}
