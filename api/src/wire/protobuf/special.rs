//! Messages that JSON does not show as objects.
//!
//! ```text
//! Time, MicroTime   1 seconds  2 nanoseconds (nothing: the zero time)
//! Duration          1 nanoseconds        Quantity  1 text
//! IntOrString       1 type (0 integer, 1 text)  2 integer  3 text
//! RawExtension, FieldsV1, JSON           1 bytes, mostly JSON
//! ExtraValue        1 texts
//! schema or bool    1 allowed  2 schema
//! schema or list    1 schema   2 schemas (or texts)
//! ```

use serde_json::{Map, Value};

use super::input::{Input, Wire, error, wrong_wire};
use super::read::Reader;
use super::write::{Writer, mismatch};
use crate::schema::{Gvk, Shape, TypeId};
use crate::wire::time::{self, Moment};
use crate::wire::{DecodeError, EncodeError, bytes, canon, envelope, json, leaf};

impl Writer<'_, '_> {
    pub(super) fn base64(
        &mut self,
        field: &str,
        number: u32,
        value: &Value,
    ) -> Result<(), EncodeError> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => {
                let bytes =
                    bytes::from_base64(text).map_err(|_| mismatch(field, value, "bytes"))?;
                self.out.bytes(number, &bytes);
                Ok(())
            }
            _ => Err(mismatch(field, value, "bytes")),
        }
    }

    /// The content of such a message.
    pub(super) fn special(
        &mut self,
        field: &str,
        shape: &Shape,
        value: &Value,
    ) -> Result<(), EncodeError> {
        match (shape, value) {
            (Shape::Quantity, Value::Null) => self.out.bytes(1, b"0"),
            (Shape::Quantity, Value::String(text)) => self.out.bytes(1, text.as_bytes()),
            (Shape::Time | Shape::MicroTime, Value::Null) => {}
            (Shape::Time, Value::String(text)) => match time::parse(text) {
                // Fractions would not come back from JSON; Go does not write them.
                Ok(moment) => self.moment(Moment { nanos: 0, ..moment }),
                Err(_) => return Err(mismatch(field, value, "time")),
            },
            (Shape::MicroTime, Value::String(text)) => match time::parse_micro(text) {
                Ok(moment) => self.moment(moment),
                Err(_) => return Err(mismatch(field, value, "time")),
            },
            (Shape::Duration, Value::Null) => self.out.integer(1, 0),
            (Shape::Duration, Value::String(text)) => match time::parse_duration(text) {
                Ok(nanos) => self.out.integer(1, nanos),
                Err(_) => return Err(mismatch(field, value, "duration")),
            },
            (Shape::IntOrString, value) => self.int_or_string(field, value)?,
            (Shape::Raw | Shape::Fields | Shape::Any, Value::Null) => {}
            (Shape::Raw | Shape::Fields | Shape::Any, value) => {
                let text = serde_json::to_vec(value);
                let text = text.map_err(|_| mismatch(field, value, "JSON"))?;
                self.out.bytes(1, &text);
            }
            (Shape::Strings, Value::Null) => {}
            (Shape::Strings, Value::Array(items)) => self.texts(field, 1, items)?,
            (Shape::SchemaOrBool(id), value) => {
                let allowed = matches!(value, Value::Object(_) | Value::Bool(true));
                self.schema(field, 2, *id, value)?;
                self.out.integer(1, i64::from(allowed));
            }
            (Shape::SchemaOrList(id), Value::Array(items)) => {
                for item in items.iter().rev() {
                    self.element(field, 2, &Shape::Object(*id), Some(item))?;
                }
            }
            (Shape::SchemaOrStrings(_), Value::Array(items)) => self.texts(field, 2, items)?,
            (Shape::SchemaOrList(id) | Shape::SchemaOrStrings(id), value) => {
                self.schema(field, 1, *id, value)?;
            }
            (_, value) => return Err(mismatch(field, value, "another type")),
        }
        Ok(())
    }

    fn moment(&mut self, moment: Moment) {
        if !moment.is_zero() {
            self.out.integer(2, i64::from(moment.nanos));
            self.out.integer(1, moment.seconds);
        }
    }

    fn int_or_string(&mut self, field: &str, value: &Value) -> Result<(), EncodeError> {
        let (kind, integer, text) = match value {
            Value::Null => (0, Some(0), ""),
            Value::String(text) => (1, Some(0), &**text),
            value => (0, value.as_i64(), ""),
        };
        let integer = integer.ok_or_else(|| mismatch(field, value, "integer or string"))?;
        self.out.bytes(3, text.as_bytes());
        self.out.integer(2, integer);
        self.out.integer(1, kind);
        Ok(())
    }

    fn texts(&mut self, field: &str, number: u32, items: &[Value]) -> Result<(), EncodeError> {
        for item in items.iter().rev() {
            self.element(field, number, &Shape::String, Some(item))?;
        }
        Ok(())
    }

    fn schema(
        &mut self,
        field: &str,
        number: u32,
        id: TypeId,
        value: &Value,
    ) -> Result<(), EncodeError> {
        match value {
            Value::Object(_) => self.element(field, number, &Shape::Object(id), Some(value)),
            Value::Null | Value::Bool(_) => Ok(()),
            _ => Err(mismatch(field, value, "schema")),
        }
    }
}

