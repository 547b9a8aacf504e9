//! From the `openAPIV3Schema` of a version to a [`Schema`].

use serde_json::Value;

use crate::schema::{
    Field, Gvk, List, ListKind, Map, Patch, Rules, Schema, Shape, Slot, Type, TypeId, builtin,
};
use crate::wire::MOST_NESTING;

/// The name of the type of `metadata`.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Why there is no schema of a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The definition has no version of this name.
    #[error("no version {0:?} in the definition")]
    NoVersion(String),
    /// Its schema nests too deeply.
    #[error("the schema of version {0:?} nests too deeply")]
    TooDeep(String),
}

/// The version of this name of a definition (`apiextensions.k8s.io/v1`).
#[must_use]
pub fn version<'d>(definition: &'d Value, name: &str) -> Option<&'d Value> {
    let versions = definition["spec"]["versions"].as_array()?;
    versions.iter().find(|it| it["name"] == name)
}

/// The schema of one version of a definition, and the type of its objects within it. The meta types it
/// refers to are copied from the built-in kinds. A version without a schema keeps all fields.
///
/// Value validations are in [`Rules::schema`] of each place that has some, as the definition gives them.
///
/// # Errors
///
/// If the definition has no such version, or if its schema nests deeper than [`MOST_NESTING`].
pub fn schema(definition: &Value, version: &str) -> Result<(Schema, TypeId), SchemaError> {
    let declared =
        self::version(definition, version).ok_or_else(|| SchemaError::NoVersion(version.into()))?;
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, kind) = (text(&spec["group"]), text(&spec["names"]["kind"]));
    let name = type_name(&group, version, &kind);
    let open_api = &declared["schema"]["openAPIV3Schema"];
    let mut builder = Builder {
        schema: Schema::new(),
        depth: 0,
    };
    builder.meta();
    let mut of = builder
        .object(&name, open_api, true)
        .ok_or_else(|| SchemaError::TooDeep(version.into()))?;
    of.preserve |= !open_api.is_object()
        || spec["preserveUnknownFields"] == true
        || open_api["x-kubernetes-preserve-unknown-fields"] == true;
    of.kinds = vec![Gvk::new(&group, version, &kind)];
    let id = builder.schema.add(of);
    Ok((builder.schema, id))
}

/// The name of a kind in OpenAPI documents: the group's parts reversed, `com.example.stable.v1.CronTab`.
#[must_use]
pub fn type_name(group: &str, version: &str, kind: &str) -> String {
    let reversed: Vec<_> = group.rsplit('.').collect();
    format!("{}.{version}.{kind}", reversed.join("."))
}

struct Builder {
    schema: Schema,
    depth: usize,
}

impl Builder {
    /// Copies the type of `metadata` and all that it refers to.
    fn meta(&mut self) {
        let mut waiting = vec![OBJECT_META.to_owned()];
        let mut done = std::collections::HashSet::new();
        while let Some(name) = waiting.pop() {
            let Some(id) = builtin().named(&name).filter(|_| done.insert(name)) else {
                continue;
            };
            let mut of = builtin().get(id).clone();
            for field in &mut of.fields {
                self.refer(&mut field.slot.shape, &mut waiting);
            }
            self.schema.add(of);
        }
    }

    /// Makes a shape of the built-in schema refer to this one.
    fn refer(&mut self, shape: &mut Shape, waiting: &mut Vec<String>) {
        match shape {
            Shape::Object(id)
            | Shape::SchemaOrList(id)
            | Shape::SchemaOrBool(id)
            | Shape::SchemaOrStrings(id) => {
                let name = &builtin().get(*id).name;
                *id = self.schema.reserve(name);
                waiting.push(name.to_string());
            }
            Shape::List(list) => self.refer(&mut list.item.shape, waiting),
            Shape::Map(map) => self.refer(&mut map.value.shape, waiting),
            _ => {}
        }
    }

