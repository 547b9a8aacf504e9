//! Nodes to the JSON value they stand for.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::compose::{Document, Kind, Node};
use super::fault::{endless, fault};
use super::float;
use super::resolve::{self, Scalar};
use crate::wire::json::quote::quote;
use crate::wire::{DecodeError, MOST_NESTING, canon};

/// The value of a document, and messages about keys that are there twice.
pub(super) fn convert(document: &Document<'_>) -> Result<(Value, Vec<String>), DecodeError> {
    let mut converter = Converter {
        text: document.text,
        nodes: &document.nodes,
        twice: Vec::new(),
        aliases: HashSet::new(),
        depth: 0,
        made: 0,
        made_by_alias: 0,
        key: None,
        number: None,
    };
    let value = match document.root {
        Some(root) => converter.value(root)?,
        None => Value::Null,
    };
    match converter.key.or(converter.number) {
        Some(text) => Err(DecodeError::Yaml(text)),
        None => Ok((value, converter.twice)),
    }
}

struct Converter<'d> {
    text: &'d str,
    nodes: &'d [Node<'d>],
    twice: Vec<String>,
    /// Aliases that are being followed.
    aliases: HashSet<usize>,
    depth: usize,
    made: u64,
    made_by_alias: u64,
    /// What JSON has no form for is told when all is read: a key first, then a number.
    key: Option<String>,
    number: Option<String>,
}

/// A map that is being made.
#[derive(Default)]
struct Made {
    map: Map<String, Value>,
    /// Its keys as go-yaml tells them apart.
    keys: HashSet<String>,
}

impl<'d> Converter<'d> {
    fn value(&mut self, at: usize) -> Result<Value, DecodeError> {
        self.count()?;
        match &self.nodes[at].kind {
            Kind::Scalar { text, tag, plain } => {
                let scalar = resolve::tagged(text, tag.as_deref(), *plain)?;
                Ok(self.scalar(scalar))
            }
            Kind::List(items) => self.nested(|converter| {
                let items = items.iter().map(|item| converter.value(*item));
                items.collect::<Result<_, _>>().map(Value::Array)
            }),
            Kind::Map(_) => {
                let mut made = Made::default();
                self.entries(at, &mut made)?;
                Ok(Value::Object(made.map))
            }
            Kind::Alias { of, .. } => self.follow(at, |converter| converter.value(*of)),
        }
    }

    fn scalar(&mut self, of: Scalar<'_>) -> Value {
        match of {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Int(value) => value.into(),
            Scalar::Unsigned(value) => value.into(),
            Scalar::Text(text) => Value::String(text.into_owned()),
            Scalar::Float(value) if value.is_finite() => canon::double(value),
            Scalar::Float(value) => {
                let shown = if value.is_nan() {
                    "NaN"
                } else if value > 0.0 {
                    "+Inf"
                } else {
                    "-Inf"
                };
                let text = format!("json: unsupported value: {shown}");
                self.number.get_or_insert(text);
                Value::Null
            }
        }
    }

    /// Counts what is made, and stops where nearly all of it comes from aliases: go-yaml's rule.
    fn count(&mut self) -> Result<(), DecodeError> {
        const FEW: f64 = 400_000.0;
        const MANY: f64 = 4_000_000.0;
        self.made += 1;
        if !self.aliases.is_empty() {
            self.made_by_alias += 1;
        }
        if self.made_by_alias <= 100 || self.made <= 1000 {
            return Ok(());
        }
        #[allow(clippy::cast_precision_loss, reason = "a ratio of counts")]
        let (made, by_alias) = (self.made as f64, self.made_by_alias as f64);
        let allowed = 0.99 - 0.89 * ((made - FEW) / (MANY - FEW)).clamp(0.0, 1.0);
        if by_alias / made > allowed {
            return Err(fault("document contains excessive aliasing"));
        }
        Ok(())
    }

