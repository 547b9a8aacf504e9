//! Reads the table of built-in kinds.
//!
//! ```text
//! type <name without io.k8s.> [atomic] [<group>/<version>/<Kind> …]
//!  <json name> <number> <shape> [flags]
//!
//! number  8 | 2.1 (field 1 of the message in field 2, which JSON does not show) | 0 (not in protobuf)
//! shape   b i32 i64 f64 s bytes time micro duration quantity intstr raw fields any strings
//!         schema-or-list schema-or-bool schema-or-strings @<type>
//!         []x (atomic list)  [=]x (set)  [key,key]x (list by keys)  {}x (map)  {!}x (atomic map)
//! flags   ! required   ? can be absent in Go   ~ left out of JSON when empty
//!         merge retainKeys replace key:<field> (strategic merge patch)   =<JSON> (default)
//! ```

use super::{Field, Gvk, List, ListKind, Map, Patch, Schema, Shape, Slot, Type};

/// A line of a table that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the table of kinds: {reason}")]
pub struct TableError {
    line: usize,
    reason: String,
}

/// The schema a table describes.
pub(super) fn read(table: &str) -> Result<Schema, TableError> {
    let mut schema = Schema::new();
    let mut current: Option<(Type, Vec<Field>)> = None;
    for (number, line) in table.lines().enumerate() {
        let failed = |reason: String| TableError {
            line: number + 1,
            reason,
        };
        if let Some(head) = line.strip_prefix("type ") {
            finish(&mut schema, current.take());
            current = Some((header(head).map_err(failed)?, Vec::new()));
        } else {
            let (_, fields) = current
                .as_mut()
                .ok_or_else(|| failed("a field before the first type".into()))?;
            fields.push(field(&mut schema, line.trim_start()).map_err(failed)?);
        }
    }
    finish(&mut schema, current);
    Ok(schema)
}

fn finish(schema: &mut Schema, read: Option<(Type, Vec<Field>)>) {
    let Some((head, mut fields)) = read else {
        return;
    };
    fields.sort_by(|a, b| (&a.within, a.number).cmp(&(&b.within, b.number)));
    let mut made = Type::new(&head.name, fields);
    made.kinds = head.kinds;
    made.atomic = head.atomic;
    schema.add(made);
}

fn header(line: &str) -> Result<Type, String> {
    let mut words = line.split(' ');
    let name = words.next().unwrap_or_default();
    let mut made = Type::new(&full(name), Vec::new());
    for word in words {
        if word == "atomic" {
            made.atomic = true;
            continue;
        }
        let mut parts = word.split('/');
        let (Some(group), Some(version), Some(kind)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("{word:?} is no kind"));
        };
        made.kinds.push(Gvk::new(group, version, kind));
    }
    Ok(made)
}

fn full(name: &str) -> String {
    format!("io.k8s.{name}")
}

fn field(schema: &mut Schema, line: &str) -> Result<Field, String> {
    let (line, default) = match line.split_once(" =") {
        Some((line, default)) => (line, Some(default)),
        None => (line, None),
    };
    let mut words = line.split(' ');
    let (Some(json), Some(number), Some(shape)) = (words.next(), words.next(), words.next()) else {
        return Err(format!("{line:?} is no field"));
    };
    let mut path = Vec::new();
    for part in number.split('.') {
        path.push(
            part.parse::<u32>()
                .map_err(|error| format!("{number:?}: {error}"))?,
        );
    }
    let number = path.pop().unwrap_or_default();
    let mut slot = Slot::of(read_shape(schema, shape)?);
    if let Some(default) = default {
        let value =
            serde_json::from_str(default).map_err(|error| format!("{default:?}: {error}"))?;
        slot.default = Some(value);
    }
    let mut made = Field {
        json: json.into(),
        number,
        within: path.into(),
        slot,
        required: false,
        pointer: false,
        omit: false,
        patch: Patch::default(),
    };
    for word in words {
        match word {
            "!" => made.required = true,
            "?" => made.pointer = true,
            "~" => made.omit = true,
            "merge" => made.patch.merge = true,
            "retainKeys" => made.patch.retain_keys = true,
            "replace" => made.patch.replace = true,
            _ => match word.strip_prefix("key:") {
                Some(key) => made.patch.key = Some(key.into()),
                None => return Err(format!("{word:?} is no flag")),
            },
        }
    }
    Ok(made)
}

fn read_shape(schema: &mut Schema, text: &str) -> Result<Shape, String> {
    if let Some(name) = text.strip_prefix('@') {
        return Ok(Shape::Object(schema.reserve(&full(name))));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (keys, item) = rest
            .split_once(']')
            .ok_or_else(|| format!("{text:?} is no list"))?;
        let kind = match keys {
            "" => ListKind::Atomic,
            "=" => ListKind::Set,
            keys => ListKind::Map(keys.split(',').map(Into::into).collect()),
        };
        let item = Slot::of(read_shape(schema, item)?);
        return Ok(Shape::List(Box::new(List { item, kind })));
    }
    if let Some(rest) = text.strip_prefix('{') {
        let (how, value) = rest
            .split_once('}')
            .ok_or_else(|| format!("{text:?} is no map"))?;
        let value = Slot::of(read_shape(schema, value)?);
        let atomic = how == "!";
        return Ok(Shape::Map(Box::new(Map { value, atomic })));
    }
    let props = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    Ok(match text {
        "b" => Shape::Bool,
        "i32" => Shape::Int32,
        "i64" => Shape::Int64,
        "f64" => Shape::Double,
        "s" => Shape::String,
        "bytes" => Shape::Bytes,
        "time" => Shape::Time,
        "micro" => Shape::MicroTime,
        "duration" => Shape::Duration,
        "quantity" => Shape::Quantity,
        "intstr" => Shape::IntOrString,
        "raw" => Shape::Raw,
        "fields" => Shape::Fields,
        "any" => Shape::Any,
        "strings" => Shape::Strings,
        "schema-or-list" => Shape::SchemaOrList(schema.reserve(props)),
        "schema-or-bool" => Shape::SchemaOrBool(schema.reserve(props)),
        "schema-or-strings" => Shape::SchemaOrStrings(schema.reserve(props)),
        _ => return Err(format!("{text:?} is no shape")),
    })
}
