//! Makes trees canonical: unknown fields go, `null`s go, zero values are there or not as Go has them.

use serde_json::{Map, Value};

use super::{DEPTH_MAX, DecodeError, scalar};
use crate::schema::{Field, Schema, Shape, Type, TypeId};

pub(super) fn object(
    schema: &Schema,
    id: TypeId,
    value: Value,
    problems: &mut Vec<String>,
) -> Result<Value, DecodeError> {
    let mut walk = Walk {
        schema,
        problems,
        path: String::new(),
        depth: 0,
        root: id,
    };
    let Value::Object(map) = value else {
        let found = kind_of(&value);
        return Err(DecodeError::new(format!(
            "json: cannot unmarshal {found} into Go value of type {}",
            go_name(schema.get(id))
        )));
    };
    Ok(Value::Object(walk.fields(schema.get(id), map)?))
}

/// What a field holds where nothing is given: what Go's zero value is printed as.
pub(super) fn zero(schema: &Schema, field: &Field) -> Value {
    if field.pointer {
        return Value::Null;
    }
    zero_of(schema, &field.slot.shape)
}

/// The zero value of a shape.
pub(super) fn zero_of(schema: &Schema, shape: &Shape) -> Value {
    match shape {
        Shape::Bool => false.into(),
        Shape::Int32 | Shape::Int64 | Shape::IntOrString => 0.into(),
        Shape::Double => 0.into(),
        Shape::String => "".into(),
        Shape::Quantity => "0".into(),
        Shape::Duration => "0s".into(),
        Shape::Object(id) => {
            let of = schema.get(*id);
            let mut map = Map::new();
            fill(schema, of, &mut map);
            Value::Object(map)
        }
        _ => Value::Null,
    }
}

/// Adds the fields that are always shown.
pub(super) fn fill(schema: &Schema, of: &Type, map: &mut Map<String, Value>) {
    for field in &of.fields {
        if !field.omit && !map.contains_key(&*field.json) {
            map.insert(field.json.to_string(), zero(schema, field));
        }
    }
}

/// Whether a value of a field is not shown.
pub(super) fn is_left_out(field: &Field, value: &Value) -> bool {
    if !field.omit {
        return false;
    }
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => match field.slot.shape {
            Shape::Map(_) => entries.is_empty(),
            // A struct that is left out when it is zero.
            Shape::Object(_) => !field.pointer && entries.is_empty(),
            _ => false,
        },
        Value::String(text) if matches!(field.slot.shape, Shape::Bytes) => text.is_empty(),
        _ if field.pointer => false,
        Value::String(text) => text.is_empty() && matches!(field.slot.shape, Shape::String),
        Value::Bool(flag) => !flag,
        Value::Number(number) => {
            number.as_f64() == Some(0.0) && !matches!(field.slot.shape, Shape::IntOrString)
        }
    }
}

struct Walk<'a> {
    schema: &'a Schema,
    problems: &'a mut Vec<String>,
    path: String,
    depth: usize,
    root: TypeId,
}

