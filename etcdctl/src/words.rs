//! Words of a line that is typed into `txn` or `watch -i`: bare, in `'…'` (as is), or in `"…"` (a
//! Go literal).

use crate::go::quote::unquote;

/// Splits a line; a `"…"` that is no literal is an error in Go's words.
///
/// A quote only counts at the start of a word; an opening quote without its end is passed over.
pub(crate) fn split(line: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&first) = line.get(at) {
        let rest = &line[at..];
        match first {
            b'"' => match double_quoted(rest) {
                Some(len) => {
                    let word = unquote(&rest[..len]);
                    words.push(word.ok_or("invalid syntax")?);
                    at += len;
                }
                None => at += 1,
            },
            b'\'' => match rest[1..].iter().position(|b| *b == b'\'') {
                Some(len) => {
                    words.push(rest[1..=len].to_vec());
                    at += len + 2;
                }
                None => at += 1,
            },
            _ if first.is_ascii_whitespace() => at += 1,
            _ => {
                let end = rest.iter().position(u8::is_ascii_whitespace);
                let len = end.unwrap_or(rest.len());
                words.push(rest[..len].to_vec());
                at += len;
            }
        }
    }
    Ok(words)
}

/// The length of the `"…"` at the start of `text`.
fn double_quoted(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The Go literal at the start of `text`, decoded, and what follows it.
pub(crate) fn literal(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let len = match text.first()? {
        b'"' => double_quoted(text)?,
        b'`' => text[1..].iter().position(|b| *b == b'`')? + 2,
        _ => return None,
    };
    let (literal, rest) = text.split_at_checked(len)?;
    Some((unquote(literal)?, rest))
}
