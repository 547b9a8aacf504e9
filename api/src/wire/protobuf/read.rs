//! From bytes to canonical trees.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::{BYTES, FIXED32, FIXED64, VARINT};
use crate::schema::{Field, Schema, Shape, Type, TypeId};
use crate::wire::{DEPTH_MAX, DecodeError, canonical, scalar};

/// Reads an object; without `apiVersion` and `kind`, which lie around it.
///
/// # Errors
/// The bytes are no message, or nested too deep.
pub fn read(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Value, DecodeError> {
    let reader = Reader { schema };
    reader.object(id, bytes, 0)
}

/// What stands behind a field's number.
pub(crate) enum Content<'a> {
    /// A number.
    Varint(u64),
    /// Eight bytes.
    Fixed(u64),
    /// Bytes of a given length.
    Bytes(&'a [u8]),
}

/// The fields of a message in their order.
pub(crate) fn fields(bytes: &[u8]) -> impl Iterator<Item = Result<(u32, Content<'_>), DecodeError>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = field(&mut rest);
        if next.is_err() {
            rest = &[];
        }
        Some(next)
    })
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u32, Content<'a>), DecodeError> {
    let tag = varint(rest)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| DecodeError::new(format!("proto: illegal tag {} (wire type {})", tag >> 3, tag & 7)))?;
    let kind = (tag & 7) as u32;
    let content = match kind {
        VARINT => Content::Varint(varint(rest)?),
        FIXED64 => {
            let (eight, after) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
            *rest = after;
            Content::Fixed(u64::from_le_bytes(*eight))
        }
        FIXED32 => {
            let (four, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            *rest = after;
            Content::Fixed(u32::from_le_bytes(*four).into())
        }
        BYTES => {
            let length = usize::try_from(varint(rest)?).map_err(|_| cut())?;
            let (within, after) = rest.split_at_checked(length).ok_or_else(cut)?;
            *rest = after;
            Content::Bytes(within)
        }
        kind => return Err(DecodeError::new(format!("proto: illegal wireType {kind}"))),
    };
    Ok((number, content))
}

fn cut() -> DecodeError {
    DecodeError::new("unexpected EOF")
}

fn varint(rest: &mut &[u8]) -> Result<u64, DecodeError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, after) = rest.split_first().ok_or_else(cut)?;
        *rest = after;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(DecodeError::new("proto: integer overflow"))
}

struct Reader<'a> {
    schema: &'a Schema,
}

