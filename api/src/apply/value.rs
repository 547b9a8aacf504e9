//! When values are equal and which comes first, as structured-merge-diff has it.
//!
//! Numbers are compared by what they are worth, be they whole or not. The order of kinds: numbers, texts,
//! booleans, lists, objects, null.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::go::{self, Num};

/// Whether two values are the same.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            compare_numbers(go::num(left), go::num(right)).is_eq()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |((left, l), (right, r)): ((&String, _), (&String, _))| {
                left == right && equal(l, r)
            };
            left.len() == right.len() && left.iter().zip(right).all(same)
        }
        _ => left == right,
    }
}

/// Which of two values comes first.
pub(super) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            compare_numbers(go::num(left), go::num(right))
        }
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => {
            let pairs = left.iter().zip(right).map(|(l, r)| compare(l, r));
            first_of(pairs).then(left.len().cmp(&right.len()))
        }
        (Value::Object(left), Value::Object(right)) => compare_maps(left, right),
        _ => kind(left).cmp(&kind(right)),
    }
}

fn compare_maps(left: &Map<String, Value>, right: &Map<String, Value>) -> Ordering {
    let pairs = left
        .iter()
        .zip(right)
        .map(|((left, l), (right, r))| left.cmp(right).then_with(|| compare(l, r)));
    first_of(pairs).then(left.len().cmp(&right.len()))
}

fn first_of(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    orders
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn compare_numbers(left: Num, right: Num) -> Ordering {
    match (left, right) {
        (Num::Int(left), Num::Int(right)) => left.cmp(&right),
        (left, right) => float(left).total_cmp(&float(right)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "Go compares them so")]
fn float(number: Num) -> f64 {
    let float = match number {
        Num::Int(int) => int as f64,
        Num::Float(float) => float,
    };
    // Zero is zero.
    if float == 0.0 { 0.0 } else { float }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}
