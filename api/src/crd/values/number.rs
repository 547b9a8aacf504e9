//! Bounds of numbers. Those of whole numbers are whole: fractions of bounds are cut off, as upstream does.

use serde_json::{Number, Value};

use super::compile::Node;
use super::run::Outcome;
use crate::status::field::Kind;
use crate::status::text;

pub(super) fn check(node: &Node, name: &str, given: &Number, out: &mut Outcome) {
    within(node, name, given, "Checked", out);
    if let Some(factor) = node.multiple_of {
        let factor = Bound::new(node, name, given, factor, "MultipleOf", out);
        multiple(name, given, &factor, out);
    }
    if let Some(least) = node.minimum {
        let least = Bound::new(node, name, given, least, "Minimum boundary", out);
        if least.passed(given, node.exclusive_minimum, |a, b| a < b) {
            let words = if node.exclusive_minimum {
                "greater than"
            } else {
                "greater than or equal to"
            };
            let rest = format!("should be {words} {}", least.shown());
            out.invalid(name, Value::Number(given.clone()), &rest);
        }
    }
    if let Some(most) = node.maximum {
        let most = Bound::new(node, name, given, most, "Maximum boundary", out);
        if most.passed(given, node.exclusive_maximum, |a, b| a > b) {
            let words = if node.exclusive_maximum {
                "less than"
            } else {
                "less than or equal to"
            };
            let rest = format!("should be {words} {}", most.shown());
            out.invalid(name, Value::Number(given.clone()), &rest);
        }
    }
}

/// Whether a number is another one once it is made of that one's type: whole, or not.
pub(super) fn as_other(given: &Number, other: &Number) -> bool {
    match (given.as_i64(), other.as_i64()) {
        (None, Some(other)) => given.as_f64().is_some_and(|it| cut(it) == other),
        _ => given.as_f64() == other.as_f64(),
    }
}

/// A bound as it is compared to a number: whole if the number is.
enum Bound {
    Whole(i64),
    Float(f64),
}

impl Bound {
    /// One that the type cannot have is told, and compared as it is.
    fn new(
        node: &Node,
        name: &str,
        given: &Number,
        value: f64,
        what: &str,
        out: &mut Outcome,
    ) -> Self {
        const MOST: f64 = 9_223_372_036_854_775_808.0;
        let whole = value.fract() == 0.0 && (-MOST..MOST).contains(&value);
        let number = match Number::from_f64(value) {
            Some(float) if !whole => float,
            _ => Number::from(cut(value)),
        };
        let fits = within(node, name, &number, what, out);
        if fits && given.as_i64().is_some() {
            Self::Whole(cut(value))
        } else {
            Self::Float(value)
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Whole(value) => value.to_string(),
            Self::Float(value) => {
                Number::from_f64(*value).map_or_else(String::new, |it| text::number(&it))
            }
        }
    }

    /// Whether a number lies past the bound, or on it where that is not allowed.
    fn passed(&self, given: &Number, exclusive: bool, past: fn(f64, f64) -> bool) -> bool {
        match (self, given.as_i64()) {
            (Self::Whole(bound), Some(value)) => {
                // The comparison of two signs stands for that of the numbers, exactly.
                let order = value.cmp(bound);
                past(f64::from(order as i8), 0.0) || (exclusive && order.is_eq())
            }
            (Self::Whole(_), None) => false,
            (Self::Float(bound), _) => {
                let value = given.as_f64().unwrap_or_default();
                past(value, *bound) || (exclusive && value == *bound)
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "cut off, as upstream does")]
fn cut(value: f64) -> i64 {
    value as i64
}

fn multiple(name: &str, given: &Number, factor: &Bound, out: &mut Outcome) {
    let (positive, fits, shown) = match (factor, given.as_i64()) {
        (Bound::Whole(factor), Some(integer)) => {
            let positive = *factor > 0;
            (
                positive,
                positive && integer % factor == 0,
                (*factor).into(),
            )
        }
        (Bound::Whole(_), None) => return,
        (Bound::Float(factor), _) => {
            let float = given.as_f64().unwrap_or_default();
            let times = if *factor < 1.0 {
                1.0 / factor * float
            } else {
                float / factor
            };
            let shown = Number::from_f64(*factor).map_or(Value::Null, Value::Number);
            (*factor > 0.0, (times - times.round()).abs() < 1e-9, shown)
        }
    };
    if !positive {
        let detail = format!(
            "factor MultipleOf declared for {name} must be positive: {}",
            factor.shown()
        );
        out.add(Kind::Invalid, name, Some(shown), detail);
    } else if !fits {
        let rest = format!("should be a multiple of {}", factor.shown());
        out.invalid(name, Value::Number(given.clone()), &rest);
    }
}

/// Whether a number is one of the type and format. Upstream tells those that are not without a path.
fn within(node: &Node, name: &str, given: &Number, what: &str, out: &mut Outcome) -> bool {
    let [of] = &node.types[..] else {
        return true;
    };
    let value = given.as_f64().unwrap_or_default();
    let fits = match (&**of, node.format.as_deref()) {
        ("integer", Some("int32")) => given.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
        ("integer", _) => given.as_i64().is_some(),
        ("number", Some("float")) => value.abs() <= f64::from(f32::MAX),
        _ => true,
    };
    if fits {
        return true;
    }
    let format = match node.format.as_deref() {
        Some(format) => format!("with format {format}"),
        None => "(default format)".into(),
    };
    let detail = format!("{what} value must be of type {of} {format} in {name}");
    out.add(Kind::Invalid, "", Some("".into()), detail);
    false
}
