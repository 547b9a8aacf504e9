//! What a canonical object holds: which fields are left out, and what stands in those that are not.

use serde_json::{Map, Number, Value};

use crate::schema::{Field, Schema, Shape, Type, TypeId};

/// Puts a value into its field of a type that is loose or not, or leaves it out if Go would.
pub(super) fn place(
    schema: &Schema,
    loose: bool,
    map: &mut Map<String, Value>,
    field: &Field,
    value: Value,
) {
    let nothing = match &value {
        // What Go has a struct for is not there if it is null.
        Value::Null if loose => matches!(&field.slot.shape,
            Shape::Object(id) if !schema.get(*id).loose),
        _ if loose => false,
        Value::Null => !field.slot.nullable,
        value => field.omit && empty(schema, field, value),
    };
    if !nothing {
        map.insert(field.json.to_string(), value);
    }
}

/// Whether Go leaves the value out of a field that is left out when empty.
fn empty(schema: &Schema, field: &Field, value: &Value) -> bool {
    match &field.slot.shape {
        // Lists and maps are left out by their length; pointers only if there is nothing.
        Shape::List(_) | Shape::Strings | Shape::Map(_) | Shape::Bytes => blank(value),
        _ if field.pointer => false,
        Shape::Object(id) => *value == zero_object(schema, *id),
        Shape::Bool | Shape::Int32 | Shape::Int64 | Shape::Double | Shape::String => blank(value),
        _ => false,
    }
}

fn blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// Adds what Go prints though it is not there.
pub(super) fn fill(schema: &Schema, of: &Type, map: &mut Map<String, Value>) {
    if of.loose {
        return;
    }
    for field in &of.fields {
        if !field.omit && !map.contains_key(&*field.json) {
            let value = if field.pointer {
                Value::Null
            } else {
                zero(schema, &field.slot.shape)
            };
            map.insert(field.json.to_string(), value);
        }
    }
}

/// What Go prints for a value that nothing was read into.
pub(super) fn zero(schema: &Schema, shape: &Shape) -> Value {
    match shape {
        Shape::Bool => Value::Bool(false),
        Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => Value::from(0),
        Shape::String => Value::String(String::new()),
        Shape::Duration => Value::String("0s".into()),
        Shape::Quantity => Value::String("0".into()),
        Shape::Object(id) => zero_object(schema, *id),
        Shape::SchemaOrBool(_) => Value::Bool(false),
        Shape::Bytes
        | Shape::Time
        | Shape::MicroTime
        | Shape::Raw
        | Shape::Fields
        | Shape::Any
        | Shape::Strings
        | Shape::SchemaOrList(_)
        | Shape::SchemaOrStrings(_)
        | Shape::List(_)
        | Shape::Map(_) => Value::Null,
    }
}

pub(super) fn zero_object(schema: &Schema, id: TypeId) -> Value {
    let mut map = Map::new();
    fill(schema, schema.get(id), &mut map);
    Value::Object(map)
}

/// A floating-point number as Go prints it: without a fraction if it is a whole one.
pub(super) fn double(value: f64) -> Value {
    // Both bounds are exact; beyond them, a whole number has no more digits than the float shows.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 && (-BOUND..BOUND).contains(&value) {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "it is whole and within bounds"
        )]
        return Value::from(value as i64);
    }
    // Beyond what a float holds there is only the greatest one.
    let bounded = value.clamp(f64::MIN, f64::MAX);
    Number::from_f64(bounded).map_or(Value::Null, Value::Number)
}
