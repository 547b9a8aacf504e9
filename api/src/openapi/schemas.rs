//! The schemas of built-in types.
//!
//! Source: upstream's OpenAPI documents, whose defaults follow a rule: what is written even when it is
//! empty has its zero value as the default, and so has every object that cannot be absent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Descriptions;
use crate::schema::{Field, List, ListKind, Patch, Schema, Shape, Slot, Type, TypeId, builtin};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// The types and all that they refer to, by name.
pub(super) fn reached(
    roots: &BTreeSet<TypeId>,
    descriptions: &dyn Descriptions,
) -> BTreeMap<String, Value> {
    let schema = builtin();
    let mut made = BTreeMap::new();
    let mut waiting: Vec<TypeId> = roots.iter().copied().collect();
    let mut seen = roots.clone();
    while let Some(id) = waiting.pop() {
        let of = schema.get(id);
        let mut refers = Refers {
            schema,
            types: Vec::new(),
            named: BTreeSet::new(),
        };
        let value = component(of, descriptions, &mut refers);
        made.insert(of.name.to_string(), value);
        waiting.extend(refers.types.into_iter().filter(|id| seen.insert(*id)));
        for name in refers.named {
            let value = special(name).unwrap_or_else(|| json!({"type": "object"}));
            made.entry(name.to_owned()).or_insert(value);
        }
    }
    made
}

/// Where in a document a schema stands.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The types that are made of one value in JSON.
fn special(name: &str) -> Option<Value> {
    Some(match name.rsplit('.').next()? {
        "Time" | "MicroTime" => json!({"type": "string", "format": "date-time"}),
        "Duration" => json!({"type": "string"}),
        "Quantity" => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        "IntOrString" => {
            json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]})
        }
        "JSON"
        | "JSONSchemaPropsOrArray"
        | "JSONSchemaPropsOrBool"
        | "JSONSchemaPropsOrStringArray" => json!({}),
        _ => return None,
    })
}

struct Refers<'a> {
    schema: &'a Schema,
    types: Vec<TypeId>,
    named: BTreeSet<&'static str>,
}

impl Refers<'_> {
    fn object(&mut self, id: TypeId) -> Value {
        self.types.push(id);
        reference(&self.schema.get(id).name)
    }

    fn named(&mut self, name: &'static str) -> Value {
        self.named.insert(name);
        reference(name)
    }
}

