//! How the items of a merged list are ordered: as `$setElementOrder` says, then as in the patch, then as in
//! the original.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::directive::{DIRECTIVE, SET_ORDER, clean, listed};
use super::identity::Identity;
use super::list::{Merging, merge_list, objects};
use super::lookup::{Place, Strategy};
use super::{LIST, as_map, no_merge_key, wrong_type};
use crate::go;
use crate::patch::PatchError;

/// Where items stand in a list, by what they are known by.
pub(super) struct Ranks<'a> {
    of: HashMap<Identity, usize>,
    /// The first item that is no object, where they have to be.
    stray: Option<usize>,
    key: &'a str,
    objects: bool,
}

impl<'a> Ranks<'a> {
    /// Those of a list whose items all have the key, if they are objects.
    pub(super) fn of<'v>(
        list: impl IntoIterator<Item = &'v Value> + Clone,
        key: &'a str,
        objects: bool,
    ) -> Result<Self, PatchError> {
        let mut ranks = Self::lenient(list.clone(), key, objects)?;
        if objects {
            for item in list {
                let map = as_map(item)?;
                if !map.contains_key(key) {
                    return Err(no_merge_key(map, key));
                }
            }
        }
        ranks.stray = None;
        Ok(ranks)
    }

    /// Those of a list, whatever its items are.
    fn lenient<'v>(
        list: impl IntoIterator<Item = &'v Value>,
        key: &'a str,
        objects: bool,
    ) -> Result<Self, PatchError> {
        let mut of = HashMap::new();
        let mut stray = None;
        for (at, item) in list.into_iter().enumerate() {
            let value = match item {
                _ if !objects => item,
                Value::Object(map) => match map.get(key) {
                    Some(value) => value,
                    None => continue,
                },
                _ => {
                    stray = stray.or(Some(at));
                    continue;
                }
            };
            match Identity::of(value) {
                Ok(value) => {
                    of.entry(value).or_insert(at);
                }
                // Keys are compared one by one, and nothing else is the same as this one.
                Err(_) if objects => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            of,
            stray,
            key,
            objects,
        })
    }

    /// The place of an item.
    fn rank(&self, item: &Value) -> Option<usize> {
        let value = if self.objects {
            item.get(self.key).unwrap_or(&Value::Null)
        } else {
            item
        };
        self.of.get(&Identity::of(value).ok()?).copied()
    }
}

/// The positions of items that are in a list, and of those that are not.
type Split = (Vec<usize>, Vec<usize>);

/// Splits scalars by whether they are in the list.
pub(super) fn split(items: &[Value], asked: &Ranks<'_>) -> Result<Split, PatchError> {
    let mut split = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let found = asked.of.contains_key(&Identity::of(item)?);
        if found { &mut split.0 } else { &mut split.1 }.push(at);
    }
    Ok(split)
}

/// Splits objects by whether one of the same key is in the list.
pub(super) fn by_patch<'v>(
    items: impl Iterator<Item = &'v Value>,
    asked: &Ranks<'_>,
    key: &str,
) -> Result<Split, PatchError> {
    let mut split = (Vec::new(), Vec::new());
    for (at, item) in items.enumerate() {
        let map = as_map(item)?;
        let value = map.get(key).ok_or_else(|| no_merge_key(map, key))?;
        let found = Identity::of(value)
            .ok()
            .and_then(|value| asked.of.get(&value));
        match (found, asked.stray) {
            (Some(found), Some(stray)) if *found > stray => return Err(not_a_map(stray)),
            (None, Some(stray)) => return Err(not_a_map(stray)),
            (Some(_), _) => split.0.push(at),
            (None, None) => split.1.push(at),
        }
    }
    Ok(split)
}

fn not_a_map(at: usize) -> PatchError {
    PatchError::Failed(format!("value for key {at} is not a map"))
}

/// The items in order: the named ones as asked for, the others as in the original, each of them before the
/// first named one that follows it in the original.
pub(super) fn interleave(
    items: Vec<Value>,
    named: &[usize],
    others: &[usize],
    asked: &Ranks<'_>,
    live: &Ranks<'_>,
) -> Vec<Value> {
    let named = sort(named, |at| asked.rank(&items[at]));
    let others = sort(others, |at| live.rank(&items[at]));
    let mut order = Vec::with_capacity(items.len());
    let mut others = others.into_iter().peekable();
    for next in named {
        let limit = live.rank(&items[next]);
        let before = |at: &usize| match (live.rank(&items[*at]), limit) {
            (Some(rank), Some(limit)) => rank < limit,
            _ => false,
        };
        while let Some(other) = others.next_if(before) {
            order.push(other);
        }
        order.push(next);
    }
    order.extend(others);
    let mut items: Vec<Option<Value>> = items.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|at| items[at].take())
        .collect()
}

/// How many items Go's stable sort puts in order by insertion before it merges.
const BLOCK: usize = 20;

/// Positions by rank. Upstream's comparison calls an item without rank less than any other and any other less
/// than it, so that what its sort makes of those depends on the way it sorts.
fn sort(positions: &[usize], rank: impl Fn(usize) -> Option<usize>) -> Vec<usize> {
    let mut ranked: Vec<(Option<usize>, usize)> =
        positions.iter().map(|at| (rank(*at), *at)).collect();
    if ranked.iter().all(|(rank, _)| rank.is_some()) {
        ranked.sort_by_key(|(rank, _)| *rank);
    } else {
        for block in ranked.chunks_mut(BLOCK) {
            for end in 1..block.len() {
                let mut at = end;
                while at > 0 && less(block[at].0, block[at - 1].0) {
                    block.swap(at, at - 1);
                    at -= 1;
                }
            }
        }
    }
    ranked.into_iter().map(|(_, at)| at).collect()
}

