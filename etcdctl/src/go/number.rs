//! `strconv`'s number and boolean parsers, with their error sentences.

use super::quote::quote;

/// `ParseInt(text, base, 64)`. Base 0 takes the base from a prefix (`0x`, `0o`, `0b`, `0`) and
/// allows `_`.
pub(crate) fn parse_int(text: &[u8], base: u32) -> Result<i64, String> {
    let syntax = || format!("strconv.ParseInt: parsing {}: invalid syntax", quote(text));
    let plain = std::str::from_utf8(text).map_err(|_| syntax())?;
    let (negative, digits) = match plain.as_bytes().first() {
        Some(b'-') => (true, &plain[1..]),
        Some(b'+') => (false, &plain[1..]),
        _ => (false, plain),
    };
    let (radix, digits) = if base == 0 {
        prefix(digits)
    } else {
        (base, digits.to_owned())
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(syntax());
    }
    let magnitude = u64::from_str_radix(&digits, radix).ok();
    let limit = i64::MAX.unsigned_abs() + u64::from(negative);
    match magnitude {
        Some(m) if m <= limit && negative => Ok((m as i64).wrapping_neg()),
        Some(m) if m <= limit => Ok(m as i64),
        _ => Err(format!(
            "strconv.ParseInt: parsing {}: value out of range",
            quote(text)
        )),
    }
}

/// `ParseUint(text, base, 64)`: as [`parse_int`], but no sign is taken.
pub(crate) fn parse_uint(text: &[u8], base: u32) -> Result<u64, String> {
    let fail = |why: &str| format!("strconv.ParseUint: parsing {}: {why}", quote(text));
    let plain = std::str::from_utf8(text).map_err(|_| fail("invalid syntax"))?;
    let (radix, digits) = match base {
        0 => prefix(plain),
        _ => (base, plain.to_owned()),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(fail("invalid syntax"));
    }
    u64::from_str_radix(&digits, radix).map_err(|_| fail("value out of range"))
}

fn prefix(digits: &str) -> (u32, String) {
    let lower = digits.to_ascii_lowercase();
    let (radix, rest) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    let joined = rest.replace('_', "");
    // An underscore must stand between two digits, or after the prefix.
    let broken =
        rest.ends_with('_') || rest.contains("__") || (radix == 10 && rest.starts_with('_'));
    (radix, if broken { String::new() } else { joined })
}

/// `ParseBool`: 1 t T TRUE true True and their opposites.
pub(crate) fn parse_bool(text: &[u8]) -> Result<bool, String> {
    match text {
        b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Ok(true),
        b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Ok(false),
        _ => Err(format!(
            "strconv.ParseBool: parsing {}: invalid syntax",
            quote(text)
        )),
    }
}
