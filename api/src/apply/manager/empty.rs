//! An object without fields.

use serde_json::{Map, Value, json};

use super::Request;
use crate::schema::{Field, Schema, Shape, TypeId};

/// The object a create starts from: for a built-in kind with the fields that Go's empty object has in JSON, for a
/// custom resource with `apiVersion` and `kind` alone.
#[must_use]
pub fn empty(request: &Request<'_>) -> Value {
    let mut object = if request.custom {
        Map::new()
    } else {
        of(request.schema, request.id)
    };
    object.insert("apiVersion".into(), json!(request.api_version));
    object.insert("kind".into(), json!(request.kind));
    Value::Object(object)
}

fn of(schema: &Schema, id: TypeId) -> Map<String, Value> {
    // A struct that is no pointer is written even if it is empty, `omitempty` or not; `omitzero` is not.
    let fields = schema.get(id).fields.iter().filter(|field| !field.omit);
    fields
        .map(|field| (field.json.to_string(), zero(schema, field)))
        .collect()
}

fn zero(schema: &Schema, field: &Field) -> Value {
    if field.pointer {
        return Value::Null;
    }
    match field.slot.shape {
        Shape::Bool => json!(false),
        Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => json!(0),
        Shape::String => json!(""),
        Shape::Duration => json!("0s"),
        Shape::Quantity => json!("0"),
        Shape::Object(id) => Value::Object(of(schema, id)),
        _ => Value::Null,
    }
}
