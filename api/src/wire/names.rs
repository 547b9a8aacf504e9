//! Names of Go types and fields, for messages that show them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::schema::{Field, Schema, Shape, Type, TypeId};

/// The Go types of fields that the table of kinds does not tell, because they have names of their own:
/// by type and JSON name. `cargo xtask kinds` makes them.
static NAMED: LazyLock<HashMap<(&str, &str), &str>> = LazyLock::new(|| {
    let lines = include_str!("names.txt").lines();
    let words = lines.filter_map(|line| {
        let mut words = line.split(' ');
        Some(((words.next()?, words.next()?), words.next()?))
    });
    words.collect()
});

/// A step from a value into one that it holds.
pub(super) enum Step<'s, 'a> {
    Field(&'s Type, &'s Field),
    Key(Cow<'a, str>),
    Index(usize),
}

/// The Go name of a type without its package: `PodSpec`.
fn bare(of: &Type) -> &str {
    of.name.rsplit('.').next().unwrap_or_default()
}

/// The Go name of a type with its package: `v1.PodSpec`.
fn qualified(of: &Type) -> &str {
    let mut dots = of.name.rmatch_indices('.').skip(1);
    dots.next().map_or(&*of.name, |(at, _)| &of.name[at + 1..])
}

/// The Go type of a value, as far as the table of kinds tells.
fn go_type(schema: &Schema, shape: &Shape) -> String {
    match shape {
        Shape::Bool => "bool".into(),
        Shape::Int32 => "int32".into(),
        Shape::Int64 => "int64".into(),
        Shape::Double => "float64".into(),
        Shape::String => "string".into(),
        Shape::Bytes => "[]uint8".into(),
        Shape::Time => "v1.Time".into(),
        Shape::MicroTime => "v1.MicroTime".into(),
        Shape::Duration => "v1.Duration".into(),
        Shape::Quantity => "resource.Quantity".into(),
        Shape::IntOrString => "intstr.IntOrString".into(),
        Shape::Raw => "runtime.RawExtension".into(),
        Shape::Fields => "v1.FieldsV1".into(),
        Shape::Any => "v1.JSON".into(),
        Shape::Strings => "v1.ExtraValue".into(),
        Shape::SchemaOrList(_) => "v1.JSONSchemaPropsOrArray".into(),
        Shape::SchemaOrBool(_) => "v1.JSONSchemaPropsOrBool".into(),
        Shape::SchemaOrStrings(_) => "v1.JSONSchemaPropsOrStringArray".into(),
        Shape::Object(id) => qualified(schema.get(*id)).into(),
        Shape::List(list) => format!("[]{}", go_type(schema, &list.item.shape)),
        Shape::Map(map) => format!("map[string]{}", go_type(schema, &map.value.shape)),
    }
}

/// The Go type of the place that a path leads to from an object of type `root`.
pub(super) fn place(schema: &Schema, root: TypeId, path: &[Step<'_, '_>]) -> String {
    let below = path
        .iter()
        .rev()
        .take_while(|step| !matches!(step, Step::Field(..)))
        .count();
    let last = path
        .len()
        .checked_sub(below + 1)
        .and_then(|at| path.get(at));
    let Some(Step::Field(of, field)) = last else {
        return go_type(schema, &Shape::Object(root));
    };
    let named = of.name.strip_prefix("io.k8s.").and_then(|name| {
        let named = NAMED.get(&(name, &*field.json))?;
        Some((*named).to_owned())
    });
    let mut shape = field.slot.shape.clone();
    let mut name = named.unwrap_or_else(|| go_type(schema, &shape));
    for _ in 0..below {
        shape = item(shape);
        name = match name.strip_prefix("[]").or_else(|| after_key(&name)) {
            Some(item) => item.trim_start_matches('*').to_owned(),
            None => go_type(schema, &shape),
        };
    }
    name
}

/// `value` of `map[key]value`.
fn after_key(name: &str) -> Option<&str> {
    Some(name.strip_prefix("map[")?.split_once(']')?.1)
}

/// What a list or map holds.
fn item(shape: Shape) -> Shape {
    match shape {
        Shape::List(list) => list.item.shape,
        Shape::Map(map) => map.value.shape,
        Shape::SchemaOrList(id) => Shape::Object(id),
        Shape::Strings | Shape::SchemaOrStrings(_) => Shape::String,
        other => other,
    }
}

/// Go's error of a value that is not of the type of the place that a path leads to.
pub(super) fn mismatch(path: &[Step<'_, '_>], found: &str, wanted: &str) -> String {
    let mut holder = None;
    let mut fields = Vec::new();
    for step in path {
        if let Step::Field(of, field) = step {
            fields.extend_from_slice(inlined(of, field));
            fields.push(&field.json);
            holder = Some(of);
        }
    }
    match holder {
        Some(of) => format!(
            "json: cannot unmarshal {found} into Go struct field {}.{} of type {wanted}",
            bare(of),
            fields.join(".")
        ),
        None => format!("json: cannot unmarshal {found} into Go value of type {wanted}"),
    }
}

/// The Go names of the structs that a field's JSON is inlined from, outermost first; the table tells
/// only their numbers.
fn inlined(of: &Type, field: &Field) -> &'static [&'static str] {
    if field.number == 0 && field.within.is_empty() && matches!(&*field.json, "apiVersion" | "kind")
    {
        return &["TypeMeta"];
    }
    match (bare(of), &*field.within) {
        (_, []) => &[],
        ("NamedRuleWithOperations", [2, 2]) => &["RuleWithOperations", "Rule"],
        ("NamedRuleWithOperations", _) => &["RuleWithOperations"],
        ("RuleWithOperations", _) => &["Rule"],
        ("EphemeralContainer", _) => &["EphemeralContainerCommon"],
        ("PersistentVolumeSpec", _) => &["PersistentVolumeSource"],
        ("Probe", _) => &["ProbeHandler"],
        ("Volume", _) => &["VolumeSource"],
        ("IngressRule", _) => &["IngressRuleValue"],
        (
            "DeviceAllocationConfiguration"
            | "DeviceClaimConfiguration"
            | "DeviceClassConfiguration",
            _,
        ) => &["DeviceConfiguration"],
        _ => &["LocalObjectReference"],
    }
}
