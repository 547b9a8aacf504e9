//! Values that hold no others: read from a token of JSON into their one spelling.

use serde_json::Value;

use super::bytes::{from_base64, to_base64};
use super::canon;
use super::time;
use crate::quantity::Quantity;
use crate::schema::Shape;

/// A token of JSON.
pub(super) enum Token<'t> {
    Null,
    Bool(bool),
    /// A number's literal.
    Number(&'t str),
    /// A text, and what stands between its quotes.
    Text(&'t str, &'t [u8]),
    Array,
    Object,
}

impl Token<'_> {
    /// What Go's errors call it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Token::Null => "null",
            Token::Bool(_) => "bool",
            Token::Number(_) => "number",
            Token::Text(..) => "string",
            Token::Array => "array",
            Token::Object => "object",
        }
    }
}

/// Why a token is no value of a shape.
pub(super) enum LeafError {
    /// It is not of the type; this is what it is. The first of these is told when all is read.
    Type(String),
    /// It is not of the type that the value's own decoder wants; told at once.
    Inner(String, &'static str),
    /// It is of the type, but no value of it; told when all is read.
    Late(String),
    /// The same, told at once.
    Now(String),
}

/// The value of a token; `Null` if there is nothing.
///
/// # Errors
///
/// If it is not of that shape. Shapes that hold other values are not read here.
pub(super) fn read(shape: &Shape, token: &Token<'_>) -> Result<Value, LeafError> {
    match shape {
        Shape::Quantity => quantity(token),
        Shape::IntOrString => int_or_string(token),
        Shape::Duration => duration(token),
        _ if matches!(token, Token::Null) => Ok(Value::Null),
        Shape::Time => moment(token, false),
        Shape::MicroTime => moment(token, true),
        Shape::Bool => match token {
            Token::Bool(value) => Ok(Value::Bool(*value)),
            _ => Err(mismatch(token)),
        },
        Shape::Int32 => integer(token, true).map_err(LeafError::Type),
        Shape::Int64 => integer(token, false).map_err(LeafError::Type),
        Shape::Double => double(token),
        Shape::Bytes => bytes(token),
        _ => match token {
            Token::Text(text, _) => Ok(Value::String((*text).into())),
            _ => Err(mismatch(token)),
        },
    }
}

fn mismatch(token: &Token<'_>) -> LeafError {
    LeafError::Type(token.word().into())
}

/// A whole number, of 32 or 64 bits; otherwise what the token is.
fn integer(token: &Token<'_>, short: bool) -> Result<Value, String> {
    let Token::Number(literal) = token else {
        return Err(token.word().into());
    };
    let value = literal.parse::<i64>().ok();
    value
        .filter(|value| !short || i32::try_from(*value).is_ok())
        .map(Value::from)
        .ok_or_else(|| format!("number {literal}"))
}

fn double(token: &Token<'_>) -> Result<Value, LeafError> {
    let Token::Number(literal) = token else {
        return Err(mismatch(token));
    };
    let value = literal.parse::<f64>().ok();
    value
        .filter(|value| value.is_finite())
        .map(canon::double)
        .ok_or_else(|| LeafError::Type(format!("number {literal}")))
}

fn bytes(token: &Token<'_>) -> Result<Value, LeafError> {
    let Token::Text(text, _) = token else {
        return Err(mismatch(token));
    };
    let bytes = from_base64(text).map_err(LeafError::Late)?;
    Ok(Value::String(to_base64(&bytes)))
}

/// Bytes of a list of numbers.
///
/// # Errors
///
/// The first number that is no byte.
pub(super) fn from_numbers(numbers: &Value) -> Result<Value, i64> {
    let mut bytes = Vec::new();
    for number in numbers.as_array().into_iter().flatten() {
        let number = number.as_i64().unwrap_or_default();
        bytes.push(u8::try_from(number).map_err(|_| number)?);
    }
    Ok(Value::String(to_base64(&bytes)))
}

fn quantity(token: &Token<'_>) -> Result<Value, LeafError> {
    let text = match token {
        Token::Null => return Ok(Value::Null),
        Token::Bool(true) => "true",
        Token::Bool(false) => "false",
        Token::Number(literal) => literal,
        // Upstream reads what stands between the quotes as it is, escapes and all.
        Token::Text(_, raw) => std::str::from_utf8(raw).unwrap_or("?"),
        Token::Array | Token::Object => "?",
    };
    let value = Quantity::parse(text.trim()).map_err(|error| LeafError::Now(error.to_string()))?;
    Ok(Value::String(value.to_string()))
}

fn int_or_string(token: &Token<'_>) -> Result<Value, LeafError> {
    match token {
        Token::Null => Ok(Value::Null),
        Token::Text(text, _) => Ok(Value::String((*text).into())),
        _ => integer(token, true).map_err(|found| LeafError::Inner(found, "int32")),
    }
}

fn moment(token: &Token<'_>, micro: bool) -> Result<Value, LeafError> {
    let Token::Text(text, _) = token else {
        return Err(LeafError::Inner(token.word().into(), "string"));
    };
    let parsed = if micro {
        time::parse_micro(text)
    } else {
        time::parse(text)
    };
    let moment = parsed.map_err(LeafError::Now)?;
    Ok(print_moment(moment, micro))
}

/// A moment's text; `Null` for Go's zero time.
pub(super) fn print_moment(moment: time::Moment, micro: bool) -> Value {
    match (moment.is_zero(), micro) {
        (true, _) => Value::Null,
        (false, true) => Value::String(moment.print_micro()),
        (false, false) => Value::String(moment.print()),
    }
}

fn duration(token: &Token<'_>) -> Result<Value, LeafError> {
    let text = match token {
        Token::Null => return Ok(Value::Null),
        Token::Text(text, _) => *text,
        _ => return Err(LeafError::Inner(token.word().into(), "string")),
    };
    let nanos = time::parse_duration(text).map_err(LeafError::Now)?;
    Ok(Value::String(time::print_duration(nanos)))
}
