//! A value held against a schema, in the order of kube-openapi's validators.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::compile::Node;
use super::{correlate, format, number};
use crate::status::field::{Error, Kind, Path};
use crate::status::text;

/// What came of a value.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) errors: Vec<Error>,
    /// How many checks were made: of schemas of which none fits, the one with the most is told.
    matches: u32,
}

impl Outcome {
    pub(super) fn merge(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.matches += other.matches;
    }

    fn fails(&self) -> bool {
        !self.errors.is_empty()
    }

    /// An error at the path that upstream writes: as in the texts, without the dot it may begin with.
    pub(super) fn add(&mut self, kind: Kind, name: &str, value: Option<Value>, detail: String) {
        let name = name.strip_prefix('.').unwrap_or(name);
        let path = if name.is_empty() {
            Path::EMPTY
        } else {
            Path::new(name)
        };
        self.errors.push(Error::new(kind, &path, value, detail));
    }

    pub(super) fn invalid(&mut self, name: &str, value: Value, rest: &str) {
        self.add(Kind::Invalid, name, Some(value), told(name, rest));
    }

    fn type_invalid(&mut self, name: &str, wanted: &str, found: &str) {
        let detail = told(
            name,
            &format!("must be of type {wanted}: {}", text::quote(found)),
        );
        self.add(Kind::TypeInvalid, name, Some(found.into()), detail);
    }

    /// An error that is about several schemas and stands at no path.
    fn composite(&mut self, name: &str, rest: &str) {
        let detail = format!("{} {rest}", text::quote(name));
        self.add(Kind::Invalid, "", Some("".into()), detail);
    }
}

fn told(name: &str, rest: &str) -> String {
    format!("{name} in body {rest}")
}

pub(super) fn run(node: &Node, value: &Value, old: Option<&Value>) -> Vec<Error> {
    let mut seen = HashSet::new();
    let mut errors = schema(node, "", value, old).errors;
    errors.retain(|error| seen.insert(error.to_string()));
    errors
}

/// A value held against a schema, and against the old value that it stands for, if any.
fn schema(node: &Node, name: &str, value: &Value, old: Option<&Value>) -> Outcome {
    let found = whole(node, name, value, old);
    if found.fails() && old == Some(value) {
        return Outcome {
            errors: Vec::new(),
            matches: found.matches,
        };
    }
    found
}

fn whole(node: &Node, name: &str, value: &Value, old: Option<&Value>) -> Outcome {
    let mut out = Outcome::default();
    if value.is_null() {
        if !node.types.is_empty() && !node.nullable {
            out.type_invalid(name, &node.types.join(","), "null");
        }
        enumeration(node, name, value, &mut out);
        return out;
    }
    if !node.types.is_empty() || node.format.is_some() {
        types(node, name, value, &mut out);
        out.matches += 1;
    }
    out.merge(schemas(node, name, value, old));
    out.matches += 1;
    match value {
        Value::String(text) => {
            string(node, name, text, &mut out);
            out.matches += 1;
            if let Some(wanted) = &node.format
                && format::known(wanted)
            {
                if !format::holds(wanted, text) {
                    out.type_invalid(name, wanted, text);
                }
                out.matches += 1;
            }
        }
        Value::Number(given) => {
            number::check(node, name, given, &mut out);
            out.matches += 2;
        }
        Value::Array(items) => {
            list(node, name, items, old, &mut out);
            out.matches += 2;
        }
        _ => {}
    }
    enumeration(node, name, value, &mut out);
    out.matches += 1;
    if let Value::Object(map) = value {
        object(node, name, map, old, &mut out);
        out.matches += 1;
    }
    out.matches += 1;
    out
}

fn types(node: &Node, name: &str, value: &Value, out: &mut Outcome) {
    let (found, own) = match value {
        Value::Null => return,
        Value::Bool(_) => ("boolean", ""),
        Value::Number(number) if number.is_f64() => ("number", "float64"),
        Value::Number(_) => ("integer", "int64"),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    };
    let whole = found == "number"
        && node.is_of("integer")
        && value.as_f64().is_some_and(|it| it.fract() == 0.0);
    let widened = found == "integer" && node.is_of("number");
    let fits = node.is_of(found) || whole || widened;
    let sequence = matches!(value, Value::String(_) | Value::Array(_));
    if let Some(format) = &node.format {
        if !sequence && !fits && **format != *own {
            return out.type_invalid(name, format, own);
        }
        if sequence && !node.is_of("number") && !node.is_of("integer") {
            out.matches += 1;
            return;
        }
    }
    if fits {
        out.matches += 1;
    } else {
        out.type_invalid(name, &node.types.join(","), found);
    }
}

