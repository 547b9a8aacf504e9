//! The JSON form of sets of fields (`FieldsV1`).
//!
//! ```text
//! {"f:spec": {"f:replicas": {},                                    spec.replicas
//!             "f:containers": {"k:{\"name\":\"x\"}": {".": {},     the item x itself …
//!                                                     "f:image": {}}}}}  … and its image
//! ```

use serde_json::{Map, Value};

use super::FieldSet;
use crate::apply::STORED_DEPTH;
use crate::apply::element::{ElementError, PathElement, quote_json};
use crate::patch::is_deep;

/// What is no set of fields.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldsError(String);

impl FieldSet {
    /// The set that JSON describes. Steps of a kind that is not known are left out.
    ///
    /// # Errors
    /// If it is no JSON, or if a key of it is no step.
    pub fn from_json(json: &str) -> Result<Self, FieldsError> {
        let value: Value =
            serde_json::from_str(json).map_err(|error| FieldsError(error.to_string()))?;
        Self::from_value(&value)
    }

    /// The set that a tree describes.
    ///
    /// # Errors
    /// If a key of it is no step, or if it is no tree of objects.
    pub fn from_value(value: &Value) -> Result<Self, FieldsError> {
        if is_deep(value, STORED_DEPTH) {
            return Err(FieldsError(format!(
                "nested deeper than {STORED_DEPTH} levels"
            )));
        }
        let (set, _) = read(value)?;
        Ok(set)
    }

    /// The set as a tree, whose keys are in order of their text.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        for member in &self.members {
            map.insert(member.key(), Value::Object(Map::new()));
        }
        for (element, set) in &self.children {
            let mut below = set.to_value();
            if let Value::Object(below) = &mut below
                && self.members.contains(element)
            {
                below.insert(".".into(), Value::Object(Map::new()));
            }
            map.insert(element.key(), below);
        }
        Value::Object(map)
    }

    /// The set as JSON, byte for byte as upstream writes it: the keys are in order of what they stand for.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, false);
        out
    }

    fn write(&self, out: &mut String, member: bool) {
        out.push('{');
        let mut first = true;
        let mut separate = |out: &mut String| {
            if !std::mem::replace(&mut first, false) {
                out.push(',');
            }
        };
        if member {
            separate(out);
            out.push_str("\".\":{}");
        }
        let mut children = self.children.iter().peekable();
        let mut members = self.members.iter().peekable();
        loop {
            let element = match (members.peek(), children.peek()) {
                (Some(member), Some((child, _))) => (*member).min(*child),
                (Some(member), None) => *member,
                (None, Some((child, _))) => *child,
                (None, None) => break,
            };
            separate(out);
            quote_json(out, &element.key(), false);
            out.push(':');
            let is_member = members.next_if(|next| *next == element).is_some();
            match children.next_if(|(next, _)| *next == element) {
                Some((_, set)) => set.write(out, is_member),
                None => out.push_str("{}"),
            }
        }
        out.push('}');
    }
}

/// What lies behind a step, and whether the step itself is in the set.
fn read(value: &Value) -> Result<(FieldSet, bool), FieldsError> {
    let mut set = FieldSet::new();
    let mut member = false;
    let map = match value {
        Value::Object(map) => map,
        Value::Null => return Ok((set, true)),
        _ => return Err(FieldsError("ReadMapCB: expect { or n".into())),
    };
    for (key, value) in map {
        if key == "." {
            member = true;
            continue;
        }
        let element = match PathElement::parse(key) {
            Ok(element) => element,
            Err(ElementError::Unknown) => continue,
            Err(error) => return Err(FieldsError(format!("parsing key as path element: {error}"))),
        };
        let (below, is_member) = read(value)?;
        if is_member {
            set.add(element.clone());
        }
        set.put_below(element, below);
    }
    if set.is_empty() {
        member = true;
    }
    Ok((set, member))
}
