//! What fields hold that nobody has set: upstream's `pkg/apis/*/defaults.go`.
//!
//! An object is walked from the outside in, by its schema; each type has what it adds, most of it in a table
//! (`table.txt`), the rest, where one field depends on another, in a function. So a pod template gets the
//! same whatever it lies in.

mod apps;
mod autoscaling;
mod core;
mod rbac;
mod services;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::schema::{Schema, Shape, Slot, TypeId, builtin};

/// How deep objects are walked; no kind is deeper that has defaults.
const DEPTH_MAX: usize = 64;

/// Sets what is not set in an object of a built-in kind. The tree is canonical; it may not be after
/// (`crate::wire::normalize` makes it so again).
pub fn apply(id: TypeId, object: &mut Value) {
    object_of(builtin(), id, object, 0);
}

type Fields = Map<String, Value>;
type Rule = fn(&mut Fields);

/// What a type adds.
#[derive(Default)]
struct Rules {
    /// Fields and what they hold if they hold nothing.
    fields: Vec<(&'static str, Value)>,
    /// What depends on other fields; before the table's.
    rule: Option<Rule>,
}

const TABLE: &str = include_str!("table.txt");

static RULES: LazyLock<HashMap<TypeId, Rules>> = LazyLock::new(|| {
    let mut rules: HashMap<TypeId, Rules> = HashMap::new();
    let named = |name: &str| builtin().named(&format!("io.k8s.{name}"));
    let mut current = None;
    for line in TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line.strip_prefix(' ') {
            None => current = Some(named(line).expect("the table names types that are there")),
            Some(line) => {
                let (field, value) = line.split_once(' ').expect("a field has a value");
                let value = serde_json::from_str(value).expect("the table's values are JSON");
                let id = current.expect("a type is named before its fields");
                rules.entry(id).or_default().fields.push((field, value));
            }
        }
    }
    let functions = [
        core::RULES,
        apps::RULES,
        autoscaling::RULES,
        rbac::RULES,
        services::RULES,
    ];
    for (name, rule) in functions.into_iter().flatten() {
        let id = named(name).expect("rules are of types that are there");
        rules.entry(id).or_default().rule = Some(*rule);
    }
    rules
});

fn object_of(schema: &Schema, id: TypeId, object: &mut Value, depth: usize) {
    let Value::Object(fields) = object else {
        return;
    };
    if depth > DEPTH_MAX {
        return;
    }
    let of = schema.get(id);
    if let Some(rules) = RULES.get(&id) {
        if let Some(rule) = rules.rule {
            rule(fields);
        }
        for (field, value) in &rules.fields {
            set(fields, field, || value.clone());
        }
    }
    for field in &of.fields {
        if let Some(default) = &field.slot.default {
            set(fields, &field.json, || default.clone());
        }
        if let Some(value) = fields.get_mut(&*field.json) {
            within(schema, &field.slot, value, depth);
        }
    }
}

fn within(schema: &Schema, slot: &Slot, value: &mut Value, depth: usize) {
    match (&slot.shape, value) {
        (Shape::Object(id), value) => object_of(schema, *id, value, depth + 1),
        (Shape::List(list), Value::Array(items)) => {
            for item in items {
                within(schema, &list.item, item, depth + 1);
            }
        }
        (Shape::Map(of), Value::Object(values)) => {
            for value in values.values_mut() {
                within(schema, &of.value, value, depth + 1);
            }
        }
        _ => {}
    }
}

/// Sets a field that holds nothing: is not there, `null`, or the empty text.
fn set(fields: &mut Fields, field: &str, value: impl FnOnce() -> Value) {
    if is_unset(fields, field) {
        fields.insert(field.to_owned(), value());
    }
}

fn is_unset(fields: &Fields, field: &str) -> bool {
    match fields.get(field) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

/// An object in a field; made if it is not there.
fn inner<'a>(fields: &'a mut Fields, field: &str) -> Option<&'a mut Fields> {
    set(fields, field, || Value::Object(Map::new()));
    fields.get_mut(field)?.as_object_mut()
}

/// The text of a field; empty if there is none.
fn text<'a>(fields: &'a Fields, field: &str) -> &'a str {
    fields
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