fn schemas(node: &Node, name: &str, value: &Value, old: Option<&Value>) -> Outcome {
    let mut out = Outcome::default();
    // The alternatives see the same old value, but are not forgiven for it as a whole.
    let check = |of: &Node| whole(of, name, value, old);
    if !node.any_of.is_empty() {
        let mut best: Option<Outcome> = None;
        let mut fitting = None;
        for of in &node.any_of {
            let found = check(of);
            if !found.fails() {
                fitting = Some(found);
                break;
            }
            if best.as_ref().is_none_or(|it| found.matches > it.matches) {
                best = Some(found);
            }
        }
        if fitting.is_none() {
            out.composite(name, "must validate at least one schema (anyOf)");
        }
        if let Some(found) = fitting.or(best) {
            out.merge(found);
        }
    }
    if !node.one_of.is_empty() {
        let mut best: Option<Outcome> = None;
        let mut fitting = None;
        let mut valid = 0;
        for of in &node.one_of {
            let found = check(of);
            if found.fails() {
                if valid == 0 && best.as_ref().is_none_or(|it| found.matches > it.matches) {
                    best = Some(found);
                }
            } else {
                valid += 1;
                fitting.get_or_insert(found);
            }
        }
        if valid != 1 {
            let many = match valid {
                0 => "Found none valid".into(),
                valid => format!("Found {valid} valid alternatives"),
            };
            out.composite(
                name,
                &format!("must validate one and only one schema (oneOf). {many}"),
            );
        }
        if let Some(found) = fitting.or(best) {
            out.merge(found);
        }
    }
    if !node.all_of.is_empty() {
        let mut valid = 0;
        for of in &node.all_of {
            let found = check(of);
            valid += usize::from(!found.fails());
            out.merge(found);
        }
        if valid != node.all_of.len() {
            let none = if valid == 0 { ". None validated" } else { "" };
            out.composite(
                name,
                &format!("must validate all the schemas (allOf){none}"),
            );
        }
    }
    if let Some(of) = &node.not
        && !check(of).fails()
    {
        out.composite(name, "must not validate the schema (not)");
    }
    out.matches += 1;
    out
}

/// The first rule that a text breaks is told.
fn string(node: &Node, name: &str, value: &str, out: &mut Outcome) {
    let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
    if let Some(most) = node.max_length.filter(|most| length > *most) {
        let unit = if most == 1 { "byte" } else { "bytes" };
        let detail = format!("may not be more than {most} {unit}");
        return out.add(Kind::TooLong, name, None, detail);
    }
    if let Some(least) = node.min_length.filter(|least| length < *least) {
        let rest = format!("should be at least {least} chars long");
        return out.invalid(name, value.into(), &rest);
    }
    let Some(pattern) = &node.pattern else {
        return;
    };
    let rest = match &pattern.regex {
        Ok(regex) if regex.is_match(value) => return,
        Ok(_) => format!("should match '{}'", pattern.text),
        Err(error) => format!(
            "should match '{}, but pattern is invalid: {error}'",
            pattern.text
        ),
    };
    out.invalid(name, value.into(), &rest);
}

fn too_many(out: &mut Outcome, name: &str, actual: i64, most: i64) {
    let unit = if most == 1 { "item" } else { "items" };
    let detail = format!("must have at most {most} {unit}");
    out.add(Kind::TooMany, name, Some(actual.into()), detail);
}

fn list(node: &Node, name: &str, items: &[Value], old: Option<&Value>, out: &mut Outcome) {
    if let Some(of) = &node.items {
        let before = correlate::items(node, items, old);
        for (at, (value, old)) in items.iter().zip(before).enumerate() {
            out.merge(schema(of, &format!("{name}[{at}]"), value, old));
        }
    }
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(least) = node.min_items.filter(|least| size < *least) {
        let rest = format!("should have at least {least} items");
        out.invalid(name, size.into(), &rest);
    }
    if let Some(most) = node.max_items.filter(|most| size > *most) {
        too_many(out, name, size, most);
    }
    if node.unique {
        let mut seen = HashSet::new();
        if !items.iter().all(|item| seen.insert(item.to_string())) {
            out.invalid(name, "".into(), "shouldn't contain duplicates");
        }
    }
}

fn enumeration(node: &Node, name: &str, value: &Value, out: &mut Outcome) {
    let allowed = &node.one_of_values;
    let equal = |it: &Value| match (it, value) {
        (Value::Null, _) => false,
        (Value::Number(one), Value::Number(other)) => {
            // Go makes the value one of the other's type first.
            one == other || number::as_other(other, one)
        }
        (one, other) => one == other,
    };
    if allowed.is_empty() || allowed.iter().any(equal) {
        return;
    }
    let words: Vec<_> = allowed
        .iter()
        .map(|it| match it {
            Value::String(text) => text.clone(),
            other => text::json(other),
        })
        .collect();
    let list = text::quoted_list(words.iter().map(String::as_str));
    let detail = format!("supported values: {list}");
    out.add(Kind::NotSupported, name, Some(value.clone()), detail);
}

fn object(
    node: &Node,
    name: &str,
    map: &Map<String, Value>,
    old: Option<&Value>,
    out: &mut Outcome,
) {
    let size = i64::try_from(map.len()).unwrap_or(i64::MAX);
    if let Some(least) = node.min_properties.filter(|least| size < *least) {
        let rest = format!("should have at least {least} properties");
        out.invalid(name, size.into(), &rest);
    }
    if let Some(most) = node.max_properties.filter(|most| size > *most) {
        too_many(out, name, size, most);
    }
    for (key, value) in map {
        if node.properties.contains_key(key.as_str()) {
            continue;
        }
        if node.closed {
            let detail = format!("{name}.{key} in body is a forbidden property");
            out.add(Kind::Invalid, name, Some(key.as_str().into()), detail);
        } else if let Some(of) = &node.additional {
            let before = correlate::field(node, old, key);
            out.merge(schema(of, &format!("{name}.{key}"), value, before));
        }
    }
    for (key, of) in &node.properties {
        let Some(value) = map.get(&**key) else {
            continue;
        };
        let below = if name.is_empty() {
            key.to_string()
        } else {
            format!("{name}.{key}")
        };
        let before = if name.is_empty() && matches!(&**key, "apiVersion" | "kind") {
            None
        } else {
            correlate::field(node, old, key)
        };
        out.merge(schema(of, &below, value, before));
    }
    for key in &node.required {
        if !map.contains_key(&**key) {
            out.add(
                Kind::Required,
                &format!("{name}.{key}"),
                None,
                String::new(),
            );
        }
    }
}
