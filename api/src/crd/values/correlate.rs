//! Which part of the old object a part of the new one stands for.

use serde_json::Value;

use super::compile::Node;
use crate::schema::ListKind;

/// The old value of a field.
pub(super) fn field<'o>(node: &Node, old: Option<&'o Value>, key: &str) -> Option<&'o Value> {
    if node.atomic {
        return None;
    }
    old?.get(key)
}

/// For each item of a list, the old one of the same keys; nothing for lists without keys.
pub(super) fn items<'o>(
    node: &Node,
    items: &[Value],
    old: Option<&'o Value>,
) -> Vec<Option<&'o Value>> {
    let none = || vec![None; items.len()];
    let (Some(ListKind::Map(keys)), Some(Value::Array(old))) = (&node.list, old) else {
        return none();
    };
    let key = |item: &Value| -> Option<String> {
        let values = keys
            .iter()
            .map(|key| item.get(&**key).map(Value::to_string));
        Some(values.collect::<Option<Vec<_>>>()?.join("\0"))
    };
    let known: std::collections::HashMap<_, _> = old
        .iter()
        .rev()
        .filter_map(|item| Some((key(item)?, item)))
        .collect();
    let found = items.iter().map(|item| known.get(&key(item)?).copied());
    found.collect()
}
