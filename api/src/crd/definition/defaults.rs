//! Defaults of a schema have to be values that it takes.

use serde_json::Value;

use super::super::values::Validator;
use crate::status::field::{Error, Path};

pub(super) fn check(schema: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    walk(schema, true, path, errors);
}

/// Whether a schema has defaults anywhere. It nests as deep as the definition was read at most.
pub(super) fn any(schema: &Value) -> bool {
    let properties = schema["properties"].as_object().into_iter().flatten();
    schema.get("default").is_some_and(|it| !it.is_null())
        || properties.map(|(_, it)| it).any(any)
        || ["items", "additionalProperties"]
            .into_iter()
            .any(|key| schema[key].is_object() && any(&schema[key]))
}

/// The schema is structural, so it does not nest too deeply.
fn walk(schema: &Value, root: bool, path: &Path<'_>, errors: &mut Vec<Error>) {
    if let Some(default) = schema.get("default").filter(|it| !it.is_null()) {
        let at = path.child("default");
        if unknown(schema, default) {
            let detail = "must not have unknown fields";
            errors.push(Error::invalid(&at, default.clone(), detail));
        }
        let found = Validator::new(schema).map(|it| it.validate(default));
        let at = at.to_string();
        errors.extend(found.into_iter().flatten().map(|mut error| {
            error.path = match error.path.as_str() {
                "<nil>" => at.clone(),
                below => format!("{at}.{below}"),
            };
            error
        }));
    }
    if schema["items"].is_object() {
        walk(&schema["items"], false, &path.child("items"), errors);
    }
    // As upstream has it, those of additional properties are not looked at.
    let embedded = root || schema["x-kubernetes-embedded-resource"] == true;
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        // Defaults within the metadata of objects are judged by other rules.
        if embedded && matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        let path = path.child("properties");
        walk(property, false, &path.key(key), errors);
    }
}

/// Whether a value has fields that pruning would take away.
fn unknown(schema: &Value, value: &Value) -> bool {
    let preserve = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let embedded = schema["x-kubernetes-embedded-resource"] == true;
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| {
            let property = &schema["properties"][key];
            let additional = &schema["additionalProperties"];
            if property.is_object() {
                unknown(property, value)
            } else if additional.is_object() {
                unknown(additional, value)
            } else {
                let own = embedded && matches!(key.as_str(), "apiVersion" | "kind" | "metadata");
                !(preserve || own || *additional == true)
            }
        }),
        Value::Array(items) if schema["items"].is_object() => {
            items.iter().any(|item| unknown(&schema["items"], item))
        }
        _ => false,
    }
}
