//! From canonical trees to bytes.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::{BYTES, EncodeError, FIXED64, VARINT};
use crate::schema::{Schema, Shape, Step, Type, TypeId};
use crate::wire::scalar;

/// Writes an object; `apiVersion` and `kind` lie around it, in the envelope.
///
/// # Errors
/// A value is not of its field's shape: the tree is not canonical.
pub fn write(schema: &Schema, id: TypeId, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let writer = Writer { schema };
    let mut out = Vec::with_capacity(512);
    writer.object(id, value, &mut out)?;
    Ok(out)
}

pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn tag(number: u32, kind: u32, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | u64::from(kind), out);
}

/// A field of bytes.
pub(crate) fn bytes_field(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    tag(number, BYTES, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn varint_field(number: u32, value: u64, out: &mut Vec<u8>) {
    tag(number, VARINT, out);
    varint(value, out);
}

struct Writer<'a> {
    schema: &'a Schema,
}

impl Writer<'_> {
    fn object(&self, id: TypeId, value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let of = self.schema.get(id);
        let empty = Map::new();
        let map = match value {
            Value::Object(map) => map,
            Value::Null => &empty,
            _ => return Err(wrong(&of.name)),
        };
        self.steps(of, of.layout(), map, out)
    }

    fn steps(&self, of: &Type, steps: &[Step], map: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        for step in steps {
            match step {
                Step::Field(at) => {
                    let field = &of.fields[usize::from(*at)];
                    let value = map.get(&*field.json).filter(|value| !value.is_null());
                    match value {
                        None if field.pointer => {}
                        None => self.value(field.number, &field.slot.shape, &Value::Null, out)?,
                        Some(value) => self.value(field.number, &field.slot.shape, value, out)?,
                    }
                }
                Step::Inlined(number, steps) => {
                    self.within(*number, out, |out| self.steps(of, steps, map, out))?;
                }
            }
        }
        Ok(())
    }

    /// A message whose length is known only when it has been written: room for a short length is kept
    /// free, and what is longer is moved.
    fn within(
        &self,
        number: u32,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        tag(number, BYTES, out);
        let at = out.len();
        out.push(0);
        write(out)?;
        let length = out.len() - at - 1;
        if length < 0x80 {
            out[at] = length as u8;
            return Ok(());
        }
        let mut prefix = Vec::with_capacity(5);
        varint(length as u64, &mut prefix);
        out.splice(at..=at, prefix);
        Ok(())
    }

    fn value(&self, number: u32, shape: &Shape, value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (shape, value) {
            (Shape::List(list), Value::Array(items)) => {
                for item in items {
                    self.value(number, &list.item.shape, item, out)?;
                }
            }
            (Shape::Map(of), Value::Object(map)) => {
                for (key, value) in map {
                    self.within(number, out, |out| {
                        bytes_field(1, key.as_bytes(), out);
                        self.value(2, &of.value.shape, value, out)
                    })?;
                }
            }
            (Shape::Bool, Value::Bool(value)) => varint_field(number, u64::from(*value), out),
            (Shape::Bool, Value::Null) => varint_field(number, 0, out),
            (Shape::Int32 | Shape::Int64, Value::Number(value)) => {
                let value = value.as_i64().ok_or_else(|| wrong("a number"))?;
                varint_field(number, value as u64, out);
            }
            (Shape::Int32 | Shape::Int64, Value::Null) => varint_field(number, 0, out),
            (Shape::Double, value) => {
                tag(number, FIXED64, out);
                let value = value.as_f64().unwrap_or_default();
                out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            (Shape::String, Value::String(text)) => bytes_field(number, text.as_bytes(), out),
            (Shape::String, Value::Null) => bytes_field(number, b"", out),
            (Shape::Bytes, Value::String(text)) => {
                let bytes = BASE64_STANDARD.decode(text).map_err(|_| wrong("base64"))?;
                bytes_field(number, &bytes, out);
            }
            (Shape::Bytes, Value::Null) => {}
            (Shape::Object(id), value) => self.within(number, out, |out| self.object(*id, value, out))?,
            (shape, value) => self.within(number, out, |out| self.special(shape, value, out))?,
        }
        Ok(())
    }

    /// What is a message in protobuf and a value of its own kind in JSON.
    fn special(&self, shape: &Shape, value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (shape, value) {
            (Shape::Time | Shape::MicroTime | Shape::Raw | Shape::Fields | Shape::Any, Value::Null) => {}
            (Shape::Time | Shape::MicroTime, Value::String(text)) => {
                let at = scalar::moment(text).map_err(EncodeError)?;
                varint_field(1, at.as_second() as u64, out);
                varint_field(2, at.subsec_nanosecond() as u64, out);
            }
            (Shape::Duration, value) => {
                let nanos = scalar::nanos(value.as_str().unwrap_or("0")).ok_or_else(|| wrong("a duration"))?;
                varint_field(1, nanos as u64, out);
            }
            (Shape::Quantity, value) => bytes_field(1, value.as_str().unwrap_or("0").as_bytes(), out),
            (Shape::IntOrString, Value::String(text)) => {
                varint_field(1, 1, out);
                varint_field(2, 0, out);
                bytes_field(3, text.as_bytes(), out);
            }
            (Shape::IntOrString, value) => {
                varint_field(1, 0, out);
                varint_field(2, value.as_i64().unwrap_or_default() as u64, out);
                bytes_field(3, b"", out);
            }
            (Shape::Raw | Shape::Fields | Shape::Any, value) => {
                let json = serde_json::to_vec(value).map_err(|error| EncodeError(error.to_string()))?;
                bytes_field(1, &json, out);
            }
            (Shape::Strings, Value::Array(items)) => texts(1, items, out)?,
            (Shape::Strings, Value::Null) => {}
            (Shape::SchemaOrList(id), Value::Array(items)) => {
                for item in items {
                    self.within(2, out, |out| self.object(*id, item, out))?;
                }
            }
            (Shape::SchemaOrBool(_), Value::Bool(value)) => varint_field(1, u64::from(*value), out),
            (Shape::SchemaOrBool(id), value) => {
                varint_field(1, 1, out);
                self.within(2, out, |out| self.object(*id, value, out))?;
            }
            (Shape::SchemaOrStrings(_), Value::Array(items)) => texts(2, items, out)?,
            (Shape::SchemaOrList(id) | Shape::SchemaOrStrings(id), value) => {
                self.within(1, out, |out| self.object(*id, value, out))?;
            }
            (_, _) => return Err(wrong("this shape")),
        }
        Ok(())
    }
}

fn texts(number: u32, items: &[Value], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    for item in items {
        let text = item.as_str().ok_or_else(|| wrong("text"))?;
        bytes_field(number, text.as_bytes(), out);
    }
    Ok(())
}

fn wrong(expected: &str) -> EncodeError {
    EncodeError(format!("a value that is not {expected} cannot be encoded"))
}
