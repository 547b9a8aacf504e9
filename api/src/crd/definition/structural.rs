//! What makes a schema structural: each field has a type at one place, and alternatives only restrict
//! values.

use serde_json::Value;

use super::super::get::{empty, items, text};
use super::super::values::pattern_error;
use crate::status::field::{Error, Path};
use crate::wire::MOST_NESTING;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What of a schema is not structural, sorted by text.
pub(in crate::crd) fn check(schema: &Value, path: &Path<'_>) -> Vec<Error> {
    let mut errors = Vec::new();
    walk(schema, Level::Root, path, 0, &mut errors);
    errors.sort_by_cached_key(ToString::to_string);
    errors
}

fn walk(schema: &Value, level: Level, path: &Path<'_>, depth: usize, errors: &mut Vec<Error>) {
    if depth >= MOST_NESTING {
        errors.push(Error::forbidden(path, "nests too deeply"));
        return;
    }
    let of = text(&schema["type"]);
    let holds = |key: &str| schema[key] == true;
    let embedded = holds("x-kubernetes-embedded-resource");
    let preserve = holds("x-kubernetes-preserve-unknown-fields");
    let int_or_string = holds("x-kubernetes-int-or-string");
    if of == "array" && schema["items"].is_null() {
        errors.push(Error::required(&path.child("items"), "must be specified"));
    }
    if schema["items"].is_object() {
        let path = path.child("items");
        walk(&schema["items"], Level::Item, &path, depth + 1, errors);
    }
    let properties = schema["properties"].as_object();
    for (key, property) in properties.into_iter().flatten() {
        let path = path.child("properties");
        walk(property, Level::Field, &path.key(key), depth + 1, errors);
    }
    let additional = &schema["additionalProperties"];
    if !additional.is_null() {
        let path = path.child("additionalProperties");
        if level == Level::Root {
            errors.push(Error::forbidden(&path, "must not be used at the root"));
        }
        if additional.is_object() {
            walk(additional, Level::Field, &path, depth + 1, errors);
        }
        if embedded {
            let detail = "must not be used if x-kubernetes-embedded-resource is set";
            errors.push(Error::forbidden(&path, detail));
        }
    }
    if int_or_string {
        for key in [
            "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-embedded-resource",
        ] {
            if holds(key) {
                let detail = "must be false if x-kubernetes-int-or-string is true";
                errors.push(Error::invalid(&path.child(key), true, detail));
            }
        }
    }
    let skip = Skip {
        any_of: is_int_or_string(&schema["anyOf"]),
        first_all_of: is_int_or_string(&schema["allOf"][0]["anyOf"]),
    };
    values(schema, skip, path, depth, errors);
    types(schema, of, level, path, errors);
    if let Some(properties) = properties {
        metadata(properties, level, embedded, path, errors);
    }
    if embedded && !preserve && properties.is_none_or(serde_json::Map::is_empty) {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                      x-kubernetes-preserve-unknown-fields";
        errors.push(Error::required(&path.child("properties"), detail));
    }
}

fn types(schema: &Value, of: &str, level: Level, path: &Path<'_>, errors: &mut Vec<Error>) {
    let path = path.child("type");
    let free = schema["x-kubernetes-int-or-string"] == true
        || schema["x-kubernetes-preserve-unknown-fields"] == true;
    if schema["x-kubernetes-embedded-resource"] == true && of != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(if of.is_empty() {
            Error::required(&path, detail)
        } else {
            Error::invalid(&path, of, detail)
        });
    } else if of.is_empty() && !free {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(Error::required(&path, detail));
    }
    if level == Level::Root && !of.is_empty() && of != "object" {
        errors.push(Error::invalid(&path, of, "must be object at the root"));
    }
}

