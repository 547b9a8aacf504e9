//! Patterns in Go's syntax (RE2), as the `regex` crate wants them.

use regex::{Regex, RegexBuilder};

/// A compiled pattern takes at most so many bytes.
const MOST_BYTES: usize = 10 << 20;

/// Compiles a pattern; the error is the last line of the crate's.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(&translate(pattern))
        .size_limit(MOST_BYTES)
        .build();
    built.map_err(|error| {
        let text = error.to_string();
        text.lines().last().unwrap_or_default().trim().to_owned()
    })
}

/// Go's classes `\d`, `\s`, `\w` hold ASCII only, brackets within brackets stand for themselves unless they
/// name a class, and so do braces that are no repetition.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.char_indices().peekable();
    let mut class = false;
    while let Some((at, c)) = chars.next() {
        let rest = &pattern[at..];
        match c {
            '\\' => {
                let Some((_, escaped)) = chars.next() else {
                    out.push('\\');
                    break;
                };
                match escaped {
                    'd' => out.push_str(if class { "0-9" } else { "[0-9]" }),
                    'w' => out.push_str(if class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                    's' => out.push_str(if class { r"\t\n\f\r " } else { r"[\t\n\f\r ]" }),
                    'D' => out.push_str("[^0-9]"),
                    'W' => out.push_str("[^0-9A-Za-z_]"),
                    'S' => out.push_str(r"[^\t\n\f\r ]"),
                    'b' if !class => out.push_str(r"(?-u:\b)"),
                    'Q' if !class => {
                        let body = &rest[2..];
                        let end = body.find(r"\E").unwrap_or(body.len());
                        out.push_str(&regex::escape(&body[..end]));
                        let until = at + 2 + end + 2;
                        while chars.next_if(|(at, _)| *at < until).is_some() {}
                    }
                    '<' | '>' => out.push(escaped),
                    other => {
                        out.push('\\');
                        out.push(other);
                    }
                }
            }
            '[' if !class => {
                class = true;
                out.push('[');
                if let Some((_, negated)) = chars.next_if(|(_, c)| *c == '^') {
                    out.push(negated);
                }
                // A bracket that comes first stands for itself.
                if chars.next_if(|(_, c)| *c == ']').is_some() {
                    out.push_str(r"\]");
                }
            }
            '[' => match rest.starts_with("[:").then(|| rest.find(":]")).flatten() {
                Some(end) => {
                    out.push_str(&rest[..end + 2]);
                    let until = at + end + 2;
                    while chars.next_if(|(at, _)| *at < until).is_some() {}
                }
                None => out.push_str(r"\["),
            },
            ']' if class => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            '-' if class && rest.starts_with("--") => {
                chars.next();
                out.push_str(r"-\-");
            }
            '{' if !class && !repeats(rest) => out.push_str(r"\{"),
            c => out.push(c),
        }
    }
    out
}

/// Whether a text begins with `{2}`, `{2,}` or `{2,3}`.
fn repeats(text: &str) -> bool {
    let Some((inner, _)) = text[1..].split_once('}') else {
        return false;
    };
    let number = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    match inner.split_once(',') {
        Some((low, high)) => number(low) && (high.is_empty() || number(high)),
        None => number(inner),
    }
}
