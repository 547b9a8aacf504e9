//! The schemas of custom resources.

use serde_json::{Map, Value, json};

use super::{Parts, schemas};
use crate::resources::Resource;
use crate::schema::builtin;

/// How deep a schema may be; below that anything is allowed.
const DEPTH: usize = 100;

/// Adds the schemas of an object and of a list of them; their names.
pub(super) fn add(parts: &mut Parts<'_>, resource: &Resource) -> (String, String) {
    let mut words: Vec<&str> = resource.group.split('.').collect();
    words.reverse();
    let name = format!("{}.{}.{}", words.join("."), resource.version, resource.kind);
    let list = format!("{name}List");
    let given = (parts.source.custom)(resource);
    let mut schema = given.map_or_else(
        || json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        |given| structural(&given, DEPTH),
    );
    let meta = schemas::reference(&schemas::meta("ObjectMeta"));
    if let Some(schema) = schema.as_object_mut() {
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("apiVersion".into(), json!({"type": "string"}));
            properties.insert("kind".into(), json!({"type": "string"}));
            properties.insert("metadata".into(), meta);
        }
        schema.insert("x-kubernetes-group-version-kind".into(), kind(resource, ""));
    }
    let whole = json!({
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": schemas::reference(&schemas::meta("ListMeta")),
            "items": {"type": "array", "items": schemas::reference(&name)},
        },
        "x-kubernetes-group-version-kind": kind(resource, "List"),
    });
    for type_name in ["ObjectMeta", "ListMeta"] {
        parts
            .types
            .extend(builtin().named(&schemas::meta(type_name)));
    }
    parts.made.insert(name.clone(), schema);
    parts.made.insert(list.clone(), whole);
    (name, list)
}

fn kind(resource: &Resource, suffix: &str) -> Value {
    json!([{
        "group": &*resource.group,
        "version": &*resource.version,
        "kind": format!("{}{suffix}", resource.kind),
    }])
}

/// A schema as it stands in a definition, with the fields that an embedded object has of its own.
fn structural(given: &Value, depth: usize) -> Value {
    let Some(fields) = given.as_object().filter(|_| depth > 0) else {
        return json!({"x-kubernetes-preserve-unknown-fields": true});
    };
    let mut made = Map::new();
    for (key, value) in fields {
        let value = match (key.as_str(), value) {
            ("properties", Value::Object(of)) => {
                let each = of
                    .iter()
                    .map(|(name, it)| (name.clone(), structural(it, depth - 1)));
                Value::Object(each.collect())
            }
            ("items" | "additionalProperties", it @ Value::Object(_)) => structural(it, depth - 1),
            ("allOf" | "anyOf" | "oneOf" | "not", it) if too_deep(it, depth) => continue,
            (_, it) => it.clone(),
        };
        made.insert(key.clone(), value);
    }
    if fields.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true)) {
        let properties = made.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("apiVersion".into(), json!({"type": "string"}));
            properties.insert("kind".into(), json!({"type": "string"}));
            let meta = schemas::reference(&schemas::meta("ObjectMeta"));
            properties.insert("metadata".into(), meta);
        }
    }
    made.into()
}

fn too_deep(value: &Value, depth: usize) -> bool {
    let mut waiting = vec![(value, depth)];
    while let Some((value, depth)) = waiting.pop() {
        let Some(left) = depth.checked_sub(1) else {
            return true;
        };
        match value {
            Value::Array(items) => waiting.extend(items.iter().map(|it| (it, left))),
            Value::Object(fields) => waiting.extend(fields.values().map(|it| (it, left))),
            _ => {}
        }
    }
    false
}
