//! Quantity to text.

use std::fmt;

use num_bigint::BigInt;

use super::amount::Amount;
use super::decimal::{Decimal, power};
use super::{Format, Number, Quantity};

pub(super) fn print(of: &Quantity, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if of.is_zero() {
        return out.write_str("0");
    }
    if of.format == Format::BinarySi
        && let Some(whole) = binary(of)
    {
        return print_binary(whole, out);
    }
    let exponent = match of.number {
        Number::Small(amount) => print_small(amount, out)?,
        Number::Big(ref decimal) => print_big(decimal.clone(), out)?,
    };
    match of.format {
        Format::DecimalExponent if exponent == 0 => Ok(()),
        Format::DecimalExponent => write!(out, "e{exponent}"),
        // A number beyond the suffixes is printed without one, as upstream does.
        Format::BinarySi | Format::DecimalSi => out.write_str(match exponent {
            -9 => "n",
            -6 => "u",
            -3 => "m",
            3 => "k",
            6 => "M",
            9 => "G",
            12 => "T",
            15 => "P",
            18 => "E",
            _ => "",
        }),
    }
}

/// The number, if powers of 1024 can show it: whole, and not smaller than 1024.
fn binary(of: &Quantity) -> Option<BigInt> {
    let (value, exact) = match &of.number {
        Number::Small(amount) => match amount.at_scale(0) {
            Some(value) => (value.into(), amount.scale >= 0 || amount.rounded(0).1),
            None => (Decimal::from(*amount), true).into_whole(),
        },
        Number::Big(decimal) => decimal.clone().rounded(0).into_whole(),
    };
    (exact && value.magnitude() >= BigInt::from(1024).magnitude()).then_some(value)
}

trait IntoWhole {
    fn into_whole(self) -> (BigInt, bool);
}

impl IntoWhole for (Decimal, bool) {
    fn into_whole(self) -> (BigInt, bool) {
        (self.0.value * power(self.0.scale), self.1)
    }
}

fn print_binary(mut value: BigInt, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut times: u64 = 0;
    // A shift by whole factors of 1024.
    if let Some(zeros) = value.trailing_zeros() {
        times = zeros / 10;
        value >>= times * 10;
    }
    let suffix = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let suffix = usize::try_from(times).ok().and_then(|at| suffix.get(at));
    write!(out, "{value}{}", suffix.copied().unwrap_or_default())
}

fn print_small(amount: Amount, out: &mut fmt::Formatter<'_>) -> Result<i32, fmt::Error> {
    let reduced = amount.reduced();
    let over = reduced.scale.rem_euclid(3);
    let factor = [1, 10, 100][usize::try_from(over).unwrap_or(0)];
    match reduced.value.checked_mul(factor) {
        Some(value) => {
            write!(out, "{value}")?;
            Ok(reduced.scale - over)
        }
        None => print_big(amount.into(), out),
    }
}

fn print_big(decimal: Decimal, out: &mut fmt::Formatter<'_>) -> Result<i32, fmt::Error> {
    let reduced = decimal.reduced();
    let over = reduced.scale.rem_euclid(3);
    write!(out, "{}", reduced.value * power(over))?;
    Ok(reduced.scale - over)
}
