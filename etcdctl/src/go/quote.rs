//! Go string literals: `%q` and its inverse, on raw bytes.

pub(crate) use store::config::quote;

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
