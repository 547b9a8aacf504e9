//! Single values: how Go prints them after it has read them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::quantity::Quantity;
use crate::schema::Shape;

/// The canonical form of a single value; nothing if the value is of another sort, an error if it is of the
/// right one but cannot be read.
pub(super) fn canonical(shape: &Shape, value: &Value) -> Option<Result<Value, String>> {
    match (shape, value) {
        (Shape::Bool, Value::Bool(_)) | (Shape::String, Value::String(_)) | (Shape::Double, Value::Number(_)) => {
            Some(Ok(value.clone()))
        }
        (Shape::Int32, Value::Number(number)) => {
            let whole = number.as_i64().filter(|whole| i32::try_from(*whole).is_ok())?;
            Some(Ok(whole.into()))
        }
        (Shape::Int64, Value::Number(number)) => Some(Ok(number.as_i64()?.into())),
        (Shape::IntOrString, Value::String(_)) => Some(Ok(value.clone())),
        (Shape::IntOrString, Value::Number(number)) => {
            let whole = number.as_i64().filter(|whole| i32::try_from(*whole).is_ok())?;
            Some(Ok(whole.into()))
        }
        (Shape::Bytes, Value::String(text)) => Some(match BASE64_STANDARD.decode(text) {
            Ok(bytes) => Ok(BASE64_STANDARD.encode(bytes).into()),
            Err(_) => Err(format!("illegal base64 data at input byte {}", illegal_at(text))),
        }),
        (Shape::Quantity, Value::String(text)) => Some(quantity(text)),
        (Shape::Quantity, Value::Number(number)) => Some(quantity(&number.to_string())),
        (Shape::Time, Value::String(text)) => Some(moment(text).map(|at| time(at).into())),
        (Shape::MicroTime, Value::String(text)) => Some(moment(text).map(|at| micro_time(at).into())),
        (Shape::Duration, Value::String(text)) => Some(Ok(text.as_str().into())),
        _ => None,
    }
}

fn quantity(text: &str) -> Result<Value, String> {
    Quantity::parse(text)
        .map(|quantity| quantity.to_string().into())
        .map_err(|error| error.to_string())
}

/// Where base64 is broken, as Go counts.
fn illegal_at(text: &str) -> usize {
    let is_legal = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/');
    let at = text.bytes().position(|letter| !is_legal(letter));
    at.unwrap_or(text.len() / 4 * 4)
}

pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\"")
    })
}

/// To the second.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// To the microsecond.
pub(super) fn micro_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// A duration as Go prints it: `1h2m3.5s`.
pub(super) fn duration(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let left = nanos.unsigned_abs();
    let fraction = |value: u64, unit: u64, digits: usize| {
        let text = format!("{}.{:0digits$}", value / unit, value % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if left < 1_000 {
        return format!("{sign}{left}ns");
    }
    if left < 1_000_000 {
        return format!("{sign}{}µs", fraction(left, 1_000, 3));
    }
    if left < 1_000_000_000 {
        return format!("{sign}{}ms", fraction(left, 1_000_000, 6));
    }
    let (hours, rest) = (left / 3_600_000_000_000, left % 3_600_000_000_000);
    let (minutes, rest) = (rest / 60_000_000_000, rest % 60_000_000_000);
    let seconds = fraction(rest, 1_000_000_000, 9);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// A duration in nanoseconds.
pub(super) fn nanos(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        sum += number
            * match &rest[..end] {
                "ns" => 1.0,
                "us" | "µs" | "μs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Some((sign * sum) as i64)
}
