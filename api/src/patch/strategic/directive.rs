//! The directives of a patch: `$patch`, `$retainKeys`, and the names of parallel lists.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::identity::Identity;
use crate::patch::PatchError;

pub(super) const DIRECTIVE: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const DELETE_FROM: &str = "$deleteFromPrimitiveList";
pub(super) const SET_ORDER: &str = "$setElementOrder";

/// The list a parallel list is for: `finalizers` of `$deleteFromPrimitiveList/finalizers`.
pub(super) fn listed(key: &str, prefix: &str) -> Result<String, PatchError> {
    match key.split_once('/') {
        // Upstream takes the whole key if nothing follows the slash.
        Some((before, "")) if before == prefix && prefix == DELETE_FROM => Ok(key.into()),
        Some((before, list)) if before == prefix => Ok(list.into()),
        _ if prefix == DELETE_FROM => Err(PatchError::Malformed(
            "invalid patch format of primitive list".into(),
        )),
        _ => Err(PatchError::Malformed(
            "invalid patch format of setElementOrder list".into(),
        )),
    }
}

/// Follows `$retainKeys` and takes it off the patch: fields it does not name leave the original, and the
/// patch may not set others.
pub(super) fn retain_keys(
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
) -> Result<(), PatchError> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let malformed = || PatchError::Malformed("invalid patch format of retainKeys".into());
    let Value::Array(retained) = retained else {
        return Err(malformed());
    };
    let identities: HashSet<Identity> = retained
        .iter()
        .map(Identity::of)
        .collect::<Result<_, _>>()?;
    let named = |key: &str| identities.contains(&Identity::Text(key.into()));
    for (key, value) in patch.iter() {
        let parallel = key.starts_with(DELETE_FROM) || key.starts_with(SET_ORDER);
        if !value.is_null() && !parallel && !named(key) {
            return Err(malformed());
        }
    }
    original.retain(|key, _| named(key));
    Ok(())
}

/// A value without the objects that carry a directive; none if it is one itself.
pub(super) fn clean(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => Some(Value::Object(
            map.into_iter()
                .filter_map(|(key, value)| Some((key, clean(value)?)))
                .collect(),
        )),
        Value::Array(list) => Some(list.into_iter().filter_map(clean).collect()),
        other => Some(other),
    }
}
