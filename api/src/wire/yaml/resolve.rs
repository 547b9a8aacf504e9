//! What a scalar stands for, by YAML 1.1 as go-yaml has it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::fault::fault;
use crate::wire::DecodeError;

/// What a scalar stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'t> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond those.
    Unsigned(u64),
    Float(f64),
    Text(Cow<'t, str>),
}

const TAGS: &str = "tag:yaml.org,2002:";

/// What a scalar with such a tag stands for.
///
/// # Errors
///
/// If it does not fit its tag.
pub(super) fn tagged<'t>(
    text: &'t str,
    tag: Option<&str>,
    is_plain: bool,
) -> Result<Scalar<'t>, DecodeError> {
    let Some(tag) = tag else {
        return Ok(if is_plain {
            plain(text)
        } else {
            Scalar::Text(text.into())
        });
    };
    let wanted = tag.strip_prefix(TAGS).unwrap_or(tag);
    let found = plain(text);
    let fits = match (wanted, &found) {
        ("binary", _) => {
            let bytes = STANDARD
                .decode(text)
                .map_err(|_| fault("!!binary value contains invalid base64 data"))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            return Ok(Scalar::Text(text.into()));
        }
        ("float", Scalar::Int(value)) => {
            #[allow(clippy::cast_precision_loss, reason = "it is asked for")]
            return Ok(Scalar::Float(*value as f64));
        }
        ("null", found) => *found == Scalar::Null,
        ("bool", found) => matches!(found, Scalar::Bool(_)),
        ("int", found) => matches!(found, Scalar::Int(_) | Scalar::Unsigned(_)),
        ("float", found) => matches!(found, Scalar::Float(_)),
        // Any other tag is text.
        _ => return Ok(Scalar::Text(text.into())),
    };
    if fits {
        return Ok(found);
    }
    let kind = match found {
        Scalar::Null => "null",
        Scalar::Bool(_) => "bool",
        Scalar::Int(_) | Scalar::Unsigned(_) => "int",
        Scalar::Float(_) => "float",
        Scalar::Text(_) => "str",
    };
    Err(fault(format!(
        "cannot decode !!{kind} `{text}` as a !!{wanted}"
    )))
}

/// What a scalar without tag and quotes stands for.
pub(super) fn plain(text: &str) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' => float(text),
        b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.into()))
}

fn number(text: &str) -> Option<Scalar<'_>> {
    let plain: Cow<'_, str> = if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    let (negative, digits) = match plain.as_bytes().first() {
        Some(b'-') => (true, &plain[1..]),
        Some(b'+') => (false, &plain[1..]),
        _ => (false, &*plain),
    };
    integer(negative, digits, plain.starts_with('+')).or_else(|| float(&plain))
}

/// An integer in base 10, or 16, 8 or 2 by its prefix.
fn integer(negative: bool, digits: &str, signed: bool) -> Option<Scalar<'static>> {
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = u64::from_str_radix(digits, base).ok()?;
    if negative {
        let value = 0_i64.checked_sub_unsigned(value)?;
        return Some(Scalar::Int(value));
    }
    match i64::try_from(value) {
        Ok(value) => Some(Scalar::Int(value)),
        // Go's unsigned integers have no sign.
        Err(_) if signed => None,
        Err(_) => Some(Scalar::Unsigned(value)),
    }
}

/// `1`, `1.`, `1.5`, `.5`, with or without sign and exponent.
fn float<'t>(text: &str) -> Option<Scalar<'t>> {
    let numeric = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let value = text.parse::<f64>().ok().filter(|_| numeric)?;
    value.is_finite().then_some(Scalar::Float(value))
}
