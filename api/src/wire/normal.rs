//! A tree that is already there, made canonical.

use serde_json::{Map, Value};

use super::leaf::{self, LeafError, Token};
use super::names::{self, Step};
use super::{DecodeError, MOST_NESTING, canon};
use crate::schema::{Schema, Shape, Slot, TypeId};

/// Makes a tree canonical, as if it had been printed as JSON and read by [`super::json::read`]: fields
/// that the type does not know go, and so on.
///
/// # Errors
///
/// If a value is not of its field's type, in upstream's words. The tree is damaged then.
pub fn normalize(schema: &Schema, id: TypeId, value: &mut Value) -> Result<(), DecodeError> {
    let mut normalizer = Normalizer {
        schema,
        root: id,
        path: Vec::new(),
        depth: 0,
        loose: false,
    };
    let of = Slot::of(Shape::Object(id));
    let taken = std::mem::take(value);
    let made = normalizer.slot(&of, taken).map_err(DecodeError::Value)?;
    *value = match made {
        Value::Null => canon::zero_object(schema, id),
        made => made,
    };
    Ok(())
}

struct Normalizer<'s> {
    schema: &'s Schema,
    root: TypeId,
    path: Vec<Step<'s, 's>>,
    depth: usize,
    /// Within a loose type, values of another type stay.
    loose: bool,
}

impl Normalizer<'_> {
    fn slot(&mut self, slot: &Slot, value: Value) -> Result<Value, String> {
        let (shape, value) = match (&slot.shape, value) {
            (_, Value::Null) => return Ok(Value::Null),
            (Shape::Raw | Shape::Fields | Shape::Any, value) => return Ok(value),
            // The most frequent value is moved.
            (Shape::String, value @ Value::String(_)) => return Ok(value),
            (
                Shape::SchemaOrList(_) | Shape::SchemaOrBool(_) | Shape::SchemaOrStrings(_),
                value,
            ) => return self.schema_or(&slot.shape, value),
            (Shape::Object(id), Value::Object(map)) => return self.object(*id, map),
            (Shape::List(list), Value::Array(items)) => return self.list(&list.item, items),
            (Shape::Strings, Value::Array(items)) => {
                return self.list(&Slot::of(Shape::String), items);
            }
            (Shape::Map(of), Value::Object(map)) => return self.map(&of.value, map),
            (Shape::Bytes, Value::Array(items)) => {
                let numbers = self.list(&Slot::of(Shape::Int64), items)?;
                return leaf::from_numbers(&numbers).map_err(|number| {
                    self.path.push(Step::Index(0));
                    self.misplaced(&format!("number {number}"))
                });
            }
            (Shape::Object(id), value) if self.keeps(*id) => return Ok(value),
            (shape, value) if self.loose && !matches!(shape, Shape::Object(_)) => return Ok(value),
            (shape, value) => (shape, value),
        };
        self.leaf(shape, &value)
    }

    /// Whether what is no object stays where one of this type belongs.
    fn keeps(&self, id: TypeId) -> bool {
        self.loose && self.schema.get(id).loose
    }

    fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth >= MOST_NESTING {
            return Err("exceeded max depth".into());
        }
        self.depth += 1;
        let made = run(self);
        self.depth -= 1;
        made
    }

    fn object(&mut self, id: TypeId, map: Map<String, Value>) -> Result<Value, String> {
        self.nested(|normalizer| {
            let schema = normalizer.schema;
            let of = schema.get(id);
            let around = std::mem::replace(&mut normalizer.loose, of.loose);
            let mut made = Map::new();
            for (key, value) in map {
                let Some(at) = of.position(&key) else {
                    if of.preserve {
                        made.insert(key, value);
                    }
                    continue;
                };
                let field = &of.fields[at];
                normalizer.path.push(Step::Field(of, field));
                let value = normalizer.slot(&field.slot, value)?;
                normalizer.path.pop();
                canon::place(schema, of.loose, &mut made, field, value);
            }
            canon::fill(schema, of, &mut made);
            normalizer.loose = around;
            Ok(Value::Object(made))
        })
    }

    fn list(&mut self, item: &Slot, mut items: Vec<Value>) -> Result<Value, String> {
        self.nested(|normalizer| {
            for value in &mut items {
                let taken = std::mem::take(value);
                *value = normalizer.held(item, taken)?;
            }
            Ok(Value::Array(items))
        })
    }

    fn map(&mut self, of: &Slot, mut map: Map<String, Value>) -> Result<Value, String> {
        self.nested(|normalizer| {
            for value in map.values_mut() {
                let taken = std::mem::take(value);
                *value = normalizer.held(of, taken)?;
            }
            Ok(Value::Object(map))
        })
    }

    fn held(&mut self, slot: &Slot, value: Value) -> Result<Value, String> {
        // Which one it is does not show in any message.
        self.path.push(Step::Index(0));
        let value = self.slot(slot, value)?;
        self.path.pop();
        if value.is_null() && !slot.nullable && !self.loose {
            return Ok(canon::zero(self.schema, &slot.shape));
        }
        Ok(value)
    }

    fn schema_or(&mut self, shape: &Shape, value: Value) -> Result<Value, String> {
        match (shape, value) {
            (
                Shape::SchemaOrBool(id) | Shape::SchemaOrList(id) | Shape::SchemaOrStrings(id),
                Value::Object(map),
            ) => self.object(*id, map),
            (Shape::SchemaOrList(id), Value::Array(items)) => {
                self.list(&Slot::of(Shape::Object(*id)), items)
            }
            (Shape::SchemaOrStrings(_), Value::Array(items)) => {
                self.list(&Slot::of(Shape::String), items)
            }
            (Shape::SchemaOrBool(_), value @ Value::Bool(_)) => Ok(value),
            (Shape::SchemaOrBool(_), _) => Err("boolean or JSON schema expected".into()),
            _ => Ok(Value::Null),
        }
    }

    fn leaf(&mut self, shape: &Shape, value: &Value) -> Result<Value, String> {
        let literal;
        let token = match value {
            Value::Null => Token::Null,
            Value::Bool(value) => Token::Bool(*value),
            Value::Number(number) => {
                literal = number.to_string();
                Token::Number(&literal)
            }
            Value::String(text) => Token::Text(text, text.as_bytes()),
            Value::Array(_) => Token::Array,
            Value::Object(_) => Token::Object,
        };
        if let Shape::Object(_) | Shape::List(_) | Shape::Strings | Shape::Map(_) = shape {
            return Err(self.misplaced(token.word()));
        }
        leaf::read(shape, &token).map_err(|error| match error {
            LeafError::Type(found) => self.misplaced(&found),
            LeafError::Inner(found, wanted) => names::mismatch(&self.path, &found, wanted),
            LeafError::Late(text) | LeafError::Now(text) => text,
        })
    }

    fn misplaced(&self, found: &str) -> String {
        let wanted = names::place(self.schema, self.root, &self.path);
        names::mismatch(&self.path, found, &wanted)
    }
}