impl Reader<'_> {
    fn object(&self, id: TypeId, bytes: &[u8], depth: usize) -> Result<Value, DecodeError> {
        let of = self.schema.get(id);
        let mut map = Map::new();
        self.message(of, &[], bytes, &mut map, depth)?;
        for field in &of.fields {
            if map.get(&*field.json).is_some_and(|value| canonical::is_left_out(field, value)) {
                map.remove(&*field.json);
            }
        }
        canonical::fill(self.schema, of, &mut map);
        Ok(Value::Object(map))
    }

    fn message(
        &self,
        of: &Type,
        within: &[u32],
        bytes: &[u8],
        map: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        if depth > DEPTH_MAX {
            return Err(DecodeError::new("proto: exceeded max depth"));
        }
        for next in fields(bytes) {
            let (number, content) = next?;
            if let Some(field) = of.number(within, number) {
                self.field(field, content, map, depth)?;
                continue;
            }
            let Content::Bytes(bytes) = content else {
                continue;
            };
            let inner: Vec<u32> = within.iter().copied().chain([number]).collect();
            let is_inlined = of.fields.iter().any(|field| field.within.starts_with(&inner));
            if is_inlined {
                self.message(of, &inner, bytes, map, depth + 1)?;
            }
        }
        Ok(())
    }

    fn field(
        &self,
        field: &Field,
        content: Content<'_>,
        map: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<(), DecodeError> {
        match &field.slot.shape {
            Shape::List(list) => {
                let item = self.value(&list.item.shape, content, depth)?;
                let items = map.entry(&*field.json).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = items {
                    items.push(item);
                }
            }
            Shape::Map(of) => {
                let Content::Bytes(bytes) = content else {
                    return Err(wrong(&field.json));
                };
                let mut key = String::new();
                let mut value = None;
                for next in fields(bytes) {
                    match next? {
                        (1, Content::Bytes(bytes)) => key = text(bytes)?,
                        (2, content) => value = Some(self.value(&of.value.shape, content, depth)?),
                        _ => {}
                    }
                }
                let value = value.unwrap_or_else(|| canonical::zero_of(self.schema, &of.value.shape));
                let entries = map.entry(&*field.json).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(entries) = entries {
                    entries.insert(key, value);
                }
            }
            shape => {
                let value = self.value(shape, content, depth)?;
                map.insert(field.json.to_string(), value);
            }
        }
        Ok(())
    }

    fn value(&self, shape: &Shape, content: Content<'_>, depth: usize) -> Result<Value, DecodeError> {
        Ok(match (shape, content) {
            (Shape::Bool, Content::Varint(value)) => (value != 0).into(),
            // Negative numbers are written with all their bits.
            (Shape::Int32, Content::Varint(value)) => i64::from(value as i32).into(),
            (Shape::Int64, Content::Varint(value)) => (value as i64).into(),
            (Shape::Double, Content::Fixed(value)) => {
                let value = f64::from_bits(value);
                whole(value).unwrap_or_else(|| Number::from_f64(value).map_or(Value::Null, Value::Number))
            }
            (Shape::String, Content::Bytes(bytes)) => text(bytes)?.into(),
            (Shape::Bytes, Content::Bytes(bytes)) => BASE64_STANDARD.encode(bytes).into(),
            (Shape::Object(id), Content::Bytes(bytes)) => self.object(*id, bytes, depth + 1)?,
            (shape, Content::Bytes(bytes)) => self.special(shape, bytes, depth)?,
            _ => return Err(DecodeError::new("proto: wrong wireType")),
        })
    }

    /// What is a message in protobuf and a value of its own kind in JSON.
    fn special(&self, shape: &Shape, bytes: &[u8], depth: usize) -> Result<Value, DecodeError> {
        let mut numbers = [0_i64; 8];
        let mut blobs: [Option<&[u8]>; 8] = [None; 8];
        let mut several: Vec<&[u8]> = Vec::new();
        for next in fields(bytes) {
            match next? {
                (number @ 1..8, Content::Varint(value)) => numbers[number as usize] = value as i64,
                (number @ 1..8, Content::Bytes(bytes)) => {
                    blobs[number as usize] = Some(bytes);
                    let is_list = match shape {
                        Shape::Strings => number == 1,
                        _ => number == 2,
                    };
                    if is_list {
                        several.push(bytes);
                    }
                }
                _ => {}
            }
        }
        Ok(match shape {
            // Nothing at all is the zero moment.
            Shape::Time | Shape::MicroTime if bytes.is_empty() => Value::Null,
            Shape::Time | Shape::MicroTime => {
                let nanos = i32::try_from(numbers[2]).unwrap_or(0);
                let at = Timestamp::new(numbers[1], nanos).map_err(|error| DecodeError::new(error.to_string()))?;
                if matches!(shape, Shape::Time) {
                    scalar::time(at).into()
                } else {
                    scalar::micro_time(at).into()
                }
            }
            Shape::Duration => scalar::duration(numbers[1]).into(),
            Shape::Quantity => {
                let text = text(blobs[1].unwrap_or_default())?;
                let text = if text.is_empty() { "0" } else { &text };
                let made = scalar::canonical(&Shape::Quantity, &text.into());
                made.unwrap_or_else(|| Ok("0".into())).map_err(DecodeError::new)?
            }
            Shape::IntOrString if numbers[1] == 0 => i64::from(numbers[2] as i32).into(),
            Shape::IntOrString => text(blobs[3].unwrap_or_default())?.into(),
            Shape::Raw | Shape::Fields | Shape::Any => match blobs[1] {
                None | Some([]) => Value::Null,
                Some(raw) => raw_json(raw)?,
            },
            Shape::Strings => {
                let texts: Result<Vec<String>, _> = several.into_iter().map(text).collect();
                texts?.into()
            }
            Shape::SchemaOrList(id) => match blobs[1] {
                Some(bytes) => self.object(*id, bytes, depth + 1)?,
                None => {
                    let items: Result<Vec<Value>, _> =
                        several.into_iter().map(|bytes| self.object(*id, bytes, depth + 1)).collect();
                    items?.into()
                }
            },
            Shape::SchemaOrBool(id) => match blobs[2] {
                Some(bytes) => self.object(*id, bytes, depth + 1)?,
                None => (numbers[1] != 0).into(),
            },
            Shape::SchemaOrStrings(id) => match blobs[1] {
                Some(bytes) => self.object(*id, bytes, depth + 1)?,
                None => {
                    let texts: Result<Vec<String>, _> = several.into_iter().map(text).collect();
                    texts?.into()
                }
            },
            _ => return Err(DecodeError::new("proto: wrong wireType")),
        })
    }
}

fn wrong(field: &str) -> DecodeError {
    DecodeError::new(format!("proto: wrong wireType for field {field}"))
}

fn whole(value: f64) -> Option<Value> {
    let is_whole = value.fract() == 0.0 && value.abs() < 1e15;
    is_whole.then(|| (value as i64).into())
}

fn text(bytes: &[u8]) -> Result<String, DecodeError> {
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// An object within an object: JSON, or an envelope of its own.
fn raw_json(raw: &[u8]) -> Result<Value, DecodeError> {
    if raw.starts_with(crate::wire::envelope::MAGIC) {
        return crate::wire::envelope::open(raw);
    }
    serde_json::from_slice(raw).map_err(|error| DecodeError::new(error.to_string()))
}
