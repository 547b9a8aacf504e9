//! Text to quantity.

use num_bigint::BigInt;

use super::amount::Amount;
use super::decimal::Decimal;
use super::{Format, Number, Quantity, QuantityError};

/// So many digits of an `i64` are never too many.
const SAFE_DIGITS: usize = 18;
/// More digits than this are refused.
const MOST_DIGITS: usize = 10_000;
/// Exponents further from zero than this are refused.
const MOST_EXPONENT: i64 = 10_000;
/// Finer digits than billionths are not kept.
const NANO: i32 = -9;

/// The parts of a quantity's text.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point without leading zeros, at least one.
    whole: &'a str,
    /// Digits after the point.
    fraction: &'a str,
    suffix: &'a str,
    /// Whether there is a digit at all.
    any: bool,
}

pub(super) fn parse(text: &str) -> Result<Quantity, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Format);
    }
    let parts = split(text)?;
    let (base, exponent, format) = suffix(parts.suffix)?;
    let (whole, fraction) = (parts.whole, parts.fraction);
    if whole.len() + fraction.len() > MOST_DIGITS {
        return Err(QuantityError::Numeric);
    }
    if let Some(small) = small(&parts, text, base, exponent, format) {
        return Ok(small);
    }
    if !parts.any {
        return Err(QuantityError::Numeric);
    }
    big(&parts, base, exponent, format)
}

/// The number, if it surely fits an `i64`.
fn small(
    parts: &Parts<'_>,
    text: &str,
    base: u32,
    exponent: i32,
    format: Format,
) -> Option<Quantity> {
    let (whole, fraction) = (parts.whole, parts.fraction);
    let digits = whole.len() + fraction.len();
    let (mut scale, factor) = match (base, format) {
        (2, _) => {
            // 2^10 has about three decimal digits.
            let taken = whole.len() + usize::try_from(exponent * 3 / 10).ok()? + 1;
            if !fraction.is_empty() || taken > 15 {
                return None;
            }
            (0, 1_i64 << exponent)
        }
        _ if digits > SAFE_DIGITS => return None,
        _ => (exponent, 1),
    };
    scale -= i32::try_from(fraction.len()).ok()?;
    if scale < NANO {
        return None;
    }
    let shifted = whole
        .bytes()
        .chain(fraction.bytes())
        .try_fold(0_i64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
        })?;
    let value = shifted.checked_mul(factor)?;
    let value = if parts.negative { -value } else { value };
    // The text is what would be printed, or near enough for upstream, which prints it as it came.
    let kept = match format {
        Format::BinarySi => shifted & 7 != 0,
        Format::DecimalSi | Format::DecimalExponent => {
            let zeros = (fraction.bytes().rev())
                .chain(whole.bytes().rev())
                .take(3)
                .take_while(|digit| *digit == b'0')
                .count();
            scale % 3 == 0 && zeros < 3 && !whole.starts_with('0')
        }
    };
    Some(Quantity {
        number: Number::Small(Amount { value, scale }),
        format,
        text: (kept || text == "0").then(|| text.into()),
    })
}

fn big(
    parts: &Parts<'_>,
    base: u32,
    exponent: i32,
    mut format: Format,
) -> Result<Quantity, QuantityError> {
    let mut digits = String::with_capacity(parts.whole.len() + parts.fraction.len());
    digits.push_str(parts.whole);
    digits.push_str(parts.fraction);
    let mut value: BigInt = digits.parse().map_err(|_| QuantityError::Numeric)?;
    let places = i32::try_from(parts.fraction.len()).map_err(|_| QuantityError::Numeric)?;
    let mut scale = -places;
    if base == 2 {
        value <<= exponent;
    } else {
        scale += exponent;
    }
    let (mut number, _) = Decimal { value, scale }.rounded(NANO);
    if format == Format::BinarySi {
        let most = Decimal::from(Amount {
            value: i64::MAX,
            scale: 0,
        });
        let one = Decimal::from(Amount { value: 1, scale: 0 });
        if number.compare(&most).is_gt() {
            number = most;
        }
        if number.compare(&one).is_lt() && number.sign().is_gt() {
            format = Format::DecimalSi;
        }
    }
    if parts.negative {
        number.negate();
    }
    Ok(Quantity {
        number: Number::Big(number),
        format,
        text: None,
    })
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let (negative, rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, rest) = rest.split_at(digits(rest));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    let any = !(whole.is_empty() && fraction.is_empty());
    let stripped = whole.trim_start_matches('0');
    let letters = rest
        .bytes()
        .take_while(|byte| b"eEinumkKMGTP".contains(byte))
        .count();
    let mut end = letters;
    if matches!(rest.as_bytes().get(end), Some(b'-' | b'+')) {
        end += 1;
    }
    if end + digits(&rest[end..]) != rest.len() {
        return Err(QuantityError::Format);
    }
    Ok(Parts {
        negative,
        whole: if stripped.is_empty() { "0" } else { stripped },
        fraction,
        suffix: rest,
        any,
    })
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Base, exponent and form of a suffix.
fn suffix(text: &str) -> Result<(u32, i32, Format), QuantityError> {
    let decimal = |exponent| Ok((10, exponent, Format::DecimalSi));
    let binary = |exponent| Ok((2, exponent, Format::BinarySi));
    match text {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent = text
                .strip_prefix(['e', 'E'])
                .and_then(|exponent| exponent.parse::<i64>().ok())
                .filter(|exponent| exponent.abs() <= MOST_EXPONENT)
                .and_then(|exponent| i32::try_from(exponent).ok())
                .ok_or(QuantityError::Suffix)?;
            Ok((10, exponent, Format::DecimalExponent))
        }
    }
}