    fn nested<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.depth >= MOST_NESTING {
            return Err(fault("exceeded max depth"));
        }
        self.depth += 1;
        let made = run(self);
        self.depth -= 1;
        made
    }

    fn follow<T>(
        &mut self,
        at: usize,
        run: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if !self.aliases.insert(at) {
            let place = match self.nodes[at].kind {
                Kind::Alias { at, .. } => at,
                _ => 0,
            };
            return Err(endless(self.text, place));
        }
        let made = self.nested(run);
        self.aliases.remove(&at);
        made
    }

    fn entries(&mut self, at: usize, made: &mut Made) -> Result<(), DecodeError> {
        let Kind::Map(held) = &self.nodes[at].kind else {
            return Ok(());
        };
        self.nested(|converter| {
            for pair in held.chunks_exact(2) {
                converter.entry(pair[0], pair[1], made)?;
            }
            Ok(())
        })
    }

    fn entry(&mut self, key: usize, value: usize, made: &mut Made) -> Result<(), DecodeError> {
        if self.is_merge(key) {
            return self.merge(value, made);
        }
        let (shown, text) = self.key(key)?;
        let line = self.nodes[value].line;
        let value = self.value(value)?;
        let text = match text {
            Ok(text) => text,
            Err(key) => {
                let value = match &value {
                    Value::Null => "<nil>".into(),
                    value => go_syntax(value),
                };
                let text = format!("unsupported map key of type: {key}, value: {value}");
                self.key.get_or_insert(text);
                return Ok(());
            }
        };
        if !made.keys.insert(shown.clone()) {
            self.twice
                .push(format!("line {line}: key {shown} already set in map"));
        }
        made.map.insert(text, value);
        Ok(())
    }

    /// A key as Go shows it, and as JSON has it, or what upstream says of one that JSON cannot have.
    fn key(&mut self, at: usize) -> Result<(String, Result<String, String>), DecodeError> {
        self.count()?;
        let (text, tag, plain) = match &self.nodes[at].kind {
            Kind::Scalar { text, tag, plain } => (text, tag, *plain),
            Kind::Alias { of, .. } => {
                return self.follow(at, |converter| converter.key(*of));
            }
            Kind::List(_) | Kind::Map(_) => {
                let value = self.value(at)?;
                return Err(fault(format!("invalid map key: {}", go_syntax(&value))));
            }
        };
        Ok(match resolve::tagged(text, tag.as_deref(), plain)? {
            Scalar::Null => ("<nil>".into(), Err("%!s(<nil>), key: <nil>".into())),
            Scalar::Bool(value) => (value.to_string(), Ok(value.to_string())),
            Scalar::Int(value) => (value.to_string(), Ok(value.to_string())),
            // Upstream has no case for these.
            Scalar::Unsigned(value) => {
                let shown = format!("{value:#x}");
                let text = format!("uint64, key: {shown}");
                (shown, Err(text))
            }
            Scalar::Float(value) => (float::general(value), Ok(float_key(value))),
            Scalar::Text(text) => (quote(&text), Ok(text.into_owned())),
        })
    }

    fn is_merge(&self, at: usize) -> bool {
        match &self.nodes[at].kind {
            Kind::Scalar { text, tag, plain } => {
                let merge = tag.as_deref() == Some("tag:yaml.org,2002:merge");
                text == "<<" && (*plain || merge)
            }
            _ => false,
        }
    }

    /// The entries of another map, or of several; those of the first count most.
    fn merge(&mut self, at: usize, made: &mut Made) -> Result<(), DecodeError> {
        match &self.nodes[at].kind {
            Kind::List(items) => {
                for item in items.iter().rev() {
                    self.merge_one(*item, made)?;
                }
                Ok(())
            }
            _ => self.merge_one(at, made),
        }
    }

    fn merge_one(&mut self, at: usize, made: &mut Made) -> Result<(), DecodeError> {
        self.count()?;
        let nodes: &'d [Node<'d>] = self.nodes;
        match &nodes[at].kind {
            Kind::Map(_) => self.entries(at, made),
            Kind::Alias { of, .. } if matches!(nodes[*of].kind, Kind::Map(_)) => {
                self.follow(at, |converter| {
                    converter.count()?;
                    converter.entries(*of, made)
                })
            }
            _ => Err(fault(
                "map merge requires map or sequence of maps as the value",
            )),
        }
    }
}

fn float_key(value: f64) -> String {
    if value.is_nan() {
        ".nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf" } else { "-.inf" }.into()
    } else {
        float::general_32(value)
    }
}

/// A value as Go's `%#v` shows it.
fn go_syntax(value: &Value) -> String {
    let any = "interface {}";
    match value {
        Value::Null => format!("{any}(nil)"),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quote(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]{any}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter();
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{}:{}", quote(key), go_syntax(value)))
                .collect();
            format!("map[{any}]{any}{{{}}}", entries.join(", "))
        }
    }
}
