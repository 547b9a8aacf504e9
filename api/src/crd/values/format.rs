//! Formats of texts, as kube-openapi's `strfmt` has them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use regex::Regex;

/// Go's standard encoding is forgiving about the bits that no byte takes.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

const KNOWN: [&str; 26] = [
    "bsonobjectid",
    "byte",
    "cidr",
    "creditcard",
    "date",
    "datetime",
    "duration",
    "email",
    "hexcolor",
    "hostname",
    "ipv4",
    "ipv6",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "password",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
];

/// Whether a format is one that is checked for values of these types; others are left alone.
pub(super) fn applies(types: &[Box<str>], format: &str) -> bool {
    match types {
        [one] => match &**one {
            "string" => known(format),
            "integer" => matches!(format, "int32" | "int64"),
            "number" => matches!(format, "float" | "double"),
            _ => false,
        },
        _ => known(format),
    }
}

/// Whether it is a format of texts; dashes do not count.
pub(super) fn known(format: &str) -> bool {
    KNOWN.binary_search(&&*plain(format)).is_ok()
}

fn plain(format: &str) -> String {
    format.replace('-', "")
}

/// Whether a text is of a known format.
pub(super) fn holds(format: &str, value: &str) -> bool {
    match &*plain(format) {
        "bsonobjectid" => hex(value, &[24]),
        "byte" => BASE64.decode(value).is_ok() && !value.is_empty(),
        "cidr" => cidr(value),
        "creditcard" => credit_card(value),
        "date" => date(value),
        "datetime" => date_time(value),
        "duration" => duration(value),
        "email" => email(value),
        "hexcolor" => hex(value.strip_prefix('#').unwrap_or(value), &[3, 6]),
        "hostname" => hostname(value),
        "ipv4" => {
            // One that is written within an IPv6 address is one, too.
            let within = value.contains('.') && value.parse::<Ipv6Addr>().is_ok();
            within || ipv4(value).is_some()
        }
        "ipv6" => value.parse::<Ipv6Addr>().is_ok(),
        "isbn" => isbn10(value) || isbn13(value),
        "isbn10" => isbn10(value),
        "isbn13" => isbn13(value),
        "k8slongname" => value.len() <= 253 && value.split('.').all(label),
        "k8sshortname" => value.len() <= 63 && label(value),
        "mac" => mac(value),
        "rgbcolor" => rgb(value),
        "ssn" => {
            static SSN: LazyLock<Regex> =
                LazyLock::new(|| regex("^[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}$"));
            SSN.is_match(value)
        }
        "uri" => uri(value),
        "uuid" => uuid(value, None),
        "uuid3" => uuid(value, Some('3')),
        "uuid4" => uuid(value, Some('4')),
        "uuid5" => uuid(value, Some('5')),
        _ => true,
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("it is well formed")
}

fn hex(value: &str, lengths: &[usize]) -> bool {
    lengths.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Leading zeros are allowed, and decimal.
fn ipv4(value: &str) -> Option<Ipv4Addr> {
    let mut bytes = [0; 4];
    let mut parts = value.split('.');
    for byte in &mut bytes {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        *byte = part.parse().ok()?;
    }
    parts.next().is_none().then(|| bytes.into())
}

fn cidr(value: &str) -> bool {
    let Some((address, bits)) = value.split_once('/') else {
        return false;
    };
    let most = if ipv4(address).is_some() {
        32
    } else if address.parse::<Ipv6Addr>().is_ok() {
        128
    } else {
        return false;
    };
    bits.bytes().all(|it| it.is_ascii_digit()) && bits.parse::<u8>().is_ok_and(|it| it <= most)
}

fn mac(value: &str) -> bool {
    let parts: Vec<_> = match value {
        it if it.contains(':') => it.split(':').collect(),
        it if it.contains('-') => it.split('-').collect(),
        it => it.split('.').collect(),
    };
    let size = if value.contains('.') { 4 } else { 2 };
    let bytes = parts.len() * size / 2;
    matches!(bytes, 6 | 8 | 20) && parts.iter().all(|part| hex(part, &[size]))
}

fn uuid(value: &str, version: Option<char>) -> bool {
    static UUID: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?([0-9a-f])[0-9a-f]{3}-?([0-9a-f])[0-9a-f]{3}-?[0-9a-f]{12}$",
        )
    });
    let Some(parts) = UUID.captures(value) else {
        return false;
    };
    let variant = matches!(&parts[2], "8" | "9" | "a" | "b" | "A" | "B");
    match version {
        None => true,
        Some('3') => &parts[1] == "3",
        Some(version) => parts[1].starts_with(version) && variant,
    }
}

fn date(value: &str) -> bool {
    value.len() == 10 && value.parse::<jiff::civil::Date>().is_ok()
}

