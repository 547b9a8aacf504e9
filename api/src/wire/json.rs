//! JSON.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{DEPTH_MAX, DecodeError, Read, canonical};
use crate::schema::{Schema, TypeId};

/// Reads an object.
///
/// # Errors
/// It is no JSON, or a value is not of its field's shape.
pub fn read(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Read, DecodeError> {
    let (value, mut problems) = tree(bytes)?;
    let value = canonical::object(schema, id, value, &mut problems)?;
    Ok(Read { value, problems })
}

/// Any JSON, with the fields that occur twice in it; the last of them counts.
///
/// # Errors
/// It is no JSON, or nested too deep.
pub fn tree(bytes: &[u8]) -> Result<(Value, Vec<String>), DecodeError> {
    let mut problems = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seed = Seed {
        problems: &mut problems,
        path: &mut String::new(),
        depth: 0,
    };
    let value = seed.deserialize(&mut reader).map_err(|error| failure(bytes, &error))?;
    reader.end().map_err(|error| failure(bytes, &error))?;
    Ok((value, problems))
}

/// Go's words for what is wrong with JSON.
fn failure(bytes: &[u8], error: &serde_json::Error) -> DecodeError {
    if error.is_eof() {
        return DecodeError::new("unexpected end of JSON input");
    }
    if error.is_data() {
        return DecodeError::new(error.to_string());
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
    let at = before + error.column().saturating_sub(1);
    match bytes.get(at) {
        Some(byte) => DecodeError::new(format!(
            "invalid character {:?} looking for beginning of value",
            char::from(*byte)
        )),
        None => DecodeError::new("unexpected end of JSON input"),
    }
}

struct Seed<'a> {
    problems: &'a mut Vec<String>,
    path: &'a mut String,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom("json: exceeded max depth"));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut made = Vec::new();
        let before = self.path.len();
        loop {
            self.path.push_str(&format!("[{}]", made.len()));
            let seed = Seed {
                problems: self.problems,
                path: self.path,
                depth: self.depth + 1,
            };
            let item = items.next_element_seed(seed)?;
            self.path.truncate(before);
            match item {
                Some(item) => made.push(item),
                None => return Ok(Value::Array(made)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut made = Map::new();
        let mut twice = HashSet::new();
        let before = self.path.len();
        while let Some(key) = entries.next_key::<String>()? {
            if before > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if made.contains_key(&key) && twice.insert(key.clone()) {
                self.problems.push(format!("duplicate field \"{}\"", self.path));
            }
            let seed = Seed {
                problems: self.problems,
                path: self.path,
                depth: self.depth + 1,
            };
            let value = entries.next_value_seed(seed)?;
            self.path.truncate(before);
            made.insert(key, value);
        }
        Ok(Value::Object(made))
    }
}
