//! Defaults of custom objects (upstream's structural defaulting).

use serde_json::Value;

use crate::schema::{Schema, Shape, Slot, TypeId};

/// Puts defaults where nothing is given, or `null` where it may not be, also within what defaults put
/// there; then takes away each `null` that may not be and has no default. `metadata` is left alone.
pub fn defaults(schema: &Schema, id: TypeId, object: &mut Value) {
    fill(schema, &Shape::Object(id), object);
    drop_nulls(schema, &Shape::Object(id), object);
}

fn replaced(slot: &Slot, value: &mut Value) {
    if value.is_null()
        && !slot.nullable
        && let Some(default) = &slot.default
    {
        *value = default.clone();
    }
}

fn fill(schema: &Schema, shape: &Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Object(id), Value::Object(map)) if schema.get(*id).loose => {
            for field in &schema.get(*id).fields {
                if let Some(value) = map.get_mut(&*field.json) {
                    replaced(&field.slot, value);
                } else if let Some(default) = field.slot.default.as_ref().filter(|it| !it.is_null())
                {
                    map.insert(field.json.to_string(), default.clone());
                }
                if let Some(value) = map.get_mut(&*field.json) {
                    fill(schema, &field.slot.shape, value);
                }
            }
        }
        (Shape::Map(of), Value::Object(map)) => {
            for value in map.values_mut() {
                replaced(&of.value, value);
                fill(schema, &of.value.shape, value);
            }
        }
        (Shape::List(of), Value::Array(items)) => {
            for value in items {
                replaced(&of.item, value);
                fill(schema, &of.item.shape, value);
            }
        }
        _ => {}
    }
}

fn stray(slot: &Slot, value: &Value) -> bool {
    value.is_null() && !slot.nullable && slot.default.as_ref().is_none_or(Value::is_null)
}

fn drop_nulls(schema: &Schema, shape: &Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Object(id), Value::Object(map)) if schema.get(*id).loose => {
            for field in &schema.get(*id).fields {
                match map.get_mut(&*field.json) {
                    Some(value) if stray(&field.slot, value) => {
                        map.remove(&*field.json);
                    }
                    Some(value) => drop_nulls(schema, &field.slot.shape, value),
                    None => {}
                }
            }
        }
        (Shape::Map(of), Value::Object(map)) => {
            map.retain(|_, value| !stray(&of.value, value));
            for value in map.values_mut() {
                drop_nulls(schema, &of.value.shape, value);
            }
        }
        (Shape::List(of), Value::Array(items)) => {
            for value in items {
                drop_nulls(schema, &of.item.shape, value);
            }
        }
        _ => {}
    }
}