impl Reader<'_> {
    /// The value of such a message.
    pub(super) fn special(
        &mut self,
        field: &str,
        shape: &Shape,
        bytes: &[u8],
    ) -> Result<Value, DecodeError> {
        let input = Input(bytes);
        match shape {
            Shape::Quantity => quantity(field, input),
            Shape::Time => moment(field, input, false),
            Shape::MicroTime => moment(field, input, true),
            Shape::Duration => {
                let mut nanos = 0;
                each(input, |number, wire, input| match (number, wire) {
                    (1, Wire::Varint) => input.integer().map(|value| nanos = value),
                    _ => other(number, 1, wire, input, field),
                })?;
                Ok(Value::String(time::print_duration(nanos)))
            }
            Shape::IntOrString => int_or_string(field, input),
            Shape::Strings => {
                let mut texts = Vec::new();
                each(input, |number, wire, input| match (number, wire) {
                    (1, Wire::Bytes) => input.text().map(|text| texts.push(Value::String(text))),
                    _ => other(number, 1, wire, input, field),
                })?;
                if texts.is_empty() {
                    return Ok(Value::Null);
                }
                Ok(Value::Array(texts))
            }
            Shape::SchemaOrBool(id) => self.schema_or(field, *id, input, 2, None),
            Shape::SchemaOrList(id) => {
                self.schema_or(field, *id, input, 1, Some(Shape::Object(*id)))
            }
            Shape::SchemaOrStrings(id) => self.schema_or(field, *id, input, 1, Some(Shape::String)),
            _ => self.raw(field, input),
        }
    }

    /// A message of a schema and of something else: whether anything is allowed, or a list.
    fn schema_or(
        &mut self,
        field: &str,
        id: TypeId,
        input: Input<'_>,
        schema_number: u32,
        item: Option<Shape>,
    ) -> Result<Value, DecodeError> {
        let mut schema = None;
        let mut allowed = false;
        let mut items = Vec::new();
        each(input, |number, wire, input| {
            match (number, wire, &item) {
                (_, Wire::Bytes, _) if number == schema_number => {
                    let bytes = input.bytes()?;
                    schema = Some(self.object(id, bytes, Map::new())?);
                }
                (1, Wire::Varint, None) => allowed = input.varint()? != 0,
                (2, Wire::Bytes, Some(shape)) => {
                    items.push(self.element(field, shape, wire, input, None)?);
                }
                _ => return other(number, 2, wire, input, field),
            }
            Ok(())
        })?;
        Ok(match (items.is_empty(), schema, item) {
            (false, _, _) => Value::Array(items),
            (true, Some(schema), _) => schema,
            (true, None, None) => Value::Bool(allowed),
            (true, None, Some(_)) => Value::Null,
        })
    }

    fn raw(&mut self, field: &str, input: Input<'_>) -> Result<Value, DecodeError> {
        let mut raw: &[u8] = b"";
        each(input, |number, wire, input| match (number, wire) {
            (1, Wire::Bytes) => input.bytes().map(|bytes| raw = bytes),
            _ => other(number, 1, wire, input, field),
        })?;
        if raw.is_empty() {
            return Ok(Value::Null);
        }
        if !raw.starts_with(envelope::MAGIC) {
            return Ok(json::read_any(raw)?.value);
        }
        let around = envelope::split(raw)?;
        let kind = Gvk::parse(around.api_version, around.kind);
        let id = self.schema.kind(&kind);
        let id = id.ok_or_else(|| envelope::unknown(&around))?;
        let value = self.object(id, around.raw, Map::new())?;
        Ok(envelope::with_kind(value, &around))
    }
}

