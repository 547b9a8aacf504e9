//! Go string literals: `%q`, on raw bytes.

use std::fmt::Write;

/// The `%q` form: a double-quoted literal, bytes that are not UTF-8 as `\x..`.
#[must_use]
pub fn quote(text: impl AsRef<[u8]>) -> String {
    let bytes = text.as_ref();
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