    /// The type of an object with these properties; nothing if it nests too deeply.
    fn object(&mut self, name: &str, schema: &Value, root: bool) -> Option<Type> {
        if self.depth >= MOST_NESTING {
            return None;
        }
        self.depth += 1;
        let embedded = root || schema["x-kubernetes-embedded-resource"] == true;
        let mut fields = Vec::new();
        let required = schema["required"].as_array();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            if embedded && matches!(&**key, "apiVersion" | "kind" | "metadata") {
                continue;
            }
            let slot = self.slot(&format!("{name}.{key}"), property)?;
            let required = required.is_some_and(|all| all.iter().any(|it| it == key));
            fields.push(field(key, slot, required));
        }
        if embedded {
            for key in ["apiVersion", "kind"] {
                fields.push(field(key, Slot::of(Shape::String), false));
            }
            let meta = self.schema.reserve(OBJECT_META);
            fields.push(field("metadata", Slot::of(Shape::Object(meta)), false));
        }
        self.depth -= 1;
        let mut of = Type::new(name, fields);
        of.loose = true;
        of.embedded = embedded && !root;
        of.preserve = schema["x-kubernetes-preserve-unknown-fields"] == true;
        of.atomic = schema["x-kubernetes-map-type"] == "atomic";
        Some(of)
    }

    fn slot(&mut self, name: &str, schema: &Value) -> Option<Slot> {
        let mut slot = Slot::of(self.shape(name, schema)?);
        slot.default = schema.get("default").cloned();
        slot.nullable = schema["nullable"] == true;
        slot.rules = rules(schema);
        Some(slot)
    }

    fn shape(&mut self, name: &str, schema: &Value) -> Option<Shape> {
        if schema["x-kubernetes-int-or-string"] == true {
            return Some(Shape::IntOrString);
        }
        let preserve = schema["x-kubernetes-preserve-unknown-fields"] == true;
        Some(match schema["type"].as_str() {
            Some("object") => {
                let additional = &schema["additionalProperties"];
                if additional.is_object() {
                    if self.depth >= MOST_NESTING {
                        return None;
                    }
                    self.depth += 1;
                    let value = self.slot(&format!("{name}.*"), additional)?;
                    self.depth -= 1;
                    let atomic = schema["x-kubernetes-map-type"] == "atomic";
                    Shape::Map(Box::new(Map { value, atomic }))
                } else if additional == true {
                    Shape::Map(Box::new(Map {
                        value: Slot::of(Shape::Any),
                        atomic: schema["x-kubernetes-map-type"] == "atomic",
                    }))
                } else {
                    let of = self.object(name, schema, false)?;
                    Shape::Object(self.schema.add(of))
                }
            }
            Some("array") => {
                if self.depth >= MOST_NESTING {
                    return None;
                }
                self.depth += 1;
                let item = self.slot(&format!("{name}[]"), &schema["items"])?;
                self.depth -= 1;
                let kind = list_kind(schema);
                Shape::List(Box::new(List { item, kind }))
            }
            Some("string") => Shape::String,
            Some("integer") => Shape::Int64,
            Some("number") => Shape::Double,
            Some("boolean") => Shape::Bool,
            // Fields that are named without a type are pruned like those of an object.
            _ if schema["properties"].is_object() && preserve => {
                let of = self.object(name, schema, false)?;
                Shape::Object(self.schema.add(of))
            }
            _ => Shape::Any,
        })
    }
}

fn list_kind(schema: &Value) -> ListKind {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array();
            let keys = keys.map_or(&[][..], Vec::as_slice);
            let keys = keys.iter().filter_map(Value::as_str);
            ListKind::Map(keys.map(Into::into).collect())
        }
        _ => ListKind::Atomic,
    }
}

fn field(json: &str, slot: Slot, required: bool) -> Field {
    Field {
        json: json.into(),
        number: 0,
        within: Box::default(),
        slot,
        required,
        pointer: true,
        omit: true,
        patch: Patch::default(),
    }
}

/// What of a schema restricts values, without what lies below it.
fn rules(schema: &Value) -> Option<Box<Rules>> {
    const KEYS: [&str; 18] = [
        "allOf",
        "anyOf",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
    ];
    let kept = schema.as_object()?.iter().filter(|(key, _)| {
        KEYS.contains(&key.as_str())
            || matches!(key.as_str(), "uniqueItems" | "x-kubernetes-validations")
    });
    let kept: serde_json::Map<_, _> = kept.map(|(key, it)| (key.clone(), it.clone())).collect();
    if kept.is_empty() {
        return None;
    }
    let one_of = kept.get("enum").and_then(Value::as_array);
    Some(Box::new(Rules {
        one_of: one_of.cloned().unwrap_or_default(),
        schema: Some(Value::Object(kept)),
    }))
}

#[cfg(test)]
pub(in crate::crd) mod tests;