/// Runs over the fields of a message.
fn each<'a>(
    mut input: Input<'a>,
    mut run: impl FnMut(u32, Wire, &mut Input<'a>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    while let Some((number, wire)) = input.tag()? {
        run(number, wire, &mut input)?;
    }
    Ok(())
}

/// A field that is not known, or is of another kind if its number is one of the message's.
fn other(
    number: u32,
    last: u32,
    wire: Wire,
    input: &mut Input<'_>,
    field: &str,
) -> Result<(), DecodeError> {
    if number <= last {
        return Err(wrong_wire(wire, field));
    }
    input.skip(wire)
}

fn quantity(field: &str, input: Input<'_>) -> Result<Value, DecodeError> {
    let mut value = canon::zero(&crate::schema::Schema::new(), &Shape::Quantity);
    each(input, |number, wire, input| match (number, wire) {
        (1, Wire::Bytes) => {
            let text = input.text()?;
            let parsed = crate::quantity::Quantity::parse(&text);
            let parsed = parsed.map_err(|reason| error(reason.to_string()))?;
            value = Value::String(parsed.to_string());
            Ok(())
        }
        _ => other(number, 1, wire, input, field),
    })?;
    Ok(value)
}

fn moment(field: &str, input: Input<'_>, micro: bool) -> Result<Value, DecodeError> {
    if input.0.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0_i64, 0);
    each(input, |number, wire, input| match (number, wire) {
        (1, Wire::Varint) => input.integer().map(|value| seconds = value),
        (2, Wire::Varint) => input.integer().map(|value| nanos = value),
        _ => other(number, 2, wire, input, field),
    })?;
    if !micro {
        nanos = 0;
    }
    // Nanoseconds beyond a second count as seconds, as for Go.
    let second = 1_000_000_000;
    let seconds = seconds.saturating_add(nanos.div_euclid(second));
    let nanos = u32::try_from(nanos.rem_euclid(second)).unwrap_or(0);
    Ok(leaf::print_moment(Moment { seconds, nanos }, micro))
}

fn int_or_string(field: &str, input: Input<'_>) -> Result<Value, DecodeError> {
    let (mut kind, mut integer, mut text) = (0, 0, String::new());
    each(input, |number, wire, input| match (number, wire) {
        (1, Wire::Varint) => input.integer().map(|value| kind = value),
        (2, Wire::Varint) => input.integer().map(|value| integer = value),
        (3, Wire::Bytes) => input.text().map(|value| text = value),
        _ => other(number, 3, wire, input, field),
    })?;
    match kind {
        0 => Ok(super::read::int32(integer)),
        1 => Ok(Value::String(text)),
        _ => Err(error("impossible IntOrString.Type".into())),
    }
}
