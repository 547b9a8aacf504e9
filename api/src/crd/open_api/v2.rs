//! What OpenAPI v2 cannot say, or kubectl's validation by it would take wrongly, goes.

use serde_json::{Map, Value};

/// Makes a schema one that allows at least what it allowed.
pub(super) fn reduce(schema: &mut Value) {
    let Value::Object(map) = schema else {
        return;
    };
    for key in ["allOf", "oneOf", "anyOf", "not"] {
        map.remove(key);
    }
    let preserve = is(map, "x-kubernetes-preserve-unknown-fields");
    if map.remove("nullable") == Some(Value::Bool(true)) {
        for key in ["type", "items", "properties"] {
            map.remove(key);
        }
    }
    if preserve {
        map.remove("items");
        map.remove("properties");
    }
    let of = map.get("type").and_then(Value::as_str);
    let bare = of == Some("array") && !map.contains_key("items");
    if bare || (preserve && of == Some("object")) {
        map.remove("type");
    }
    optional(map);
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        properties.values_mut().for_each(reduce);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(below) = map.get_mut(key) {
            reduce(below);
        }
    }
}

fn is(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key) == Some(&Value::Bool(true))
}

/// What may be null is not required: kubectl takes `null` for absent.
fn optional(map: &mut Map<String, Value>) {
    let nullable = |of: Option<&Value>| of.is_some_and(|it| it["nullable"] == true);
    if nullable(map.get("additionalProperties")) {
        map.remove("required");
        return;
    }
    let properties = map.get("properties").cloned();
    if let Some(Value::Array(required)) = map.get_mut("required") {
        required.retain(|key| {
            let key = key.as_str().unwrap_or_default();
            !nullable(properties.as_ref().and_then(|it| it.get(key)))
        });
        if required.is_empty() {
            map.remove("required");
        }
    }
}
