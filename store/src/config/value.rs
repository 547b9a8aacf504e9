//! The kinds of values a setting can have, and how each is read from a flag or variable.
//!
//! Reading follows Go's `flag` and `strconv`: integers may be written `0x10` or `1_000`,
//! booleans `t` or `TRUE`. The texts of errors are Go's, since people search for them.

use super::gates::Gates;
use super::url::Url;

/// What a setting holds and how its text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`; the flag may stand alone.
    Bool,
    /// A signed number of 64 bits.
    Int,
    /// An unsigned number of 64 bits.
    Uint,
    /// An unsigned number of 32 bits.
    Uint32,
    /// A Go duration.
    Duration,
    /// URLs separated by commas; an empty text leaves the setting as it was.
    Urls,
    /// URLs separated by commas, or `*`.
    Origins,
    /// Texts separated by commas.
    List,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// Some of a few words, separated by commas.
    SomeOf(&'static [&'static str]),
    /// Feature gates.
    Gates,
    /// A flag of long ago: taken with or without `=value`, and without effect.
    Ignored,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, one word of a few, or nothing for ignored flags.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// A signed number.
    Int(i64),
    /// An unsigned number of either width.
    Uint(u64),
    /// Nanoseconds.
    Duration(i64),
    /// URLs, sorted, each once.
    Urls(Vec<Url>),
    /// Texts, in the order given.
    List(Vec<String>),
    /// Feature gates.
    Gates(Gates),
}

/// Whether a flag of this kind stands without a value.
#[must_use]
pub fn is_switch(kind: Kind) -> bool {
    matches!(kind, Kind::Bool | Kind::Ignored)
}

/// Reads `text` as a value of `kind`; `current` is what the setting held before.
///
/// # Errors
/// Gives Go's text for the fault, without the name of the flag.
pub fn parse(kind: Kind, text: &str, current: Option<&Value>) -> Result<Value, String> {
    match kind {
        Kind::Text | Kind::Ignored => Ok(Value::Text(text.into())),
        Kind::Bool => parse_bool(text)
            .map(Value::Bool)
            .ok_or_else(|| "parse error".into()),
        Kind::Int => match parse_int(text) {
            Ok(number) => Ok(Value::Int(number)),
            Err(fault) => Err(fault.short().into()),
        },
        Kind::Uint => match parse_uint(text, u64::MAX) {
            Ok(number) => Ok(Value::Uint(number)),
            Err(fault) => Err(fault.short().into()),
        },
        Kind::Uint32 => match parse_uint(text, u64::from(u32::MAX)) {
            Ok(number) => Ok(Value::Uint(number)),
            Err(fault) => Err(format!(
                "strconv.ParseUint: parsing {}: {}",
                super::quote(text),
                fault.long()
            )),
        },
        Kind::Duration => super::duration::parse(text)
            .map(Value::Duration)
            .map_err(|_| "parse error".into()),
        Kind::Urls | Kind::Origins => urls(kind, text, current),
        Kind::List => Ok(Value::List(split(text))),
        Kind::OneOf(words) => match words.contains(&text) {
            true => Ok(Value::Text(text.into())),
            false => Err("invalid value".into()),
        },
        Kind::SomeOf(words) => match text.split(',').find(|word| !words.contains(word)) {
            Some(word) => Err(format!("invalid value {}", super::quote(word))),
            None => Ok(Value::Text(text.into())),
        },
        Kind::Gates => {
            let mut gates = match current {
                Some(Value::Gates(gates)) => gates.clone(),
                _ => Gates::default(),
            };
            gates.set(text)?;
            Ok(Value::Gates(gates))
        }
    }
}

/// Reads a list of URLs; texts that a kind lets through unread keep what was set before.
fn urls(kind: Kind, text: &str, current: Option<&Value>) -> Result<Value, String> {
    let keep = if kind == Kind::Origins { "*" } else { "" };
    let urls = if text == keep {
        None
    } else {
        Some(Url::parse_list(text)?)
    };
    Ok(match (kind, urls) {
        (Kind::Origins, None) => Value::List(vec!["*".into()]),
        (Kind::Origins, Some(urls)) => Value::List(urls.iter().map(Url::to_string).collect()),
        (_, Some(urls)) => Value::Urls(urls),
        (_, None) => current.cloned().unwrap_or(Value::Urls(Vec::new())),
    })
}

/// The parts of a text separated by commas, each once; none for an empty text.
fn split(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        if !parts.iter().any(|known| known == part) {
            parts.push(part.into());
        }
    }
    parts
}

/// Reads a boolean in any of the spellings Go knows.
#[must_use]
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Why a number could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberFault {
    Syntax,
    Range,
}

impl NumberFault {
    /// Go's `flag` says it this way.
    fn short(self) -> &'static str {
        match self {
            NumberFault::Syntax => "parse error",
            NumberFault::Range => "value out of range",
        }
    }

    /// Go's `strconv` says it this way.
    fn long(self) -> &'static str {
        match self {
            NumberFault::Syntax => "invalid syntax",
            NumberFault::Range => "value out of range",
        }
    }
}

/// Reads a signed number of 64 bits.
fn parse_int(text: &str) -> Result<i64, NumberFault> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let number = parse_uint(digits, u64::MAX)?;
    let signed = if negative {
        0i64.checked_sub_unsigned(number)
    } else {
        i64::try_from(number).ok()
    };
    signed.ok_or(NumberFault::Range)
}

/// Reads an unsigned number up to `max`, in base 10 or with the prefix of another base.
fn parse_uint(text: &str, max: u64) -> Result<u64, NumberFault> {
    let lower = text.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    let digits = digits.replace('_', "");
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return Err(NumberFault::Syntax);
    }
    match u64::from_str_radix(&digits, base) {
        Ok(number) if number <= max => Ok(number),
        _ => Err(NumberFault::Range),
    }
}
