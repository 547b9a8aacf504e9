//! The annotation that client-side apply keeps what it has applied in.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Request;
use crate::apply::fields::FieldSet;
use crate::apply::typed::{Duplicates, Typed};
use crate::go;
use crate::patch::{MAX_DEPTH, is_deep};

/// The manager that goes over from client-side to server-side apply.
pub(super) const MANAGER: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The most bytes of all annotations of an object.
const MOST: usize = 256 * 1024;

/// The annotations of an object; none if any of them is no text.
fn annotations(object: &Value) -> Option<&Map<String, Value>> {
    let annotations = object.get("metadata")?.get("annotations")?.as_object()?;
    annotations
        .values()
        .all(Value::is_string)
        .then_some(annotations)
}

fn last_applied(object: &Value) -> Option<&str> {
    let text = annotations(object)?.get(ANNOTATION)?.as_str()?;
    Some(text).filter(|text| !text.is_empty())
}

/// Whether the object has the annotation.
pub(super) fn has(object: &Value) -> bool {
    last_applied(object).is_some()
}

/// The fields that the annotation says were applied and that are still as they were; none if it says nothing.
pub(super) fn allowed(request: &Request<'_>, live: &Value) -> Option<FieldSet> {
    let last: Value = serde_json::from_str(last_applied(live)?).ok()?;
    let text = |name: &str| last.get(name).and_then(Value::as_str);
    if text("apiVersion") != Some(request.api_version)
        || text("kind") != Some(request.kind)
        || is_deep(&last, MAX_DEPTH)
    {
        return None;
    }
    let typed = |value| {
        Typed::new(
            request.schema,
            request.id,
            Cow::Borrowed(value),
            Duplicates::Refused,
        )
        .ok()
    };
    let live = typed(live)?;
    let last = typed(&last)?;
    let set = last.to_set().ok()?;
    let changes = last.compare(&live).ok()?;
    Some(
        set.difference(&changes.modified)
            .difference(&changes.added)
            .difference(&changes.removed),
    )
}

/// Puts the applied object into the annotation, unless there is no room for it.
pub(super) fn refresh(object: &mut Value, applied: &Value) {
    let mut applied = applied.clone();
    if let Some(Value::Object(meta)) = applied.get_mut("metadata") {
        let texts = |value: &Value| {
            value
                .as_object()
                .is_some_and(|map| map.values().all(Value::is_string))
        };
        match meta.get_mut("annotations") {
            Some(annotations) if texts(annotations) => {
                if let Value::Object(annotations) = annotations {
                    annotations.remove(ANNOTATION);
                }
            }
            _ => {
                meta.remove("annotations");
            }
        }
    }
    let text = format!("{}\n", go::json(&applied));
    let Some(Value::Object(annotations)) = object
        .get_mut("metadata")
        .and_then(|meta| meta.get_mut("annotations"))
    else {
        return;
    };
    annotations.insert(ANNOTATION.into(), Value::String(text));
    let size = |(key, value): (&String, &Value)| key.len() + value.as_str().map_or(0, str::len);
    if annotations.iter().map(size).sum::<usize>() > MOST {
        annotations.remove(ANNOTATION);
    }
}
