//! One step of a path through an object.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use serde_json::{Number, Value};

use super::value;
use crate::go::{self, Num};

/// One step of a path through an object.
#[derive(Clone, Debug)]
pub enum PathElement {
    /// The field of this name: `f:name`, shown as `.name`.
    Field(Box<str>),
    /// The item of a list with these values of its key fields, which are in order: `k:{"name":"x"}`,
    /// shown as `[name="x"]`.
    Key(Vec<(Box<str>, Value)>),
    /// The item of a list that is this value: `v:"x"`, shown as `[="x"]`.
    Value(Value),
    /// The item at this place: `i:0`, shown as `[0]`.
    Index(i64),
}

/// A path through an object.
pub type Path = Vec<PathElement>;

/// A key that is no path element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ElementError {
    /// One of a kind that may come to be; it is to be ignored.
    #[error("unknown path element type")]
    Unknown,
    /// One that cannot be read.
    #[error("{0}")]
    Malformed(String),
}

impl PathElement {
    /// The field of this name.
    #[must_use]
    pub fn field(name: &str) -> Self {
        Self::Field(name.into())
    }

    /// The step a key of managed fields stands for.
    pub(super) fn parse(key: &str) -> Result<Self, ElementError> {
        let malformed = |reason: String| ElementError::Malformed(reason);
        let (kind, rest) = match key.as_bytes() {
            [kind, b':', ..] => (*kind, &key[2..]),
            [_, _, ..] => return Err(malformed(format!("missing colon: {key}"))),
            _ => return Err(malformed("key must be 2 characters long:".into())),
        };
        match kind {
            b'f' => Ok(Self::Field(rest.into())),
            b'v' => {
                let value: Value =
                    serde_json::from_str(rest).map_err(|error| malformed(error.to_string()))?;
                Ok(Self::Value(floating(value)))
            }
            b'k' => match serde_json::from_str(rest) {
                Ok(Value::Object(fields)) => {
                    // The map is in order already.
                    let fields = fields
                        .into_iter()
                        .map(|(name, value)| (name.into(), floating(value)));
                    Ok(Self::Key(fields.collect()))
                }
                Ok(Value::Null) => Ok(Self::Key(Vec::new())),
                Ok(_) => Err(malformed("expect { or n".into())),
                Err(error) => Err(malformed(error.to_string())),
            },
            b'i' => rest.parse().map(Self::Index).map_err(|_| {
                malformed(format!(
                    "strconv.Atoi: parsing {}: invalid syntax",
                    go::quote(rest)
                ))
            }),
            _ => Err(ElementError::Unknown),
        }
    }

    /// The key of managed fields that stands for this step.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let mut out = String::from("k:{");
                for (at, (name, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    quote_json(&mut out, name, false);
                    out.push(':');
                    write_json(&mut out, value);
                }
                out.push('}');
                out
            }
            Self::Value(value) => {
                let mut out = String::from("v:");
                write_json(&mut out, value);
                out
            }
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

/// Numbers of managed fields are floating-point ones upstream.
fn floating(value: Value) -> Value {
    match &value {
        Value::Number(number) => {
            let float = number.as_f64().and_then(Number::from_f64);
            float.map_or(value, Value::Number)
        }
        _ => value,
    }
}

fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => quote_json(out, text, true),
        other => out.push_str(&go::json(other)),
    }
}

/// Text in JSON as the library writes it that upstream uses for managed fields.
pub(super) fn quote_json(out: &mut String, text: &str, html: bool) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if html => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}={}", shown(value)))
                    .collect();
                write!(f, "[{}]", fields.join(","))
            }
            Self::Value(value) => write!(f, "[={}]", shown(value)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A value as paths show it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => match go::num(number) {
            Num::Int(int) => int.to_string(),
            Num::Float(float) => go::float_plain(float),
        },
        Value::String(text) => go::quote(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| format!("{key}={}", shown(value)));
            pairs.collect()
        }
    }
}

/// A path as conflicts show it: `.spec.containers[name="x"].image`.
#[must_use]
pub fn show(path: &[PathElement]) -> String {
    path.iter().map(ToString::to_string).collect()
}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(left), Self::Field(right)) => left.cmp(right),
            (Self::Key(left), Self::Key(right)) => {
                for ((left, l), (right, r)) in left.iter().zip(right) {
                    let order = left.cmp(right).then_with(|| value::compare(l, r));
                    if order.is_ne() {
                        return order;
                    }
                }
                left.len().cmp(&right.len())
            }
            (Self::Value(left), Self::Value(right)) => value::compare(left, right),
            (Self::Index(left), Self::Index(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PathElement {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for PathElement {}
