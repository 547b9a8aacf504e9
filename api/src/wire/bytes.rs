//! Bytes as base64, by the rules and in the words of Go's `encoding/base64`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Go's standard encoding: padded, but forgiving about the bits that no byte takes.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes of a base64 text; line breaks in it do not count.
///
/// # Errors
///
/// Go's text, if it is none.
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, String> {
    let joined: Cow<'_, [u8]> = if text.bytes().any(is_break) {
        text.bytes().filter(|byte| !is_break(*byte)).collect()
    } else {
        text.as_bytes().into()
    };
    BASE64.decode(&joined).map_err(|_| {
        let at = fault(text.as_bytes());
        format!("illegal base64 data at input byte {at}")
    })
}

/// Bytes as base64.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Where Go sees that a text is no base64.
fn fault(text: &[u8]) -> usize {
    let mut letters = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| !is_break(**byte));
    // How many letters of a group of four were read.
    let mut group = 0;
    while let Some((at, byte)) = letters.next() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/') {
            group = (group + 1) % 4;
            continue;
        }
        if *byte != b'=' || group < 2 {
            return at;
        }
        if group == 2 {
            match letters.next() {
                None => return text.len(),
                Some((next, b'=')) => return letters.next().map_or(next, |(after, _)| after),
                Some((next, _)) => return next - 1,
            }
        }
        return letters.next().map_or(at, |(after, _)| after);
    }
    text.len() - group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_go_does() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("aGk=", b"hi"),
            ("aG\nk\r=\n", b"hi"),
            ("aGl=", b"hi"),
            ("/+8=", b"\xff\xef"),
        ] {
            assert_eq!(from_base64(text).as_deref(), Ok(bytes), "{text:?}");
        }
        assert_eq!(to_base64(b"hi"), "aGk=");
    }

    #[test]
    fn what_is_no_base64_is_told_where_go_sees_it() {
        for (text, at) in [
            ("*", 0),
            ("ab", 0),
            ("abc", 0),
            ("abcde", 4),
            ("abcdefg", 4),
            ("ab=", 3),
            ("ab=c", 2),
            ("=", 0),
            ("a===", 1),
            ("ab==c", 4),
            ("abc=d", 4),
            ("ab\n*", 3),
            ("ab\nc", 1),
            ("abcd====", 4),
            ("ab-_", 2),
        ] {
            let error = from_base64(text).unwrap_err();
            assert_eq!(
                error,
                format!("illegal base64 data at input byte {at}"),
                "{text:?}"
            );
        }
    }
}