fn component(of: &Type, descriptions: &dyn Descriptions, refers: &mut Refers<'_>) -> Value {
    let mut made = Map::new();
    if let Some(text) = descriptions.kind(&of.name) {
        made.insert("description".into(), text.into());
    }
    made.insert("type".into(), "object".into());
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &of.fields {
        let text = descriptions.field(&of.name, &field.json);
        let mut made = property(field, text, refers);
        // The items of a list of objects are not merged.
        let is_list = of.kinds.iter().any(|kind| kind.kind.ends_with("List"));
        if &*field.json == "items"
            && is_list
            && let Some(made) = made.as_object_mut()
        {
            made.remove("x-kubernetes-list-type");
        }
        properties.insert(field.json.to_string(), made);
        if field.required {
            required.push(&*field.json);
        }
    }
    if !properties.is_empty() {
        made.insert("properties".into(), properties.into());
    }
    if !required.is_empty() {
        made.insert("required".into(), required.into());
    }
    if of.atomic {
        made.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    if of.preserve {
        made.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
    }
    if !of.kinds.is_empty() {
        let kinds = of.kinds.iter().map(
            |kind| json!({"group": &*kind.group, "version": &*kind.version, "kind": &*kind.kind}),
        );
        made.insert("x-kubernetes-group-version-kind".into(), kinds.collect());
    }
    made.into()
}

fn property(field: &Field, description: Option<&str>, refers: &mut Refers<'_>) -> Value {
    let mut more = Map::new();
    if let Some(text) = description {
        more.insert("description".into(), text.into());
    }
    if let Some(default) = default(field) {
        more.insert("default".into(), default);
    }
    patch(&mut more, &field.patch);
    let schema = slot(&field.slot, refers);
    if more.is_empty() {
        return schema;
    }
    match schema {
        // Nothing may stand beside a reference.
        Value::Object(schema) if schema.contains_key("$ref") => {
            more.insert("allOf".into(), json!([schema]));
        }
        Value::Object(schema) => more.extend(schema),
        _ => {}
    }
    more.into()
}

fn default(field: &Field) -> Option<Value> {
    if field.slot.default.is_some() {
        return field.slot.default.clone();
    }
    if field.pointer {
        return None;
    }
    match field.slot.shape {
        Shape::Object(_) => Some(json!({})),
        _ if field.omit => None,
        Shape::String => Some("".into()),
        Shape::Int32 | Shape::Int64 | Shape::Double => Some(0.into()),
        Shape::Bool => Some(false.into()),
        _ => None,
    }
}

fn patch(into: &mut Map<String, Value>, of: &Patch) {
    let strategies = [
        (of.merge, "merge"),
        (of.retain_keys, "retainKeys"),
        (of.replace, "replace"),
    ];
    let strategies = strategies.iter().filter(|(on, _)| *on);
    let strategies: Vec<&str> = strategies.map(|(_, name)| *name).collect();
    if !strategies.is_empty() {
        let strategies = strategies.join(",");
        into.insert("x-kubernetes-patch-strategy".into(), strategies.into());
    }
    if let Some(key) = &of.key {
        into.insert("x-kubernetes-patch-merge-key".into(), key.as_ref().into());
    }
}

fn slot(slot: &Slot, refers: &mut Refers<'_>) -> Value {
    match &slot.shape {
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int32 => json!({"type": "integer", "format": "int32"}),
        Shape::Int64 => json!({"type": "integer", "format": "int64"}),
        Shape::Double => json!({"type": "number", "format": "double"}),
        Shape::String => json!({"type": "string"}),
        Shape::Bytes => json!({"type": "string", "format": "byte"}),
        Shape::Time => refers.named("io.k8s.apimachinery.pkg.apis.meta.v1.Time"),
        Shape::MicroTime => refers.named("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"),
        Shape::Duration => refers.named("io.k8s.apimachinery.pkg.apis.meta.v1.Duration"),
        Shape::Quantity => refers.named("io.k8s.apimachinery.pkg.api.resource.Quantity"),
        Shape::IntOrString => refers.named("io.k8s.apimachinery.pkg.util.intstr.IntOrString"),
        Shape::Raw => refers.named("io.k8s.apimachinery.pkg.runtime.RawExtension"),
        Shape::Fields => refers.named("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1"),
        Shape::Any => refers.named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"),
        Shape::Strings => json!({"type": "array", "items": {"type": "string"}}),
        Shape::SchemaOrList(id) => {
            refers.types.push(*id);
            refers.named(
                "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
            )
        }
        Shape::SchemaOrBool(id) => {
            refers.types.push(*id);
            refers.named(
                "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
            )
        }
        Shape::SchemaOrStrings(id) => {
            refers.types.push(*id);
            refers.named(
                "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
            )
        }
        Shape::Object(id) => refers.object(*id),
        Shape::List(list) => array(list, refers),
        Shape::Map(map) => {
            let mut made = Map::new();
            made.insert("type".into(), "object".into());
            let values = self::slot(&map.value, refers);
            made.insert("additionalProperties".into(), values);
            if map.atomic {
                made.insert("x-kubernetes-map-type".into(), "atomic".into());
            }
            made.into()
        }
    }
}

fn array(list: &List, refers: &mut Refers<'_>) -> Value {
    let mut made = Map::new();
    made.insert("type".into(), "array".into());
    made.insert("items".into(), slot(&list.item, refers));
    let kind = match &list.kind {
        ListKind::Atomic => "atomic",
        ListKind::Set => "set",
        ListKind::Map(keys) => {
            let keys: Value = keys.iter().map(|key| &**key).collect();
            made.insert("x-kubernetes-list-map-keys".into(), keys);
            "map"
        }
    };
    made.insert("x-kubernetes-list-type".into(), kind.into());
    made.into()
}

/// The name of a type of `meta/v1`.
pub(super) fn meta(name: &str) -> String {
    format!("{META}.{name}")
}