fn metadata(
    properties: &serde_json::Map<String, Value>,
    level: Level,
    embedded: bool,
    path: &Path<'_>,
    errors: &mut Vec<Error>,
) {
    let path = path.child("properties");
    let resource = level == Level::Root || embedded;
    let wanted = [
        ("kind", "string"),
        ("apiVersion", "string"),
        ("metadata", "object"),
    ];
    for (key, of) in wanted {
        let Some(property) = properties.get(key).filter(|_| resource) else {
            continue;
        };
        let found = text(&property["type"]);
        if found != of {
            let detail = format!("must be {of}");
            errors.push(Error::invalid(&path.key(key).child("type"), found, detail));
        }
    }
    let Some(Value::Object(meta)) = properties.get("metadata").filter(|_| level == Level::Root)
    else {
        return;
    };
    let other = meta.iter().any(|(key, value)| match key.as_str() {
        "type" | "default" => false,
        "properties" => value.as_object().is_some_and(|all| {
            all.keys()
                .any(|key| !matches!(key.as_str(), "name" | "generateName"))
        }),
        _ => !empty(value),
    });
    if other {
        let detail = "must not specify anything other than name and generateName, but metadata is \
                      implicitly specified";
        errors.push(Error::forbidden(&path.key("metadata"), detail));
    }
}

/// The alternatives that int-or-string fields may have though they name types.
#[derive(Clone, Copy, Default)]
struct Skip {
    any_of: bool,
    first_all_of: bool,
}

fn is_int_or_string(any_of: &Value) -> bool {
    *any_of == serde_json::json!([{"type": "integer"}, {"type": "string"}])
}

fn values(schema: &Value, skip: Skip, path: &Path<'_>, depth: usize, errors: &mut Vec<Error>) {
    for key in ["anyOf", "allOf", "oneOf"] {
        if key == "anyOf" && skip.any_of {
            continue;
        }
        let path = path.child(key);
        for (at, of) in items(&schema[key]).iter().enumerate() {
            let skip = Skip {
                any_of: key == "allOf" && at == 0 && skip.first_all_of,
                first_all_of: false,
            };
            nested(of, skip, &path.index(at), depth + 1, errors);
        }
    }
    if schema["not"].is_object() {
        let path = path.child("not");
        nested(&schema["not"], Skip::default(), &path, depth + 1, errors);
    }
    let pattern = text(&schema["pattern"]);
    if !pattern.is_empty()
        && let Some(error) = pattern_error(pattern)
    {
        let detail = format!("must be a valid regular expression, but isn't: {error}");
        errors.push(Error::invalid(&path.child("pattern"), pattern, detail));
    }
}

fn nested(schema: &Value, skip: Skip, path: &Path<'_>, depth: usize, errors: &mut Vec<Error>) {
    const FORBIDDEN: [(&str, &str); 12] = [
        ("type", "must be empty to be structural"),
        ("additionalProperties", "must be undefined to be structural"),
        ("default", "must be undefined to be structural"),
        ("title", "must be empty to be structural"),
        ("description", "must be empty to be structural"),
        ("nullable", "must be false to be structural"),
        (
            "x-kubernetes-preserve-unknown-fields",
            "must be false to be structural",
        ),
        (
            "x-kubernetes-embedded-resource",
            "must be false to be structural",
        ),
        (
            "x-kubernetes-int-or-string",
            "must be false to be structural",
        ),
        (
            "x-kubernetes-list-map-keys",
            "must be empty to be structural",
        ),
        (
            "x-kubernetes-list-type",
            "must be undefined to be structural",
        ),
        (
            "x-kubernetes-map-type",
            "must be undefined to be structural",
        ),
    ];
    if depth >= MOST_NESTING {
        errors.push(Error::forbidden(path, "nests too deeply"));
        return;
    }
    values(schema, skip, path, depth, errors);
    if schema["items"].is_object() {
        let path = path.child("items");
        nested(&schema["items"], Skip::default(), &path, depth + 1, errors);
    }
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = path.child("properties");
        nested(property, Skip::default(), &path.key(key), depth + 1, errors);
    }
    for (key, detail) in FORBIDDEN {
        let there = match detail {
            "must be undefined to be structural" => !schema[key].is_null(),
            _ => !empty(&schema[key]),
        };
        if there {
            errors.push(Error::forbidden(&path.child(key), detail));
        }
    }
    if schema["properties"]["metadata"].is_object() {
        let path = path.child("properties");
        let detail = "must not be specified in a nested context";
        errors.push(Error::forbidden(&path.key("metadata"), detail));
    }
}
