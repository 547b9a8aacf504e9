//! Percent-encoding, as in Go's `net/url`.

/// Undoes the percent-encoding of a path.
///
/// # Errors
/// Gives Go's text.
pub(super) fn decode_path(path: &str) -> Result<String, String> {
    decode(path.as_bytes(), false)
}

/// A path as it stands in a URL.
pub(super) fn encode_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(byte.into()),
            b'-' | b'_' | b'.' | b'~' | b'/' | b'$' | b'&' | b'+' | b':' | b'=' | b'@' => {
                out.push(byte.into());
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Undoes the encoding; what is no UTF-8 then is replaced.
///
/// # Errors
/// Gives Go's text.
pub(super) fn decode(text: &[u8], plus_is_space: bool) -> Result<String, String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'%' => {
                let digits = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
                let byte = digits
                    .filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                let Some(byte) = byte else {
                    let shown = &after[..after.len().min(2)];
                    let shown = format!("%{}", String::from_utf8_lossy(shown));
                    return Err(format!(
                        "invalid URL escape {}",
                        crate::config::quote(&shown)
                    ));
                };
                decoded.push(byte);
                rest = &after[2..];
            }
            b'+' if plus_is_space => decoded.push(b' '),
            byte => decoded.push(*byte),
        }
    }
    Ok(String::from_utf8(decoded)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
