//! What of OpenAPI a schema may use, and how Kubernetes' extensions go together.

use std::collections::HashSet;

use serde_json::Value;

use super::super::get::{empty, items, text};
use crate::status::field::{Error, Path};
use crate::wire::MOST_NESTING;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

pub(super) fn check(schema: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let place = Place {
        root: true,
        meta: false,
        no_defaults: None,
        depth: 0,
    };
    walk(schema, place, path, errors);
}

#[derive(Clone, Copy)]
struct Place<'a> {
    root: bool,
    /// Within the metadata of an object.
    meta: bool,
    /// Why there may be no defaults.
    no_defaults: Option<&'a str>,
    depth: usize,
}

impl Place<'_> {
    fn below(self) -> Self {
        Self {
            root: false,
            depth: self.depth + 1,
            ..self
        }
    }
}

fn walk(schema: &Value, place: Place<'_>, path: &Path<'_>, errors: &mut Vec<Error>) {
    if !schema.is_object() {
        return;
    }
    if place.depth >= MOST_NESTING {
        errors.push(Error::forbidden(path, "nests too deeply"));
        return;
    }
    plain(schema, place, path, errors);
    if schema["uniqueItems"] == true {
        let detail =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(Error::forbidden(&path.child("uniqueItems"), detail));
    }
    let additional = &schema["additionalProperties"];
    if !additional.is_null() {
        let path = path.child("additionalProperties");
        if !empty(&schema["properties"]) && *additional != true {
            let detail = "additionalProperties and properties are mutual exclusive";
            errors.push(Error::forbidden(&path, detail));
        }
        let mut place = place.below();
        if place.meta {
            place.no_defaults = Some("inside additionalProperties applying to object metadata");
        }
        walk(additional, place, &path, errors);
    }
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let mut below = place.below();
        let reason = format!("in top-level {key}");
        let own = place.root || schema["x-kubernetes-embedded-resource"] == true;
        if own && matches!(key.as_str(), "apiVersion" | "kind" | "metadata") {
            below.meta = true;
            if place.root {
                below.no_defaults = Some(&reason);
            }
        }
        let path = path.child("properties");
        walk(property, below, &path.key(key), errors);
    }
    walk(&schema["not"], place.below(), &path.child("not"), errors);
    for key in ["allOf", "oneOf", "anyOf"] {
        let path = path.child(key);
        for (at, of) in items(&schema[key]).iter().enumerate() {
            walk(of, place.below(), &path.index(at), errors);
        }
    }
    walk(
        &schema["items"],
        place.below(),
        &path.child("items"),
        errors,
    );
    extensions(schema, path, errors);
}

/// What stands at a schema itself.
fn plain(schema: &Value, place: Place<'_>, path: &Path<'_>, errors: &mut Vec<Error>) {
    let of = text(&schema["type"]);
    if !of.is_empty() && !TYPES.contains(&of) {
        errors.push(Error::not_supported(&path.child("type"), of, TYPES));
    }
    if let Some(reason) = place.no_defaults
        && !schema["default"].is_null()
    {
        let detail = format!("must not be set {reason}");
        errors.push(Error::forbidden(&path.child("default"), detail));
    }
    let unsupported = [
        "id",
        "additionalItems",
        "patternProperties",
        "definitions",
        "dependencies",
        "$ref",
    ];
    for key in unsupported {
        let there = match key {
            "additionalItems" | "dependencies" | "$ref" => !schema[key].is_null(),
            key => !empty(&schema[key]),
        };
        if there {
            let detail = format!("{key} is not supported");
            errors.push(Error::forbidden(&path.child(key), detail));
        }
    }
    if of == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.push(Error::forbidden(&path.child("type"), detail));
    }
    if schema["items"].is_array() {
        let detail = "items must be a schema object and not an array";
        errors.push(Error::forbidden(&path.child("items"), detail));
    }
    if place.meta && schema["x-kubernetes-embedded-resource"] == true {
        let detail = "must not be used inside of resource meta";
        let path = path.child("x-kubernetes-embedded-resource");
        errors.push(Error::forbidden(&path, detail));
    }
}

