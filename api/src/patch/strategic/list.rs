//! Merging lists: of objects by a key, of scalars by value.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::directive::DIRECTIVE;
use super::identity::Identity;
use super::lookup::Place;
use super::order::{self, Ranks, by_patch};
use super::{as_map, merge_map, no_merge_key, unknown_directive};
use crate::go;
use crate::patch::PatchError;

/// How a list is merged.
pub(super) struct Merging<'a> {
    /// The place of the items.
    pub(super) place: Place<'a>,
    /// The field an item is known by; empty if it has none.
    pub(super) key: &'a str,
    /// The patch lists what is to be taken away.
    pub(super) deletes: bool,
}

/// Merges a list of the patch into one of the document.
pub(super) fn merge_list(
    original: Vec<Value>,
    patch: Vec<Value>,
    how: &Merging<'_>,
) -> Result<Vec<Value>, PatchError> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    if !objects(&[&original, &patch])? {
        if how.deletes {
            return without(original, &patch);
        }
        return merge_scalars(original, patch, how.key);
    }
    if how.key.is_empty() {
        let kind = how.place.kind();
        return Err(PatchError::Failed(format!(
            "cannot merge lists without merge key for {kind}"
        )));
    }
    let (mut merged, patch) = follow_directives(original, patch, how.key)?;
    let known = merged.len();
    let asked = Ranks::of(&patch, how.key, true)?;
    merge_objects(&mut merged, patch, how)?;
    let (named, others) = by_patch(merged.iter(), &asked, how.key)?;
    let live = Ranks::of(&merged[..known], how.key, true)?;
    Ok(order::interleave(merged, &named, &others, &asked, &live))
}

/// Whether the items of these lists are objects; they have to be of one type, and no lists.
pub(super) fn objects(lists: &[&[Value]]) -> Result<bool, PatchError> {
    let mut items = lists.iter().flat_map(|list| list.iter());
    let first = items
        .next()
        .ok_or_else(|| PatchError::Failed("no elements in any of the given slices".into()))?;
    match first {
        Value::Array(_) => {
            return Err(PatchError::Unfit("lists of lists are not supported".into()));
        }
        // Upstream stumbles over it.
        Value::Null => {
            return Err(PatchError::Failed(
                "runtime error: invalid memory address or nil pointer dereference".into(),
            ));
        }
        _ => {}
    }
    let kind = go::type_name(first);
    if items.any(|item| go::type_name(item) != kind) {
        let lists: Vec<String> = lists.iter().map(|list| go::plain_list(list)).collect();
        return Err(PatchError::Failed(format!(
            "list element types are not identical: [{}]",
            lists.join(" ")
        )));
    }
    Ok(first.is_object())
}

fn without(list: Vec<Value>, gone: &[Value]) -> Result<Vec<Value>, PatchError> {
    let gone: HashSet<Identity> = gone.iter().map(Identity::of).collect::<Result<_, _>>()?;
    let mut left = Vec::with_capacity(list.len());
    for item in list {
        if !gone.contains(&Identity::of(&item)?) {
            left.push(item);
        }
    }
    Ok(left)
}

fn merge_scalars(
    original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<Vec<Value>, PatchError> {
    if !key.is_empty() {
        // The items have no fields.
        as_map(original.iter().chain(&patch).next().unwrap_or(&Value::Null))?;
    }
    let live = Ranks::of(&original, "", false)?;
    let asked = Ranks::of(&patch, "", false)?;
    let mut seen = HashSet::new();
    let mut merged = Vec::with_capacity(original.len() + patch.len());
    for item in original.into_iter().chain(patch) {
        if seen.insert(Identity::of(&item)?) {
            merged.push(item);
        }
    }
    let (named, others) = order::split(&merged, &asked)?;
    Ok(order::interleave(merged, &named, &others, &asked, &live))
}

/// Follows the directives among the items: what is left of the original, and of the patch to be merged.
fn follow_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut rest = Vec::with_capacity(patch.len());
    let mut replace = false;
    let mut gone = HashSet::new();
    for item in patch {
        let map = as_map(&item)?;
        let Some(directive) = map.get(DIRECTIVE) else {
            rest.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let value = map.get(key).ok_or_else(|| no_merge_key(map, key))?;
                gone.insert(Identity::of(value)?);
            }
            Some("replace") => replace = true,
            Some("merge") => {
                return Err(PatchError::Failed(
                    "merging lists cannot yet be specified in the patch".into(),
                ));
            }
            _ => return Err(unknown_directive(directive, map)),
        }
    }
    if replace {
        return Ok((rest, Vec::new()));
    }
    if !gone.is_empty() {
        original.retain(|item| match item.get(key).map(Identity::of) {
            Some(Ok(value)) => !gone.contains(&value),
            _ => true,
        });
    }
    Ok((original, rest))
}

/// Merges items into those with the same key, and adds the others.
fn merge_objects(
    merged: &mut Vec<Value>,
    patch: Vec<Value>,
    how: &Merging<'_>,
) -> Result<(), PatchError> {
    let mut places: HashMap<Identity, usize> = HashMap::new();
    for (at, item) in merged.iter().enumerate() {
        if let Some(Ok(value)) = item.get(how.key).map(Identity::of) {
            places.entry(value).or_insert(at);
        }
    }
    for item in patch {
        let Value::Object(item) = item else {
            continue;
        };
        let value = item
            .get(how.key)
            .ok_or_else(|| no_merge_key(&item, how.key))?;
        let value = Identity::of(value)?;
        match places.get(&value) {
            Some(at) => {
                let old: Map<String, Value> = match merged[*at].take() {
                    Value::Object(old) => old,
                    _ => Map::new(),
                };
                merged[*at] = Value::Object(merge_map(old, item, how.place)?);
            }
            None => {
                places.insert(value, merged.len());
                merged.push(Value::Object(item));
            }
        }
    }
    Ok(())
}
