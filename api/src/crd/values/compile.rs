//! A schema made ready: its patterns are compiled, and what it asks for lies in fields.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::{format, pattern};
use crate::schema::ListKind;
use crate::wire::MOST_NESTING;

/// What a value has to fulfil.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) types: Vec<Box<str>>,
    pub(super) nullable: bool,
    /// Only one that is checked for values of the types.
    pub(super) format: Option<Box<str>>,
    pub(super) all_of: Vec<Node>,
    pub(super) any_of: Vec<Node>,
    pub(super) one_of: Vec<Node>,
    pub(super) not: Option<Box<Node>>,
    pub(super) min_length: Option<i64>,
    pub(super) max_length: Option<i64>,
    pub(super) pattern: Option<Pattern>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
    pub(super) multiple_of: Option<f64>,
    pub(super) min_items: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) unique: bool,
    pub(super) items: Option<Box<Node>>,
    pub(super) list: Option<ListKind>,
    pub(super) one_of_values: Vec<Value>,
    pub(super) min_properties: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) required: Vec<Box<str>>,
    pub(super) properties: BTreeMap<Box<str>, Node>,
    pub(super) additional: Option<Box<Node>>,
    /// Other properties than those named may not be there.
    pub(super) closed: bool,
    /// A map that changes as a whole.
    pub(super) atomic: bool,
}

/// A pattern and what it was made from.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) text: Box<str>,
    pub(super) regex: Result<Regex, String>,
}

impl Node {
    /// Of a schema; nothing if it nests too deeply.
    pub(super) fn new(schema: &Value, depth: usize) -> Option<Self> {
        if depth >= MOST_NESTING {
            return None;
        }
        let below = |key: &str| Self::new(&schema[key], depth + 1);
        let all = |key: &str| {
            let all = schema[key].as_array().map_or(&[][..], Vec::as_slice);
            let nodes = all.iter().map(|it| Self::new(it, depth + 1));
            nodes.collect::<Option<Vec<_>>>()
        };
        let some = |key: &str| -> Option<Option<Box<Self>>> {
            if !schema[key].is_object() {
                return Some(None);
            }
            Some(Some(Box::new(below(key)?)))
        };
        let types: Vec<Box<str>> = if schema["x-kubernetes-int-or-string"] == true {
            vec!["integer".into(), "string".into()]
        } else {
            let one = schema["type"].as_str().filter(|it| !it.is_empty());
            one.into_iter().map(Into::into).collect()
        };
        let mut properties = BTreeMap::new();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            properties.insert(key.as_str().into(), Self::new(property, depth + 1)?);
        }
        let kept = schema["format"].as_str().filter(|it| !it.is_empty());
        let kept = kept.filter(|it| format::applies(&types, it));
        let values = |key: &str| schema[key].as_array().cloned().unwrap_or_default();
        let required = values("required");
        let required = required.iter().filter_map(Value::as_str).map(Into::into);
        Some(Self {
            nullable: schema["nullable"] == true,
            format: kept.map(Into::into),
            all_of: all("allOf")?,
            any_of: all("anyOf")?,
            one_of: all("oneOf")?,
            not: some("not")?,
            min_length: schema["minLength"].as_i64(),
            max_length: schema["maxLength"].as_i64(),
            pattern: schema["pattern"]
                .as_str()
                .filter(|it| !it.is_empty())
                .map(|text| Pattern {
                    text: text.into(),
                    regex: pattern::compile(text),
                }),
            minimum: schema["minimum"].as_f64(),
            maximum: schema["maximum"].as_f64(),
            exclusive_minimum: schema["exclusiveMinimum"] == true,
            exclusive_maximum: schema["exclusiveMaximum"] == true,
            multiple_of: schema["multipleOf"].as_f64(),
            min_items: schema["minItems"].as_i64(),
            max_items: schema["maxItems"].as_i64(),
            unique: schema["uniqueItems"] == true,
            items: some("items")?,
            list: list(schema),
            one_of_values: values("enum"),
            min_properties: schema["minProperties"].as_i64(),
            max_properties: schema["maxProperties"].as_i64(),
            required: required.collect(),
            properties,
            additional: some("additionalProperties")?,
            closed: schema["additionalProperties"] == false,
            atomic: schema["x-kubernetes-map-type"] == "atomic",
            types,
        })
    }

    pub(super) fn is_of(&self, name: &str) -> bool {
        self.types.iter().any(|it| &**it == name)
    }
}

fn list(schema: &Value) -> Option<ListKind> {
    match schema["x-kubernetes-list-type"].as_str()? {
        "map" => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array()?;
            let keys = keys.iter().filter_map(Value::as_str);
            Some(ListKind::Map(keys.map(Into::into).collect()))
        }
        "set" => Some(ListKind::Set),
        _ => Some(ListKind::Atomic),
    }
}
