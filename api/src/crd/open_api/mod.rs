//! The schemas of custom resources as OpenAPI documents publish them.

mod v2;

use serde_json::{Map, Value, json};

use super::get::text;
use super::schema::{type_name, version};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Which document a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `/openapi/v2`: without what OpenAPI v2 cannot say.
    V2,
    /// `/openapi/v3`.
    V3,
}

impl Dialect {
    fn refer(self, name: &str) -> Value {
        let prefix = match self {
            Self::V2 => "#/definitions",
            Self::V3 => "#/components/schemas",
        };
        json!({"$ref": format!("{prefix}/{name}")})
    }
}

/// The schema of a version's objects: what the definition says, with `apiVersion`, `kind` and `metadata`,
/// and with the kind in `x-kubernetes-group-version-kind`. Its name is [`type_name`]. `None` if the
/// definition has no such version. Those three fields have no descriptions here.
#[must_use]
pub fn open_api(definition: &Value, name: &str, dialect: Dialect) -> Option<Value> {
    let declared = version(definition, name)?;
    let given = &declared["schema"]["openAPIV3Schema"];
    let preserve = given["x-kubernetes-preserve-unknown-fields"] == true
        || definition["spec"]["preserveUnknownFields"] == true;
    let mut schema = if !given.is_object() || (preserve && dialect == Dialect::V2) {
        json!({"type": "object"})
    } else {
        let mut schema = given.clone();
        clean(&mut schema);
        if dialect == Dialect::V2 {
            v2::reduce(&mut schema);
        }
        embedded(&mut schema, dialect);
        resource(&mut schema, dialect);
        schema
    };
    let kind = text(&definition["spec"]["names"]["kind"]);
    mark(&mut schema, definition, declared, name, kind);
    Some(schema)
}

/// The schema of a list of a version's objects. Its name is [`type_name`] of the kind of lists.
#[must_use]
pub fn open_api_list(definition: &Value, name: &str, dialect: Dialect) -> Option<Value> {
    let declared = version(definition, name)?;
    let spec = &definition["spec"];
    let (kind, list) = (
        text(&spec["names"]["kind"]),
        text(&spec["names"]["listKind"]),
    );
    let item = dialect.refer(&type_name(text(&spec["group"]), name, kind));
    let mut schema = json!({
        "description": format!("{list} is a list of {kind}"),
        "type": "object",
        "required": ["items"],
        "properties": {
            "items": {"type": "array", "items": item},
            "metadata": dialect.refer(&format!("{META}.ListMeta")),
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
        },
    });
    mark(&mut schema, definition, declared, name, list);
    Some(schema)
}

fn mark(schema: &mut Value, definition: &Value, declared: &Value, version: &str, kind: &str) {
    schema["x-kubernetes-group-version-kind"] = json!([{
        "group": definition["spec"]["group"],
        "version": version,
        "kind": kind,
    }]);
    let fields = super::get::items(&declared["selectableFields"]);
    if !fields.is_empty() {
        let paths = fields.iter().map(|it| {
            let path = text(&it["jsonPath"]);
            json!({"fieldPath": path.strip_prefix('.').unwrap_or(path)})
        });
        schema["x-kubernetes-selectable-fields"] = paths.collect();
    }
}

fn resource(schema: &mut Value, dialect: Dialect) {
    if !schema["properties"].is_object() {
        schema["properties"] = Value::Object(Map::new());
    }
    let properties = &mut schema["properties"];
    properties["apiVersion"] = json!({"type": "string"});
    properties["kind"] = json!({"type": "string"});
    properties["metadata"] = dialect.refer(&format!("{META}.ObjectMeta"));
}

/// Objects within objects get the fields that all have.
fn embedded(schema: &mut Value, dialect: Dialect) {
    each(schema, &mut |schema| {
        let whole = schema["x-kubernetes-preserve-unknown-fields"] == true;
        if schema["x-kubernetes-embedded-resource"] != true || (whole && dialect == Dialect::V2) {
            return;
        }
        resource(schema, dialect);
        let mut required = super::get::items(&schema["required"]).to_vec();
        for key in ["kind", "apiVersion"] {
            if !required.iter().any(|it| it == key) {
                required.push(key.into());
            }
        }
        schema["required"] = required.into();
    });
}

/// Takes away what is not published.
fn clean(schema: &mut Value) {
    each(schema, &mut |schema| {
        if let Value::Object(map) = schema {
            for key in ["example", "externalDocs", "$schema", "id"] {
                map.remove(key);
            }
        }
    });
}

/// Visits a schema and all that describe its parts, the parts first.
fn each(schema: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    let Value::Object(map) = schema else {
        return;
    };
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        for property in properties.values_mut() {
            each(property, visit);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(below) = map.get_mut(key) {
            each(below, visit);
        }
    }
    visit(schema);
}

#[cfg(test)]
mod tests;
