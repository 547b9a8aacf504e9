//! Objects and lists as paths go through them.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::go;

/// A path of the patch (RFC 6901).
#[derive(Clone, Copy)]
pub(super) struct Path<'a>(pub(super) &'a str);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'a> Path<'a> {
    /// The object or list that holds the last part, and that part; none if the way there is not there.
    pub(super) fn find<'d>(&self, doc: &'d mut Value) -> Option<(&'d mut Value, Cow<'a, str>)> {
        // What stands before the first slash is ignored.
        let (_, parts) = self.0.split_once('/')?;
        let (way, key) = match parts.rsplit_once('/') {
            Some((way, key)) => (Some(way), key),
            None => (None, parts),
        };
        let mut at = doc;
        for part in way.into_iter().flat_map(|way| way.split('/')) {
            at = child(at, &decode(part))?;
            if !at.is_object() && !at.is_array() {
                return None;
            }
        }
        Some((at, decode(key)))
    }
}

/// `~1` is a slash, `~0` a tilde.
fn decode(part: &str) -> Cow<'_, str> {
    if part.contains('~') {
        // One pass: `~01` is `~1`.
        let slashes = part.split("~1").map(|piece| piece.replace("~0", "~"));
        Cow::Owned(slashes.collect::<Vec<_>>().join("/"))
    } else {
        Cow::Borrowed(part)
    }
}

/// What stands under a key to go on from.
fn child<'d>(parent: &'d mut Value, key: &str) -> Option<&'d mut Value> {
    match parent {
        Value::Object(map) => map.get_mut(key),
        Value::Array(list) => {
            let at = existing(key, list.len()).ok()?;
            list.get_mut(at)
        }
        _ => None,
    }
}

/// What stands under a key; a field that is not there is no error.
pub(super) fn get<'d>(parent: &'d Value, key: &str) -> Result<Option<&'d Value>, String> {
    match parent {
        Value::Object(map) => Ok(map.get(key)),
        Value::Array(list) => Ok(list.get(existing(key, list.len())?)),
        _ => Ok(None),
    }
}

/// Puts a value under a key, making room in a list.
pub(super) fn add(parent: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match parent {
        Value::Object(map) => {
            map.insert(key.into(), value);
        }
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => {
            let index = number(key)
                .map_err(|error| format!("value was not a proper array index: '{key}': {error}"))?;
            // The place behind the last one counts, too, and negative indexes count from there.
            let at = within(index, list.len() + 1)?;
            list.insert(at, value);
        }
        _ => {}
    }
    Ok(())
}

/// Puts a value in the place of an item, or under a field, be it there or not.
pub(super) fn replace(parent: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match parent {
        Value::Object(map) => {
            map.insert(key.into(), value);
        }
        Value::Array(list) => {
            let at = existing(key, list.len())?;
            list[at] = value;
        }
        _ => {}
    }
    Ok(())
}

/// Takes a value away.
pub(super) fn remove(parent: &mut Value, key: &str) -> Result<Value, String> {
    match parent {
        Value::Array(list) => {
            let at = existing(key, list.len())?;
            Ok(list.remove(at))
        }
        Value::Object(map) => map
            .remove(key)
            .ok_or_else(|| format!("Unable to remove nonexistent key: {key}: missing value")),
        _ => Ok(Value::Null),
    }
}

/// The place of an item that is there.
fn existing(key: &str, len: usize) -> Result<usize, String> {
    within(number(key)?, len)
}

/// The place of an index among so many; a negative one counts from the end.
fn within(index: i64, len: usize) -> Result<usize, String> {
    let signed = i64::try_from(len).unwrap_or(i64::MAX);
    let at = if index < 0 {
        index.saturating_add(signed)
    } else {
        index
    };
    match usize::try_from(at) {
        Ok(at) if at < len => Ok(at),
        _ => Err(format!(
            "Unable to access invalid index: {index}: invalid index referenced"
        )),
    }
}

/// A number as Go's `Atoi` reads it: a sign, digits.
fn number(key: &str) -> Result<i64, String> {
    let digits = key.strip_prefix(['-', '+']).unwrap_or(key);
    let reason = if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        "invalid syntax"
    } else {
        match key.parse() {
            Ok(index) => return Ok(index),
            Err(_) => "value out of range",
        }
    };
    Err(format!(
        "strconv.Atoi: parsing {}: {reason}",
        go::quote(key)
    ))
}
