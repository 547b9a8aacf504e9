//! Go string literals: `%q` and its inverse, on raw bytes.

use std::fmt::Write;

/// The `%q` form: a double-quoted literal, bytes that are not UTF-8 as `\x..`.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_char(&mut out, c);
        }
        for b in chunk.invalid() {
            push_formatted(&mut out, format_args!("\\x{b:02x}"));
        }
    }
    out.push('"');
    out
}

fn push_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes any text");
}

fn push_char(out: &mut String, c: char) {
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
        ' '..='~' => out.push(c),
        '\0'..='\u{1f}' | '\u{7f}' => push_formatted(out, format_args!("\\x{:02x}", c as u32)),
        _ if is_printable(c) => out.push(c),
        _ if (c as u32) < 0x1_0000 => push_formatted(out, format_args!("\\u{:04x}", c as u32)),
        _ => push_formatted(out, format_args!("\\U{:08x}", c as u32)),
    }
}

/// Letters, marks, numbers, punctuation and symbols; of the spaces only U+0020. Rust's own escaping
/// draws the same line, except for combining marks, which Rust escapes and Go prints.
fn is_printable(c: char) -> bool {
    if c.is_whitespace() {
        return false;
    }
    let combining = matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20f0}' | '\u{fe00}'..='\u{fe0f}');
    combining || c.escape_debug().count() == 1
}

/// The bytes of a Go literal in double quotes or back quotes, or `None` if it is not one.
pub(crate) fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let (&first, rest) = literal.split_first()?;
    let (&last, body) = rest.split_last()?;
    if first != last {
        return None;
    }
    match first {
        b'`' => {
            (!body.contains(&b'`')).then(|| body.iter().copied().filter(|b| *b != b'\r').collect())
        }
        b'"' => unescape(body),
        _ => None,
    }
}

fn unescape(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    while let Some((&b, rest)) = body.split_first() {
        body = rest;
        match b {
            b'"' | b'\n' => return None,
            b'\\' => body = escape(body, &mut out)?,
            _ => out.push(b),
        }
    }
    Some(out)
}

/// Reads one escape after its backslash and returns what follows it.
fn escape<'a>(body: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&kind, rest) = body.split_first()?;
    let simple = match kind {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'"' => b'"',
        b'x' => {
            out.push(u8::try_from(digits(rest, 2, 16)?).ok()?);
            return rest.get(2..);
        }
        b'0'..=b'7' => {
            out.push(u8::try_from(digits(body, 3, 8)?).ok()?);
            return body.get(3..);
        }
        b'u' | b'U' => {
            let len = if kind == b'u' { 4 } else { 8 };
            let c = char::from_u32(digits(rest, len, 16)?)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            return rest.get(len..);
        }
        _ => return None,
    };
    out.push(simple);
    Some(rest)
}

fn digits(text: &[u8], len: usize, radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(text.get(..len)?).ok()?;
    if !text.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(text, radix).ok()
}
