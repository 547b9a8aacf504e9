//! Durations the way Go writes and reads them: `300ms`, `1h30m`, `2h0m0s`.
//!
//! Flags, variables and log lines all use this form. A duration is a signed number of
//! nanoseconds, as in Go, so that a negative one can be told from one too large.

/// Nanoseconds per unit, longest first.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration such as `1h30m`, `-1.5s` or `0`.
///
/// # Errors
/// Gives Go's text for the fault, e.g. `time: missing unit in duration "5"`.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", super::quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(tail) => digits(tail),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, tail) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!(
                "time: missing unit in duration {}",
                super::quote(text)
            ));
        }
        let scale = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, scale)| u128::from(*scale))
            .ok_or_else(|| {
                let (unit, text) = (super::quote(unit), super::quote(text));
                format!("time: unknown unit {unit} in duration {text}")
            })?;
        total = add(total, whole, fraction, scale).ok_or_else(invalid)?;
        rest = tail;
    }
    let limit = i64::MAX.unsigned_abs() + u64::from(negative);
    match u64::try_from(total) {
        Ok(nanos) if nanos <= limit && negative => Ok(0i64.wrapping_sub_unsigned(nanos)),
        Ok(nanos) if nanos <= limit => Ok(nanos.cast_signed()),
        _ => Err(invalid()),
    }
}

/// The leading digits and what follows them.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// `total + whole.fraction * scale`, or nothing if that leaves the range of a duration.
fn add(total: u128, whole: &str, fraction: &str, scale: u128) -> Option<u128> {
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let nanos = whole
        .checked_mul(scale)?
        .checked_add(part(fraction, scale))?;
    total.checked_add(nanos)
}

/// The part of `scale` that the decimal places name, rounded down to whole nanoseconds.
fn part(fraction: &str, scale: u128) -> u128 {
    const PLACES: u128 = 1_000_000_000_000_000_000;
    let mut place = scale * PLACES;
    let mut sum = 0;
    for digit in fraction.bytes() {
        place /= 10;
        sum += u128::from(digit - b'0') * place;
    }
    sum / PLACES
}

/// Writes a duration as Go does: `0s`, `1.5ms`, `2h0m0s`.
#[must_use]
pub fn format(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    if total == 0 {
        return "0s".into();
    }
    let small = [
        (1_000, 1, "ns"),
        (1_000_000, 1_000, "µs"),
        (1_000_000_000, 1_000_000, "ms"),
    ];
    for (below, unit, name) in small {
        if total < below {
            return format!("{sign}{}{name}", decimal(total, unit));
        }
    }
    let seconds = decimal(total % UNITS[6].1, UNITS[5].1);
    let minutes = total / UNITS[6].1;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `value / unit` as a decimal number without trailing zeros.
fn decimal(value: u64, unit: u64) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let places = unit.ilog10() as usize;
    let fraction = format!("{rest:0places$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}