impl Walk<'_> {
    fn fields(&mut self, of: &Type, map: Map<String, Value>) -> Result<Map<String, Value>, DecodeError> {
        let mut made = Map::new();
        for (name, value) in map {
            let Some(field) = of.field(&name) else {
                if of.preserve {
                    made.insert(name, value);
                } else {
                    let dot = if self.path.is_empty() { "" } else { "." };
                    self.problems.push(format!("unknown field \"{}{dot}{name}\"", self.path));
                }
                continue;
            };
            if value.is_null() && !field.slot.nullable {
                continue;
            }
            let before = self.path.len();
            if before > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            let value = self.value(&field.slot.shape, value)?;
            self.path.truncate(before);
            if !is_left_out(field, &value) {
                made.insert(name, value);
            }
        }
        fill(self.schema, of, &mut made);
        Ok(made)
    }

    fn value(&mut self, shape: &Shape, value: Value) -> Result<Value, DecodeError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(DecodeError::new("json: exceeded max depth"));
        }
        let made = self.shaped(shape, value);
        self.depth -= 1;
        made
    }

    fn shaped(&mut self, shape: &Shape, value: Value) -> Result<Value, DecodeError> {
        match (shape, value) {
            (Shape::Any | Shape::Raw | Shape::Fields, value) => Ok(value),
            (_, Value::Null) => Ok(zero_of(self.schema, shape)),
            (Shape::Object(id), Value::Object(map)) => {
                let of = self.schema.get(*id);
                Ok(Value::Object(self.fields(of, map)?))
            }
            (Shape::List(list), Value::Array(items)) => self.items(&list.item.shape, items),
            (Shape::Map(of), Value::Object(map)) => {
                let mut made = Map::new();
                for (key, value) in map {
                    let before = self.path.len();
                    self.path.push('.');
                    self.path.push_str(&key);
                    let value = self.value(&of.value.shape, value)?;
                    self.path.truncate(before);
                    made.insert(key, value);
                }
                Ok(Value::Object(made))
            }
            (Shape::Strings, Value::Array(items)) => self.items(&Shape::String, items),
            (Shape::SchemaOrList(id) | Shape::SchemaOrBool(id) | Shape::SchemaOrStrings(id), Value::Object(map)) => {
                let of = self.schema.get(*id);
                Ok(Value::Object(self.fields(of, map)?))
            }
            (Shape::SchemaOrList(id), Value::Array(items)) => self.items(&Shape::Object(*id), items),
            (Shape::SchemaOrStrings(_), Value::Array(items)) => self.items(&Shape::String, items),
            (Shape::SchemaOrBool(_), value @ Value::Bool(_)) => Ok(value),
            (shape, value) => match scalar::canonical(shape, &value) {
                Some(Ok(made)) => Ok(made),
                Some(Err(why)) => Err(DecodeError::new(why)),
                None => Err(self.mismatch(shape, &value)),
            },
        }
    }

    fn items(&mut self, shape: &Shape, items: Vec<Value>) -> Result<Value, DecodeError> {
        let mut made = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let before = self.path.len();
            self.path.push_str(&format!("[{at}]"));
            made.push(self.value(shape, item)?);
            self.path.truncate(before);
        }
        Ok(Value::Array(made))
    }

    fn mismatch(&self, shape: &Shape, value: &Value) -> DecodeError {
        let found = match value {
            Value::Number(number) => format!("number {number}"),
            other => kind_of(other).to_owned(),
        };
        // Go names the fields on the way without the places in lists.
        let mut path = String::new();
        let mut is_inside = false;
        for letter in self.path.chars() {
            match letter {
                '[' => is_inside = true,
                ']' => is_inside = false,
                letter if !is_inside => path.push(letter),
                _ => {}
            }
        }
        let root = self.schema.get(self.root);
        let root = root.name.rsplit('.').next().unwrap_or_default();
        let expected = go_type(self.schema, shape);
        DecodeError::new(format!(
            "json: cannot unmarshal {found} into Go struct field {root}.{path} of type {expected}"
        ))
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A type as Go calls it: `v1.Pod`.
fn go_name(of: &Type) -> String {
    let mut parts = of.name.rsplitn(3, '.');
    let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{version}.{name}")
}

fn go_type(schema: &Schema, shape: &Shape) -> String {
    match shape {
        Shape::Bool => "bool".to_owned(),
        Shape::Int32 => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Double => "float64".to_owned(),
        Shape::String => "string".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Time => "string".to_owned(),
        Shape::MicroTime => "string".to_owned(),
        Shape::Duration => "string".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::IntOrString => "intstr.IntOrString".to_owned(),
        Shape::Raw => "runtime.RawExtension".to_owned(),
        Shape::Fields => "v1.FieldsV1".to_owned(),
        Shape::Any => "v1.JSON".to_owned(),
        Shape::Strings => "[]string".to_owned(),
        Shape::Object(id)
        | Shape::SchemaOrList(id)
        | Shape::SchemaOrBool(id)
        | Shape::SchemaOrStrings(id) => go_name(schema.get(*id)),
        Shape::List(list) => format!("[]{}", go_type(schema, &list.item.shape)),
        Shape::Map(map) => format!("map[string]{}", go_type(schema, &map.value.shape)),
    }
}
