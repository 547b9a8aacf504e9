//! Protobuf to canonical tree.

use serde_json::{Map, Value};

use super::input::{Input, Wire, error, wrong_wire};
use crate::schema::{Field, Schema, Shape, TypeId};
use crate::wire::{DecodeError, MOST_NESTING, bytes, canon};

pub(super) struct Reader<'s> {
    pub(super) schema: &'s Schema,
    depth: usize,
}

pub(super) fn root(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut reader = Reader { schema, depth: 0 };
    reader.object(id, bytes, Map::new())
}

/// An integer of 32 bits; more are cut off, as Go does.
pub(super) fn int32(value: i64) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "Go truncates")]
    Value::from(value as i32)
}

impl Reader<'_> {
    /// An object, read over what was there before.
    pub(super) fn object(
        &mut self,
        id: TypeId,
        bytes: &[u8],
        mut map: Map<String, Value>,
    ) -> Result<Value, DecodeError> {
        if self.depth >= MOST_NESTING {
            return Err(error("exceeded max depth".into()));
        }
        self.depth += 1;
        let schema = self.schema;
        let of = schema.get(id);
        self.message(&of.fields, 0, Input(bytes), &mut map)?;
        canon::fill(schema, of, &mut map);
        self.depth -= 1;
        Ok(Value::Object(map))
    }

    /// A message that lies so many messages deep within its type.
    fn message(
        &mut self,
        fields: &[Field],
        level: usize,
        mut input: Input<'_>,
        map: &mut Map<String, Value>,
    ) -> Result<(), DecodeError> {
        let own = fields.partition_point(|field| field.within.len() == level);
        let (own, rest) = fields.split_at(own);
        let mut last = 0;
        while let Some((number, wire)) = input.tag()? {
            if let Ok(at) = own.binary_search_by_key(&number, |field| field.number) {
                self.field(&own[at], wire, &mut input, map, number <= last)?;
                last = number;
                continue;
            }
            let start = rest.partition_point(|field| field.within[level] < number);
            let length = rest[start..].partition_point(|field| field.within[level] == number);
            if length == 0 {
                input.skip(wire)?;
            } else if wire == Wire::Bytes {
                let inner = Input(input.bytes()?);
                self.message(&rest[start..start + length], level + 1, inner, map)?;
            } else {
                return Err(wrong_wire(wire, &rest[start].json));
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        field: &Field,
        wire: Wire,
        input: &mut Input<'_>,
        map: &mut Map<String, Value>,
        again: bool,
    ) -> Result<(), DecodeError> {
        // Numbers ascend, unless another program wrote them; only then can there be an older value.
        let before = if again {
            map.remove(&*field.json)
        } else {
            None
        };
        let name = &*field.json;
        let value = match &field.slot.shape {
            Shape::List(list) => {
                let mut items = match before {
                    Some(Value::Array(items)) => items,
                    _ => Vec::new(),
                };
                let shape = &list.item.shape;
                loop {
                    if wire == Wire::Bytes && is_number(shape) {
                        self.packed(name, shape, input.bytes()?, &mut items)?;
                    } else {
                        items.push(self.element(name, shape, wire, input, None)?);
                    }
                    if !input.again(field.number, wire) {
                        break Value::Array(items);
                    }
                }
            }
            Shape::Map(of) => {
                let mut entries = match before {
                    Some(Value::Object(map)) => map,
                    _ => Map::new(),
                };
                if wire != Wire::Bytes {
                    return Err(wrong_wire(wire, name));
                }
                loop {
                    let entry = Input(input.bytes()?);
                    let (key, value) = self.entry(name, &of.value.shape, entry)?;
                    entries.insert(key, value);
                    if !input.again(field.number, wire) {
                        break Value::Object(entries);
                    }
                }
            }
            shape => self.element(name, shape, wire, input, before)?,
        };
        canon::place(self.schema, false, map, field, value);
        Ok(())
    }

    fn entry(
        &mut self,
        name: &str,
        shape: &Shape,
        mut input: Input<'_>,
    ) -> Result<(String, Value), DecodeError> {
        let (mut key, mut found) = (String::new(), None);
        while let Some((number, wire)) = input.tag()? {
            match (number, wire) {
                (1, Wire::Bytes) => key = input.text()?,
                (2, _) => found = Some(self.element(name, shape, wire, &mut input, found)?),
                _ => input.skip(wire)?,
            }
        }
        let value = found.filter(|value| !value.is_null());
        Ok((
            key,
            value.unwrap_or_else(|| canon::zero(self.schema, shape)),
        ))
    }

    fn packed(
        &mut self,
        name: &str,
        shape: &Shape,
        bytes: &[u8],
        items: &mut Vec<Value>,
    ) -> Result<(), DecodeError> {
        let wire = match shape {
            Shape::Double => Wire::Fixed64,
            _ => Wire::Varint,
        };
        let mut input = Input(bytes);
        while !input.0.is_empty() {
            items.push(self.element(name, shape, wire, &mut input, None)?);
        }
        Ok(())
    }

    /// One value, read over what was there before.
    pub(super) fn element(
        &mut self,
        name: &str,
        shape: &Shape,
        wire: Wire,
        input: &mut Input<'_>,
        before: Option<Value>,
    ) -> Result<Value, DecodeError> {
        Ok(match (shape, wire) {
            (Shape::Bool, Wire::Varint) => Value::Bool(input.varint()? != 0),
            (Shape::Int32, Wire::Varint) => int32(input.integer()?),
            (Shape::Int64, Wire::Varint) => Value::from(input.integer()?),
            (Shape::Double, Wire::Fixed64) => canon::double(f64::from_bits(input.fixed64()?)),
            (Shape::Bool | Shape::Int32 | Shape::Int64 | Shape::Double, _) => {
                return Err(wrong_wire(wire, name));
            }
            (Shape::String, Wire::Bytes) => Value::String(input.text()?),
            (Shape::Bytes, Wire::Bytes) => Value::String(bytes::to_base64(input.bytes()?)),
            (Shape::Object(id), Wire::Bytes) => {
                let map = match before {
                    Some(Value::Object(map)) => map,
                    _ => Map::new(),
                };
                self.object(*id, input.bytes()?, map)?
            }
            (shape, Wire::Bytes) => self.special(name, shape, input.bytes()?)?,
            _ => return Err(wrong_wire(wire, name)),
        })
    }
}

fn is_number(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Bool | Shape::Int32 | Shape::Int64 | Shape::Double
    )
}
