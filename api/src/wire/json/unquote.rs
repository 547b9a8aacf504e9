//! What a JSON text's escapes stand for.

/// The text between the quotes of a literal whose escapes are well formed. Lone surrogates and
/// malformed UTF-8 become U+FFFD.
pub(super) fn unquote(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        plain(&rest[..at], &mut out);
        rest = &rest[at + 1..];
        let Some((escape, after)) = rest.split_first() else {
            return out;
        };
        rest = after;
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (char, used) = unicode(rest);
                out.push(char);
                rest = rest.get(used..).unwrap_or_default();
            }
            other => out.push(char::from(*other)),
        }
    }
    plain(rest, &mut out);
    out
}

/// The character of the digits after `\u`, and how many bytes it took.
fn unicode(rest: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(rest.get(at..at + 4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(0).unwrap_or(0xfffd);
    let pair = (rest.get(4..6) == Some(b"\\u")).then(|| unit(6)).flatten();
    let units = [first, pair.unwrap_or(0)];
    match char::decode_utf16(units).next() {
        Some(Ok(char)) => (char, if char.len_utf16() == 2 { 10 } else { 4 }),
        _ => (char::REPLACEMENT_CHARACTER, 4),
    }
}

fn plain(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for _ in chunk.invalid() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}
