//! How deep a tree is. What walks trees does so by recursion, so depth has a limit.

use serde_json::Value;

/// The deepest nesting of objects and lists that patches and server-side apply work on; what they
/// make is not deeper either. Go's JSON decoder stops at 10,000, serde's at 128 unless told otherwise.
pub const MAX_DEPTH: usize = 256;

/// Whether a tree is nested deeper than `limit`: a scalar is 0 deep, an empty list 1.
#[must_use]
pub fn is_deep(value: &Value, limit: usize) -> bool {
    let mut open = vec![(value, 0)];
    while let Some((value, above)) = open.pop() {
        let level = above + 1;
        match value {
            Value::Array(_) | Value::Object(_) if level > limit => return true,
            Value::Array(items) => open.extend(items.iter().map(|item| (item, level))),
            Value::Object(map) => open.extend(map.values().map(|item| (item, level))),
            _ => {}
        }
    }
    false
}