/// A type that an extension asks for.
fn typed(of: &str, wanted: &str, key: &str, path: &Path<'_>, errors: &mut Vec<Error>) {
    let path = path.child("type");
    let detail = format!("must be {wanted} if {key} is specified");
    if of.is_empty() {
        errors.push(Error::required(&path, detail));
    } else if of != wanted {
        errors.push(Error::invalid(&path, of, detail));
    }
}

fn extensions(schema: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let of = text(&schema["type"]);
    if schema["x-kubernetes-preserve-unknown-fields"] == false {
        let path = path.child("x-kubernetes-preserve-unknown-fields");
        errors.push(Error::invalid(&path, false, "must be true or undefined"));
    }
    if let Some(kind) = schema["x-kubernetes-map-type"].as_str() {
        typed(of, "object", "x-kubernetes-map-type", path, errors);
        if !matches!(kind, "atomic" | "granular") {
            let path = path.child("x-kubernetes-map-type");
            errors.push(Error::not_supported(&path, kind, ["atomic", "granular"]));
        }
    }
    let list = schema["x-kubernetes-list-type"].as_str();
    let at = path.child("x-kubernetes-list-type");
    let item = &schema["items"];
    if let Some(kind) = list {
        if of != "array" {
            typed(of, "array", "x-kubernetes-list-type", path, errors);
        } else if kind == "set" {
            set_item(item, &path.child("items"), errors);
        }
        if !matches!(kind, "atomic" | "set" | "map") {
            errors.push(Error::not_supported(&at, kind, ["atomic", "set", "map"]));
        }
    }
    let keys = &schema["x-kubernetes-list-map-keys"];
    if !items(keys).is_empty() {
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        match list {
            None => errors.push(Error::required(&at, detail)),
            Some("map") => {}
            Some(other) => errors.push(Error::invalid(&at, other, detail)),
        }
    }
    if list == Some("map") {
        list_map(item, keys, path, errors);
    }
    if let Some(kind @ ("set" | "map")) = list
        && item.is_object()
    {
        keyed(item, kind, keys, &path.child("items"), errors);
    }
}

fn set_item(item: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let key = match text(&item["type"]) {
        "array" => "x-kubernetes-list-type",
        "object" => "x-kubernetes-map-type",
        _ => return,
    };
    let given = &item[key];
    if *given == "atomic" || (given.is_null() && key == "x-kubernetes-list-type") {
        return;
    }
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let shown = item["x-kubernetes-list-type"].clone();
    errors.push(Error::invalid(&path.child(key), shown, detail));
}

fn list_map(item: &Value, keys: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    let at = path.child("x-kubernetes-list-map-keys");
    if items(keys).is_empty() {
        let detail = "must not be empty if x-kubernetes-list-type is map";
        errors.push(Error::required(&at, detail));
    }
    let inner = path.child("items");
    if item.is_null() {
        let detail = "must have a schema if x-kubernetes-list-type is map";
        errors.push(Error::required(&inner, detail));
        return;
    }
    let of = text(&item["type"]);
    if of != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(Error::invalid(&inner.child("type"), of, detail));
        return;
    }
    let mut seen = HashSet::new();
    for key in items(keys).iter().map(text) {
        let property = &item["properties"][key];
        if !property.is_object() {
            let detail = "entries must all be names of item properties";
            errors.push(Error::invalid(&at, keys.clone(), detail));
        } else if matches!(text(&property["type"]), "array" | "object") {
            let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            let properties = inner.child("properties");
            let path = properties.key(key);
            errors.push(Error::invalid(&path.child("type"), of, detail));
        }
        if !seen.insert(key) {
            let detail = "must not contain duplicate entries";
            errors.push(Error::invalid(&at, keys.clone(), detail));
        }
    }
}

/// Items of sets and lists by keys, and the keys themselves, always are there.
fn keyed(item: &Value, kind: &str, keys: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    if item["nullable"] == true {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.push(Error::forbidden(&path.child("nullable"), detail));
    }
    if kind != "map" {
        return;
    }
    let properties = path.child("properties");
    for key in items(keys) {
        let property = &item["properties"][text(key)];
        if !property.is_object() {
            continue;
        }
        let at = properties.key(text(key));
        if !items(&item["required"]).contains(key) && property["default"].is_null() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a \
                          required property";
            errors.push(Error::required(&at.child("default"), detail));
        }
        if property["nullable"] == true {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(Error::forbidden(&at.child("nullable"), detail));
        }
    }
}