fn less(left: Option<usize>, right: Option<usize>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left < right,
        _ => true,
    }
}

/// Merges the lists the patch has a `$setElementOrder` for, and takes both off the patch.
pub(super) fn merge_ordered(
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
    place: Place<'_>,
) -> Result<(), PatchError> {
    let directives: Vec<String> = patch
        .keys()
        .filter(|key| key.starts_with(SET_ORDER))
        .cloned()
        .collect();
    for directive in directives {
        let order = patch.remove(&directive).unwrap_or_default();
        let Value::Array(order) = order else {
            return Err(wrong_type(LIST, &order));
        };
        let key = listed(&directive, SET_ORDER)?;
        merge_one(original, patch, &key, &order, place)?;
    }
    Ok(())
}

fn merge_one(
    original: &mut Map<String, Value>,
    patch: &mut Map<String, Value>,
    key: &str,
    order: &[Value],
    place: Place<'_>,
) -> Result<(), PatchError> {
    let list = |value: Option<&Value>| match value {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list.clone())),
        Some(other) => Err(wrong_type(LIST, other)),
    };
    let old = list(original.get(key))?;
    let new = list(patch.get(key))?;
    let (items, strategy, merge_key) = place.items(key)?;
    let empty = Vec::new();
    check(new.as_ref().unwrap_or(&empty), order, merge_key)?;
    if old.is_none() && new.is_none() {
        return Ok(());
    }
    let are_objects = || {
        objects(&[
            old.as_deref().unwrap_or_default(),
            new.as_deref().unwrap_or_default(),
        ])
    };
    let merged = match (old.clone(), new.clone()) {
        (Some(old), None) => old,
        (None, Some(new)) => new.into_iter().filter_map(clean).collect(),
        (Some(old), Some(new)) if strategy == Strategy::Merge => {
            let how = Merging {
                place: items,
                key: merge_key,
                deletes: false,
            };
            merge_list(old, new, &how)?
        }
        (_, new) => new.unwrap_or_default(),
    };
    let asked = Ranks::lenient(order, merge_key, !merge_key.is_empty())?;
    let (named, others) = if merge_key.is_empty() {
        split(&merged, &asked)?
    } else {
        by_patch(merged.iter(), &asked, merge_key)?
    };
    let are_objects = are_objects()?;
    let asked = Ranks::of(order, merge_key, are_objects)?;
    let mut live: Vec<&Value> = old.iter().flatten().collect();
    if let Some(new) = &new
        && strategy == Strategy::Merge
        && are_objects
    {
        live = reused(live, new, merge_key);
    }
    let live = Ranks::of(live, merge_key, are_objects)?;
    let merged = interleave(merged, &named, &others, &asked, &live);
    original.insert(key.into(), Value::Array(merged));
    patch.remove(key);
    Ok(())
}

/// The original list as upstream finds it after the merge: items that were added lie in the memory of those
/// that were deleted, and so have a place in it.
fn reused<'v>(old: Vec<&'v Value>, new: &'v [Value], key: &str) -> Vec<&'v Value> {
    let identity = |item: &Value| item.get(key).and_then(|value| Identity::of(value).ok());
    let (special, plain): (Vec<&Value>, Vec<&Value>) =
        new.iter().partition(|item| item.get(DIRECTIVE).is_some());
    let is = |item: &Value, directive: &str| item.get(DIRECTIVE).is_some_and(|d| d == directive);
    let gone: HashSet<Identity> = special
        .iter()
        .filter(|item| is(item, "delete"))
        .filter_map(|item| identity(item))
        .collect();
    let room = old.len();
    let mut left = old;
    left.retain(|item| identity(item).is_none_or(|identity| !gone.contains(&identity)));
    if special.iter().any(|item| is(item, "replace")) {
        return left;
    }
    let mut known: HashSet<Identity> = left.iter().filter_map(|item| identity(item)).collect();
    for item in plain {
        if left.len() < room && identity(item).is_some_and(|identity| known.insert(identity)) {
            left.push(item);
        }
    }
    left
}

/// Checks that the items of the patch stand in the order, and in it.
fn check(patch: &[Value], order: &[Value], key: &str) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut wanted = Vec::with_capacity(patch.len());
    for item in patch {
        let deleted = !key.is_empty() && as_map(item)?.get(DIRECTIVE) == Some(&json!("delete"));
        if !deleted {
            wanted.push(item);
        }
    }
    let mut wanted = wanted.into_iter().peekable();
    for listed in order {
        // An item with a directive counts as long as there is something left to compare with.
        while wanted
            .next_if(|item| item.get(DIRECTIVE).is_some())
            .is_some()
        {}
        let Some(item) = wanted.peek() else {
            break;
        };
        if same(item, listed, key)? {
            wanted.next();
        }
    }
    if wanted.peek().is_some() {
        return Err(PatchError::Failed(format!(
            "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
            go::plain_list(patch),
            go::plain_list(order)
        )));
    }
    Ok(())
}

fn same(left: &Value, right: &Value, key: &str) -> Result<bool, PatchError> {
    let (left, right) = if key.is_empty() {
        (left, right)
    } else {
        let (left, right) = (as_map(left)?, as_map(right)?);
        let left = left.get(key).ok_or_else(|| no_merge_key(left, key))?;
        let right = right.get(key).ok_or_else(|| no_merge_key(right, key))?;
        (left, right)
    };
    let comparable = go::type_name(left) == go::type_name(right);
    Ok(comparable && Identity::of(left)? == Identity::of(right)?)
}
