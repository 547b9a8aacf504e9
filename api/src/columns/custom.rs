//! The columns that the definition of a custom resource names (upstream's `tableconvertor`).

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::column::Column;
use super::get::Get as _;
use super::jsonpath::Path;
use super::{Moment, age};
use crate::status::text;

/// A column whose path cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unrecognized column definition {}", text::quote(path))]
pub struct ColumnError {
    path: String,
}

/// A column and where its cells come from.
#[derive(Clone, Debug)]
pub(super) struct CustomColumn {
    pub(super) column: Column,
    path: Path,
}

/// Those of a list of `additionalPrinterColumns`, up to the first that cannot be read.
pub(super) fn read(definitions: &Value) -> (Vec<CustomColumn>, Option<ColumnError>) {
    let mut columns = Vec::new();
    let definitions = definitions.as_array().map_or(&[][..], Vec::as_slice);
    if definitions.is_empty() {
        let path = Path::parse(".metadata.creationTimestamp").expect("it is well formed");
        let mut column = super::column::AGE;
        column.kind = Cow::Borrowed("date");
        return (vec![CustomColumn { column, path }], None);
    }
    for definition in definitions {
        let path = definition.text("jsonPath");
        let Some(read) = Path::parse(path) else {
            let path = path.to_owned();
            return (columns, Some(ColumnError { path }));
        };
        let owned = |field: &str| Cow::Owned(definition.text(field).to_owned());
        let description = match definition.text("description") {
            "" => format!("Custom resource definition column (in JSONPath format): {path}"),
            description => description.to_owned(),
        };
        columns.push(CustomColumn {
            column: Column {
                name: owned("name"),
                kind: owned("type"),
                format: owned("format"),
                description: Cow::Owned(description),
                priority: i32::try_from(definition.int("priority")).unwrap_or(0),
            },
            path: read,
        });
    }
    (columns, None)
}

/// The cells of an object, its name first.
pub(super) fn cells(columns: &[CustomColumn], object: &Value, moment: &Moment<'_>) -> Vec<Value> {
    let own = columns.iter().map(|column| {
        let found = column.path.first(object);
        found.map_or(Value::Null, |value| {
            cell(&column.column.kind, &value, moment)
        })
    });
    std::iter::once(object.name()).chain(own).collect()
}

fn cell(kind: &str, value: &Value, moment: &Moment<'_>) -> Value {
    match (kind, value) {
        // Go's text of no value at all.
        ("string", Value::Null) => "<no value>".into(),
        ("string", value) => printed(value).into(),
        ("integer", Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.into(),
            #[allow(clippy::cast_possible_truncation, reason = "cut off, as upstream does")]
            (None, Some(float)) => (float as i64).into(),
            _ => Value::Null,
        },
        ("number", Value::Number(number)) => whole(number),
        ("boolean", Value::Bool(it)) => (*it).into(),
        ("date", Value::String(text)) => match text.as_str() {
            "" | "null" => "<unknown>".into(),
            text if text.parse::<jiff::Timestamp>().is_err() => "<invalid>".into(),
            text => age::since(text, moment.now).into(),
        },
        _ => Value::Null,
    }
}

fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => text::number(number),
        value => text::json(value),
    }
}

/// Go writes a whole float without a fraction.
fn whole(number: &Number) -> Value {
    match number.as_f64() {
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
            (float as i64).into()
        }
        _ => number.clone().into(),
    }
}
