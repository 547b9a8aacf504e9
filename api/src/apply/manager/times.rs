//! Writes that change nothing but the time at which they were.

use serde_json::Value;

use super::owners::entries;

/// The object to be stored: the old one if the new one differs from it in nothing but the times of its managed fields, so
/// that a write which does nothing does not count as one.
#[must_use]
pub fn keep_times(old: &Value, new: Value) -> Value {
    let (Some(before), Some(after)) = (entries(old), entries(&new)) else {
        return new;
    };
    let same_entries = before.len() == after.len()
        && !after.is_empty()
        && before
            .iter()
            .zip(after)
            .all(|(before, after)| same_but(before, after, &["time"]));
    if same_entries && same_but(old, &new, &["metadata", "managedFields"]) {
        return old.clone();
    }
    new
}

/// Whether two objects are the same but for what a path leads to.
fn same_but(left: &Value, right: &Value, path: &[&str]) -> bool {
    let (Value::Object(left), Value::Object(right), Some((head, rest))) =
        (left, right, path.split_first())
    else {
        return path.is_empty() || left == right;
    };
    let last = rest.is_empty();
    let same = |name: &String, value: &Value| match right.get(name) {
        Some(other) if name == head => last || same_but(value, other, rest),
        Some(other) => value == other,
        None => last && name == head,
    };
    left.iter().all(|(name, value)| same(name, value))
        && right
            .keys()
            .all(|name| left.contains_key(name) || (last && name == head))
}