fn date_time(value: &str) -> bool {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        regex("^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$")
    });
    let lower = value.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(day), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    let Some(time) = TIME.captures(time) else {
        return false;
    };
    date(day) && &time[1] <= "23" && &time[2] <= "59" && &time[3] <= "59"
}

/// Go's durations, and a number with a unit in words: `22 ns`, `3 days`.
fn duration(value: &str) -> bool {
    static GO: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            "^[-+]?(0|([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$",
        )
    });
    static PARTS: LazyLock<Regex> = LazyLock::new(|| regex(r"(-?[0-9]+)\s*([A-Za-zµ]+)"));
    const UNITS: [&str; 24] = [
        "ns",
        "nano",
        "nanosecond",
        "us",
        "µs",
        "micro",
        "microsecond",
        "ms",
        "milli",
        "millisecond",
        "s",
        "sec",
        "second",
        "m",
        "min",
        "minute",
        "h",
        "hr",
        "hour",
        "d",
        "day",
        "w",
        "wk",
        "week",
    ];
    let known = |unit: &str| {
        let one = unit.strip_suffix('s').filter(|it| it.len() > 1);
        UNITS.contains(&unit) || one.is_some_and(|it| UNITS.contains(&it))
    };
    let mut parts = PARTS.captures_iter(value).peekable();
    GO.is_match(value) || (parts.peek().is_some() && parts.all(|it| known(&it[2])))
}

/// An address as in mails, with or without a name before it.
fn email(value: &str) -> bool {
    let value = value.trim();
    let address = match value.strip_suffix('>').and_then(|it| it.rsplit_once('<')) {
        Some((_, address)) => address,
        None => value,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let atoms = |it: &str| {
        it.split('.').all(|atom| {
            let fits =
                |c: char| c.is_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c);
            !atom.is_empty() && atom.chars().all(fits)
        })
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let literal = domain.starts_with('[') && domain.ends_with(']');
    (quoted || atoms(local)) && (literal || atoms(domain))
}

fn hostname(value: &str) -> bool {
    static HOSTNAME: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
        )
    });
    HOSTNAME.is_match(value) && value.len() <= 255 && value.split('.').all(|it| it.len() <= 63)
}

/// A part of a name: letters, digits and dashes within.
fn label(value: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = value.as_bytes();
    bytes
        .iter()
        .all(|byte| alphanumeric(*byte) || *byte == b'-')
        && bytes.first().is_some_and(|byte| alphanumeric(*byte))
        && bytes.last().is_some_and(|byte| alphanumeric(*byte))
}

/// A path from the root, or an address with a scheme.
fn uri(value: &str) -> bool {
    let mut escapes = value.split('%').skip(1);
    let escaped = escapes.all(|it| it.get(..2).is_some_and(|it| hex(it, &[2])));
    let open = value.contains('[') != value.contains(']');
    if !escaped || open || value.chars().any(|c| c.is_ascii_control() || c == ' ') {
        return false;
    }
    if value.starts_with('/') || value == "*" {
        return true;
    }
    let scheme = value.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it))
}

fn rgb(value: &str) -> bool {
    let inner = value
        .strip_prefix("rgb(")
        .and_then(|it| it.strip_suffix(')'));
    let number = |it: &str| (it == "0" || !it.starts_with(['0', '+'])) && it.parse::<u8>().is_ok();
    let parts = inner.unwrap_or_default().split(',').map(str::trim);
    parts.clone().count() == 3 && parts.clone().all(number)
}

/// The digits of a number of a book, which is short.
fn digits(value: &str) -> Option<Vec<u32>> {
    if value.len() > 64 {
        return None;
    }
    let kept = value.chars().filter(|c| !matches!(c, '-' | ' '));
    kept.map(|c| c.to_digit(10)).collect()
}

fn isbn10(value: &str) -> bool {
    let (body, last) = match value.strip_suffix('X') {
        Some(body) => (body, Some(10)),
        None => (value, None),
    };
    let Some(mut all) = digits(body) else {
        return false;
    };
    all.extend(last);
    let sum: u32 = (1..).zip(&all).map(|(at, digit)| at * digit).sum();
    all.len() == 10 && sum.is_multiple_of(11)
}

fn isbn13(value: &str) -> bool {
    let Some(all) = digits(value) else {
        return false;
    };
    let weights = [1, 3].into_iter().cycle();
    let sum: u32 = weights
        .zip(&all)
        .map(|(weight, digit)| weight * digit)
        .sum();
    all.len() == 13 && sum.is_multiple_of(10)
}

/// A number of one of the known issuers whose check digit holds.
fn credit_card(value: &str) -> bool {
    static CARD: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            "^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})$",
        )
    });
    let plain: String = value.chars().filter(char::is_ascii_digit).collect();
    if !CARD.is_match(&plain) {
        return false;
    }
    let sum: u32 = (0..)
        .zip(plain.chars().rev().filter_map(|c| c.to_digit(10)))
        .map(|(at, digit): (u32, u32)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}
