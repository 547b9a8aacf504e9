//! Canonical tree to protobuf, from the last field to the first.

use serde_json::{Map, Value};

use super::buffer::Buffer;
use super::input::Wire;
use crate::schema::{Field, Schema, Shape, TypeId};
use crate::wire::{EncodeError, MOST_NESTING};

pub(super) struct Writer<'s, 'b> {
    pub(super) schema: &'s Schema,
    pub(super) out: &'b mut Buffer,
    depth: usize,
}

pub(super) fn root(
    schema: &Schema,
    id: TypeId,
    value: &Value,
    out: &mut Buffer,
) -> Result<(), EncodeError> {
    let mut writer = Writer {
        schema,
        out,
        depth: 0,
    };
    match value {
        Value::Object(map) => writer.object(id, Some(map)),
        other => Err(mismatch("object", other, "object")),
    }
}

pub(super) fn mismatch(field: &str, found: &Value, wanted: &'static str) -> EncodeError {
    EncodeError::Mismatch {
        field: field.into(),
        found: match found {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        },
        wanted,
    }
}

impl Writer<'_, '_> {
    /// The fields of an object; those that are no pointers even if it is not there.
    pub(super) fn object(
        &mut self,
        id: TypeId,
        map: Option<&Map<String, Value>>,
    ) -> Result<(), EncodeError> {
        if self.depth >= MOST_NESTING {
            return Err(EncodeError::Depth);
        }
        self.depth += 1;
        let schema = self.schema;
        self.message(&schema.get(id).fields, 0, map)?;
        self.depth -= 1;
        Ok(())
    }

    /// The fields of a message that lies so many messages deep within its type.
    fn message(
        &mut self,
        fields: &[Field],
        level: usize,
        map: Option<&Map<String, Value>>,
    ) -> Result<(), EncodeError> {
        let own = fields.partition_point(|field| field.within.len() == level);
        let (mut own, mut rest) = fields.split_at(own);
        while let Some(last) = own.last().or(rest.last()) {
            let inlined = rest.last().map(|field| field.within[level]);
            match inlined {
                Some(number) if own.last().is_none_or(|field| field.number < number) => {
                    let start = rest.partition_point(|field| field.within[level] < number);
                    let (before, group) = rest.split_at(start);
                    let end = self.out.len();
                    self.message(group, level + 1, map)?;
                    self.out.close(number, end);
                    rest = before;
                }
                _ => {
                    self.field(last, map.and_then(|map| map.get(&*last.json)))?;
                    own = &own[..own.len() - 1];
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, value: Option<&Value>) -> Result<(), EncodeError> {
        let number = field.number;
        if number == 0 {
            return Ok(());
        }
        let value = value.filter(|value| !value.is_null());
        match (&field.slot.shape, value) {
            (Shape::List(list), Some(Value::Array(items))) => {
                for item in items.iter().rev() {
                    self.element(&field.json, number, &list.item.shape, Some(item))?;
                }
                Ok(())
            }
            (Shape::Map(of), Some(Value::Object(map))) => {
                for (key, value) in map.iter().rev() {
                    let end = self.out.len();
                    self.element(&field.json, 2, &of.value.shape, Some(value))?;
                    self.out.bytes(1, key.as_bytes());
                    self.out.close(number, end);
                }
                Ok(())
            }
            (Shape::List(_) | Shape::Map(_), None) => Ok(()),
            (_, None) if field.pointer => Ok(()),
            (shape, value) => self.element(&field.json, number, shape, value),
        }
    }

    /// One value; what Go has in its place if there is none.
    pub(super) fn element(
        &mut self,
        field: &str,
        number: u32,
        shape: &Shape,
        value: Option<&Value>,
    ) -> Result<(), EncodeError> {
        let value = value.unwrap_or(&Value::Null);
        let wrong = |wanted| Err(mismatch(field, value, wanted));
        match (shape, value) {
            (Shape::Bool, Value::Null) => self.out.integer(number, 0),
            (Shape::Bool, Value::Bool(value)) => self.out.integer(number, i64::from(*value)),
            (Shape::Bool, _) => return wrong("bool"),
            (Shape::Int32 | Shape::Int64, value) => {
                let value = match value {
                    Value::Null => Some(0),
                    value => value.as_i64(),
                };
                match value {
                    Some(value) => self.out.integer(number, value),
                    None => return wrong("integer"),
                }
            }
            (Shape::Double, value) => {
                let value = match value {
                    Value::Null => Some(0.0),
                    value => value.as_f64(),
                };
                let Some(value) = value else {
                    return wrong("number");
                };
                self.out.put(&value.to_bits().to_le_bytes());
                self.out.tag(number, Wire::Fixed64);
            }
            (Shape::String, Value::Null) => self.out.bytes(number, b""),
            (Shape::String, Value::String(text)) => self.out.bytes(number, text.as_bytes()),
            (Shape::String, _) => return wrong("string"),
            (Shape::Bytes, value) => return self.base64(field, number, value),
            (shape, value) => {
                // All else is a message.
                let end = self.out.len();
                match (shape, value) {
                    (Shape::Object(id), Value::Object(map)) => self.object(*id, Some(map))?,
                    (Shape::Object(id), Value::Null) => self.object(*id, None)?,
                    (Shape::Object(_), _) => return wrong("object"),
                    (shape, value) => self.special(field, shape, value)?,
                }
                self.out.close(number, end);
            }
        }
        Ok(())
    }
}
