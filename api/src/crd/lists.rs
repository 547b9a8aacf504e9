//! Items that stand twice in lists that are sets or maps.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::schema::{List, ListKind, Schema, Shape, TypeId};
use crate::status::field::{Error, Path};

/// One error for each item of a set, or key of a list by keys, that stands twice or more, and one for an
/// item of a list by keys that is no object.
#[must_use]
pub fn duplicates(schema: &Schema, id: TypeId, object: &Value) -> Vec<Error> {
    let mut errors = Vec::new();
    walk(
        schema,
        &Shape::Object(id),
        object,
        &Path::EMPTY,
        &mut errors,
    );
    errors
}

fn walk(schema: &Schema, shape: &Shape, value: &Value, path: &Path<'_>, errors: &mut Vec<Error>) {
    match (shape, value) {
        (Shape::Object(id), Value::Object(map)) if schema.get(*id).loose => {
            for (key, value) in map {
                if let Some(field) = schema.get(*id).field(key) {
                    walk(schema, &field.slot.shape, value, &path.child(key), errors);
                }
            }
        }
        (Shape::Map(of), Value::Object(map)) => {
            for (key, value) in map {
                walk(schema, &of.value.shape, value, &path.key(key), errors);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            check(list, items, path, errors);
            for (at, value) in items.iter().enumerate() {
                walk(schema, &list.item.shape, value, &path.index(at), errors);
            }
        }
        _ => {}
    }
}

fn check(list: &List, items: &[Value], path: &Path<'_>, errors: &mut Vec<Error>) {
    let mut found = Vec::new();
    match &list.kind {
        ListKind::Atomic => return,
        ListKind::Set => again(items.iter().cloned(), &mut found),
        ListKind::Map(keys) => {
            let wrong = items.iter().position(|it| !it.is_null() && !it.is_object());
            if let Some(at) = wrong {
                let detail = "must be an object for an array of list-type map";
                errors.push(Error::invalid(&path.index(at), items[at].clone(), detail));
                return;
            }
            let key = |item: &Value| {
                let given = keys.iter().filter_map(|key| Some((key, item.get(&**key)?)));
                let given = given.map(|(key, value)| (key.to_string(), value.clone()));
                Value::Object(given.collect::<Map<_, _>>())
            };
            again(items.iter().map(key), &mut found);
        }
    }
    for (at, value) in found {
        errors.push(Error::duplicate(&path.index(at), value));
    }
}

/// The second of each value that stands more than once, and where it stands.
fn again(values: impl Iterator<Item = Value>, found: &mut Vec<(usize, Value)>) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for (at, value) in values.enumerate() {
        let times = seen.entry(value.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            found.push((at, value));
        }
    }
}
