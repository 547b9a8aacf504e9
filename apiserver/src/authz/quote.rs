//! Strings as Go's `%q` shows them; they stand in texts that clients see.

use std::fmt::Write as _;

/// A string in quotes (Go's `strconv.Quote`).
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            ' '..='~' => shown.push(c),
            '\u{7}' => shown.push_str("\\a"),
            '\u{8}' => shown.push_str("\\b"),
            '\u{c}' => shown.push_str("\\f"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\u{b}' => shown.push_str("\\v"),
            c if is_printable(c) => shown.push(c),
            c => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..=0x1f | 0x7f => write!(shown, "\\x{code:02x}"),
                    0x80..=0xffff => write!(shown, "\\u{code:04x}"),
                    _ => write!(shown, "\\U{code:08x}"),
                };
            }
        }
    }
    shown.push('"');
    shown
}

/// A list of strings as `%q` shows it: `["a" "b"]`.
pub(crate) fn quoted_list<S: AsRef<str>>(texts: &[S]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(" "))
}

/// Whether a character beyond ASCII shows. Behind another character marks that combine show, too.
fn is_printable(c: char) -> bool {
    let mut text = String::from("x");
    text.push(c);
    !c.is_control() && text.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::{quoted, quoted_list};

    #[test]
    fn strings_look_as_in_go() {
        assert_eq!(quoted("a\"b\\c\n\t"), r#""a\"b\\c\n\t""#);
        assert_eq!(quoted("\u{1}\u{7f}\u{85}"), r#""\x01\x7f\u0085""#);
        assert_eq!(quoted("ü世e\u{301}"), "\"ü世e\u{301}\"");
        assert_eq!(quoted("\u{a0}\u{e0001}"), r#""\u00a0\U000e0001""#);
        assert_eq!(quoted_list(&["a", "b c"]), r#"["a" "b c"]"#);
        assert_eq!(quoted_list::<&str>(&[]), "[]");
    }
}
