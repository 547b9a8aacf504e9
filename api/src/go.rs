//! How Go prints values, where clients see it: in error texts, in annotations, in keys of managed fields.
//!
//! A whole number that fits 64 bits is Go's `int64`, every other number its `float64`.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// A number as Go's decoder holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Num {
    /// `int64`.
    Int(i64),
    /// `float64`.
    Float(f64),
}

/// What Go's decoder makes of a number.
pub(crate) fn num(number: &Number) -> Num {
    match number.as_i64() {
        Some(int) => Num::Int(int),
        None => Num::Float(number.as_f64().unwrap_or(f64::MAX)),
    }
}

/// The name of a value's type (`%T`).
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) => match num(number) {
            Num::Int(_) => "int64",
            Num::Float(_) => "float64",
        },
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as `%v` prints it: `map[a:1 b:[x y]]`.
pub(crate) fn plain(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, Verb::Plain);
    out
}

/// A map as `%v` prints it.
pub(crate) fn plain_map(map: &Map<String, Value>) -> String {
    let mut out = String::new();
    write_map(&mut out, map, Verb::Plain);
    out
}

/// A list as `%v` prints it.
pub(crate) fn plain_list(list: &[Value]) -> String {
    let mut out = String::new();
    write_list(&mut out, list, Verb::Plain);
    out
}

/// A value as `%s` prints it: what is no text is marked, `%!s(int64=5)`.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, Verb::Text);
    out
}

/// A value as `%#v` prints it: in Go's own syntax.
pub(crate) fn syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".into(),
        Value::Bool(_) => plain(value),
        Value::Number(number) => match num(number) {
            Num::Int(int) => int.to_string(),
            Num::Float(float) => float_plain(float),
        },
        Value::String(text) => quote(text),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let pair =
                |(key, value): (&String, &Value)| format!("{}:{}", quote(key), syntax(value));
            let items: Vec<String> = map.iter().map(pair).collect();
            format!("map[string]interface {{}}{{{}}}", items.join(", "))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Plain,
    Text,
}

fn write(out: &mut String, value: &Value, verb: Verb) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(list) => write_list(out, list, verb),
        Value::Object(map) => write_map(out, map, verb),
        Value::Null if verb == Verb::Plain => out.push_str("<nil>"),
        Value::Null => out.push_str("%!s(<nil>)"),
        Value::Bool(_) | Value::Number(_) => {
            let printed = match value {
                Value::Number(number) => match num(number) {
                    Num::Int(int) => int.to_string(),
                    Num::Float(float) => float_plain(float),
                },
                other => other.to_string(),
            };
            match verb {
                Verb::Plain => out.push_str(&printed),
                Verb::Text => {
                    let _ = write!(out, "%!s({}={printed})", type_name(value));
                }
            }
        }
    }
}

fn write_list(out: &mut String, list: &[Value], verb: Verb) {
    out.push('[');
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        write(out, item, verb);
    }
    out.push(']');
}

fn write_map(out: &mut String, map: &Map<String, Value>, verb: Verb) {
    out.push_str("map[");
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        write(out, value, verb);
    }
    out.push(']');
}

/// A `float64` as `%v` prints it: with an exponent from a million on and below one ten-thousandth.
pub(crate) fn float_plain(float: f64) -> String {
    if float == 0.0 {
        return if float.is_sign_negative() { "-0" } else { "0" }.into();
    }
    if (-4..6).contains(&exponent(float)) {
        float.to_string()
    } else {
        scientific(float)
    }
}

/// The power of ten of the first digit.
fn exponent(float: f64) -> i32 {
    let printed = format!("{float:e}");
    let (_, exponent) = printed.split_once('e').unwrap_or(("", "0"));
    exponent.parse().unwrap_or(0)
}

/// With an exponent of at least two digits and a sign: `1e+06`.
fn scientific(float: f64) -> String {
    let printed = format!("{float:e}");
    let (digits, _) = printed.split_once('e').unwrap_or((&printed, "0"));
    let exponent = exponent(float);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Text in quotation marks (`%q`).
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if c < ' ' || c == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if printable(c) => out.push(c),
            c if u32::from(c) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// Whether Go shows a character as it is (`unicode.IsPrint`); of spaces only the plain one.
pub(crate) fn printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    // What is no letter, mark, number, punctuation or symbol is escaped there, too.
    let escaped = c.escape_debug().len() > 1 && c.escape_unicode().eq(c.escape_debug());
    !escaped && !c.is_whitespace()
}

/// JSON as Go's encoder writes it: keys in order, `<`, `>`, `&` and line separators escaped.
pub(crate) fn json(value: &Value) -> String {
    let mut out = String::new();
    write_json(&mut out, value);
    out
}

fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => match num(number) {
            Num::Int(int) => {
                let _ = write!(out, "{int}");
            }
            Num::Float(float) => out.push_str(&float_json(float)),
        },
        Value::String(text) => json_text(out, text),
        Value::Array(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                json_text(out, key);
                out.push(':');
                write_json(out, value);
            }
            out.push('}');
        }
    }
}

/// Text in JSON with what matters to HTML escaped.
pub(crate) fn json_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{0}'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A `float64` as JSON: with an exponent below a millionth and from 10²¹ on.
fn float_json(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let printed = scientific(float);
        // One digit is enough for a small negative exponent.
        match printed.split_once("e-0") {
            Some((digits, exponent)) => format!("{digits}e-{exponent}"),
            None => printed,
        }
    } else {
        float.to_string()
    }
}

#[cfg(test)]
mod tests;
