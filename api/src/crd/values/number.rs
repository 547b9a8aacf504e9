//! Bounds of numbers. Those of whole numbers are whole: fractions of bounds are cut off, as upstream does.

use serde_json::{Number, Value};

use super::compile::Node;
use super::run::Outcome;
use crate::status::text;

pub(super) fn check(node: &Node, name: &str, given: &Number, out: &mut Outcome) {
    range(node, name, given, out);
    if let Some(factor) = node.multiple_of {
        multiple(name, given, factor, out);
    }
    let value = Value::Number(given.clone());
    if let Some(least) = node.minimum {
        let wrong = beyond(given, least, node.exclusive_minimum, |a, b| a < b);
        if wrong {
            let words = if node.exclusive_minimum {
                "greater than"
            } else {
                "greater than or equal to"
            };
            let rest = format!("should be {words} {}", bound(given, least));
            out.invalid(name, value.clone(), &rest);
        }
    }
    if let Some(most) = node.maximum {
        let wrong = beyond(given, most, node.exclusive_maximum, |a, b| a > b);
        if wrong {
            let words = if node.exclusive_maximum {
                "less than"
            } else {
                "less than or equal to"
            };
            let rest = format!("should be {words} {}", bound(given, most));
            out.invalid(name, value, &rest);
        }
    }
}

/// Whether a number lies past a bound, or on it where that is not allowed.
fn beyond(given: &Number, bound: f64, exclusive: bool, past: fn(f64, f64) -> bool) -> bool {
    if let Some(integer) = given.as_i64() {
        let whole = cut(bound);
        let order = integer.cmp(&whole);
        // The comparison of two signs stands for that of the numbers, exactly.
        return past(f64::from(order as i8), 0.0) || (exclusive && order.is_eq());
    }
    let value = given.as_f64().unwrap_or_default();
    past(value, bound) || (exclusive && value == bound)
}

#[allow(clippy::cast_possible_truncation, reason = "cut off, as upstream does")]
fn cut(value: f64) -> i64 {
    value as i64
}

/// A bound as it is told beside this number.
fn bound(given: &Number, value: f64) -> String {
    if given.as_i64().is_some() {
        return cut(value).to_string();
    }
    Number::from_f64(value).map_or_else(String::new, |it| text::number(&it))
}

fn multiple(name: &str, given: &Number, factor: f64, out: &mut Outcome) {
    let value = Value::Number(given.clone());
    let shown = bound(given, factor);
    let (positive, fits) = match given.as_i64() {
        Some(integer) => {
            let factor = cut(factor);
            (factor > 0, factor > 0 && integer % factor == 0)
        }
        None => {
            let float = given.as_f64().unwrap_or_default();
            let times = if factor < 1.0 {
                1.0 / factor * float
            } else {
                float / factor
            };
            (factor > 0.0, (times - times.round()).abs() < 1e-9)
        }
    };
    if !positive {
        let detail = format!("factor MultipleOf declared for {name} must be positive: {shown}");
        let factor = Number::from_f64(factor).map_or(Value::Null, Value::Number);
        out.add(
            crate::status::field::Kind::Invalid,
            name,
            Some(factor),
            detail,
        );
    } else if !fits {
        out.invalid(name, value, &format!("should be a multiple of {shown}"));
    }
}

/// Numbers that are too great for their format; upstream tells them without a path.
fn range(node: &Node, name: &str, given: &Number, out: &mut Outcome) {
    let [of] = &node.types[..] else {
        return;
    };
    let value = given.as_f64().unwrap_or_default();
    let fits = match (&**of, node.format.as_deref()) {
        ("integer", Some("int32")) => given.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
        ("integer", _) => given.as_i64().is_some(),
        ("number", Some("float")) => value.abs() <= f64::from(f32::MAX),
        _ => true,
    };
    if fits {
        return;
    }
    let format = match node.format.as_deref() {
        Some(format) => format!("with format {format}"),
        None => "(default format)".into(),
    };
    let detail = format!("Checked value must be of type {of} {format} in {name}");
    out.add(
        crate::status::field::Kind::Invalid,
        "",
        Some("".into()),
        detail,
    );
}
