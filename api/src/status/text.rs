//! Values and texts as Go prints them, for messages that clients compare.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// Text in quotes, as Go's `%q` and `strconv.Quote` print it.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            c if printable(c) => out.push(c),
            c => escape(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// Texts in quotes, parted by a comma and a space.
#[must_use]
pub fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quote).collect();
    quoted.join(", ")
}

/// Letters, marks, numbers, punctuation and symbols; both languages take the same categories.
fn printable(c: char) -> bool {
    // A mark is escaped by Rust only at the start of a text, so that it is asked about behind a letter.
    let mut text = [0; 5];
    text[0] = b'x';
    let len = 1 + c.encode_utf8(&mut text[1..]).len();
    str::from_utf8(&text[..len]).is_ok_and(|text| text.escape_debug().nth(1) != Some('\\'))
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    let written = if code < 0x80 {
        write!(out, "\\x{code:02x}")
    } else if code < 0x1_0000 {
        write!(out, "\\u{code:04x}")
    } else {
        write!(out, "\\U{code:08x}")
    };
    written.expect("text takes all");
}

/// A number as Go's `%v` prints an integer or a float64.
#[must_use]
pub fn number(of: &Number) -> String {
    match (of.as_i64(), of.as_u64(), of.as_f64()) {
        (Some(integer), ..) => integer.to_string(),
        (_, Some(integer), _) => integer.to_string(),
        (_, _, Some(float)) => float64(float, 1e-4, 1e6, true),
        _ => of.to_string(),
    }
}

/// A float with an exponent from `most` on and below `least`; `padded` exponents have two digits.
fn float64(value: f64, least: f64, most: f64, padded: bool) -> String {
    let size = value.abs();
    if size == 0.0 || (size >= least && size < most) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    let zero = if padded && exponent.len() < 2 {
        "0"
    } else {
        ""
    };
    format!("{digits}e{sign}{zero}{exponent}")
}

/// A value as `encoding/json` writes it: compact, keys sorted, `<`, `>` and `&` escaped.
#[must_use]
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    write_json(&mut out, value);
    out
}

fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(value) => match value.as_f64() {
            Some(float) if value.is_f64() => out.push_str(&float64(float, 1e-6, 1e21, false)),
            _ => out.push_str(&value.to_string()),
        },
        Value::String(text) => json_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (at, (key, item)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                json_text(out, key);
                out.push(':');
                write_json(out, item);
            }
            out.push('}');
        }
    }
}

fn json_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("text takes all");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
