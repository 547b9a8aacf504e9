//! Names of Go types and fields, for messages that show them.

use crate::schema::{Field, Schema, Shape, Type};

/// The Go name of a type without its package: `PodSpec`.
fn bare(of: &Type) -> &str {
    of.name.rsplit('.').next().unwrap_or_default()
}

/// The Go name of a type with its package: `v1.PodSpec`.
fn qualified(of: &Type) -> &str {
    let mut dots = of.name.rmatch_indices('.').skip(1);
    dots.next().map_or(&*of.name, |(at, _)| &of.name[at + 1..])
}

/// The Go type of a value, as far as the table tells: named strings and maps show as what they are
/// made of.
pub(super) fn go_type(schema: &Schema, shape: &Shape) -> String {
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
        Shape::Map(map) => match map.value.shape {
            Shape::Quantity => "v1.ResourceList".into(),
            ref value => format!("map[string]{}", go_type(schema, value)),
        },
    }
}

/// Go's error of a value that is not of its place's type. The fields lead to the place.
pub(super) fn mismatch<'s>(
    path: impl Iterator<Item = (&'s Type, &'s Field)>,
    found: &str,
    wanted: &str,
) -> String {
    let mut holder = None;
    let mut fields = Vec::new();
    for (of, field) in path {
        fields.extend_from_slice(inlined(of, field));
        fields.push(&field.json);
        holder = Some(of);
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
