//! The document of version 2: all group versions in one.

use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use super::{Source, group_version};

/// How deep a schema is followed; below that anything is allowed.
const DEPTH: usize = 128;

/// `/openapi/v2`.
#[must_use]
pub fn document(source: Source<'_>) -> Value {
    let mut paths = Map::new();
    let mut definitions = Map::new();
    for group in source.registry.groups() {
        for version in &group.versions {
            let Some(Value::Object(mut made)) = group_version(source, &group.name, &version.name)
            else {
                continue;
            };
            if let Some(Value::Object(own)) = made.remove("paths") {
                paths.extend(own.into_iter().map(|(path, item)| (path, path_item(item))));
            }
            let schemas = made
                .get_mut("components")
                .and_then(|it| it.get_mut("schemas"));
            if let Some(Value::Object(own)) = schemas.map(Value::take) {
                for (name, schema) in own {
                    match definitions.entry(name) {
                        Entry::Vacant(entry) => {
                            entry.insert(self::schema(schema, DEPTH));
                        }
                        Entry::Occupied(mut entry) => kinds_of(entry.get_mut(), &schema),
                    }
                }
            }
        }
    }
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "definitions": definitions,
        "securityDefinitions": {"BearerToken": {
            "type": "apiKey", "name": "authorization", "in": "header",
            "description": "Bearer Token authentication",
        }},
        "security": [{"BearerToken": []}],
    })
}

/// Adds the kinds that a type stands for in another group version.
fn kinds_of(known: &mut Value, other: &Value) {
    let kinds = "x-kubernetes-group-version-kind";
    let more = other.get(kinds).and_then(Value::as_array);
    let known = known.get_mut(kinds).and_then(Value::as_array_mut);
    if let (Some(known), Some(more)) = (known, more) {
        for kind in more {
            if !known.contains(kind) {
                known.push(kind.clone());
            }
        }
    }
}

fn path_item(item: Value) -> Value {
    let Value::Object(item) = item else {
        return item;
    };
    let made = item.into_iter().map(|(key, value)| {
        let value = match (key.as_str(), value) {
            ("parameters", Value::Array(all)) => all.into_iter().map(parameter).collect(),
            (_, Value::Object(of)) => operation(of),
            (_, other) => other,
        };
        (key, value)
    });
    Value::Object(made.collect())
}

/// The schema of a parameter stands in the parameter itself.
fn parameter(of: Value) -> Value {
    let Value::Object(mut of) = of else {
        return of;
    };
    if let Some(Value::Object(schema)) = of.remove("schema") {
        of.extend(schema);
    }
    of.into()
}

/// The body is a parameter; the forms of bodies and answers are lists beside the schemas.
fn operation(mut of: Map<String, Value>) -> Value {
    let mut parameters = match of.remove("parameters") {
        Some(Value::Array(all)) => all.into_iter().map(parameter).collect(),
        _ => Vec::new(),
    };
    if let Some(Value::Object(mut body)) = of.remove("requestBody") {
        let content = body.remove("content").unwrap_or_default();
        let (forms, schema) = content_of(content);
        of.insert("consumes".into(), forms.into());
        let mut made = Map::new();
        made.insert("name".into(), "body".into());
        made.insert("in".into(), "body".into());
        if let Some(required) = body.remove("required") {
            made.insert("required".into(), required);
        }
        made.insert("schema".into(), schema.unwrap_or_else(|| json!({})));
        parameters.insert(0, made.into());
    }
    if !parameters.is_empty() {
        of.insert("parameters".into(), parameters.into());
    }
    let mut produces = Vec::new();
    if let Some(Value::Object(answers)) = of.get_mut("responses") {
        for answer in answers.values_mut().filter_map(Value::as_object_mut) {
            if let Some(content) = answer.remove("content") {
                let (forms, schema) = content_of(content);
                if produces.is_empty() {
                    produces = forms;
                }
                answer.extend(schema.map(|schema| ("schema".to_owned(), schema)));
            }
        }
    }
    if !produces.is_empty() {
        of.insert("produces".into(), produces.into());
    }
    of.into()
}

fn content_of(content: Value) -> (Vec<String>, Option<Value>) {
    let Value::Object(content) = content else {
        return (Vec::new(), None);
    };
    let mut forms = Vec::new();
    let mut found = None;
    for (form, mut of) in content {
        forms.push(form);
        if found.is_none() {
            found = of.get_mut("schema").map(Value::take);
        }
    }
    (forms, found.map(|it| schema(it, DEPTH)))
}

/// Version 2 knows no alternatives and no `nullable`; clients of it take such a field for anything, and so
/// do they with fields beside which unknown ones may stand.
fn schema(of: Value, depth: usize) -> Value {
    let Value::Object(mut of) = of else {
        return of;
    };
    if depth == 0 {
        return json!({});
    }
    if let Some(Value::String(target)) = of.get_mut("$ref") {
        let name = target.strip_prefix("#/components/schemas/");
        let name = name.map(|name| format!("#/definitions/{name}"));
        if let Some(name) = name {
            *target = name;
        }
        return of.into();
    }
    // A reference with words beside it.
    if let Some(Value::Array(mut all)) = of.remove("allOf")
        && all.len() == 1
        && let Some(Value::Object(only)) = all.pop()
        && let Some(target) = only.get("$ref")
    {
        let target = schema(json!({"$ref": target}), 1);
        if let Value::Object(target) = target {
            of.extend(target);
        }
        return of.into();
    }
    let text = of.get("format").is_some_and(|it| it == "int-or-string");
    let either = of.remove("oneOf").is_some();
    let int_or_string = of.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    if either && text {
        of.insert("type".into(), "string".into());
    } else if either && !of.contains_key("properties") && !of.contains_key("type") {
        // A quantity, which is written as text.
        of.insert("type".into(), "string".into());
    }
    of.remove("anyOf");
    of.remove("not");
    if int_or_string {
        of.remove("type");
    }
    if of.remove("nullable") == Some(Value::Bool(true)) {
        for key in ["type", "items", "properties"] {
            of.remove(key);
        }
    }
    if of.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true)) {
        of.remove("items");
        of.remove("properties");
        of.remove("type");
    }
    for (key, value) in &mut of {
        match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                for field in fields.values_mut() {
                    *field = schema(field.take(), depth - 1);
                }
            }
            ("items" | "additionalProperties", it @ Value::Object(_)) => {
                *it = schema(it.take(), depth - 1);
            }
            _ => {}
        }
    }
    of.into()
}
