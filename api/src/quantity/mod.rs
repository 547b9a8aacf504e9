//! Quantities such as `100m`, `1.5Gi`, `12e6`: parsed, compared, added and printed as Kubernetes does.
//!
//! A quantity is an exact decimal number and the form it is printed in. Amounts that fit are an `i64`
//! times a power of ten; others are arbitrary in size. Nothing below a billionth is kept: it is rounded
//! away from zero. Source: k8s.io/apimachinery, `pkg/api/resource`.

mod amount;
mod decimal;
mod parse;
mod print;

use std::cmp::Ordering;
use std::fmt;

use amount::Amount;
use decimal::Decimal;

/// Why a text is no quantity; the texts are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a number with a suffix.
    #[error(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    /// The number is none, or has more digits than are read.
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    /// There is no such suffix.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// How a quantity is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `12e6`.
    DecimalExponent,
    /// `12Mi`, powers of 1024.
    BinarySi,
    /// `12M`, powers of 1000.
    #[default]
    DecimalSi,
}

/// An amount of something.
#[derive(Clone, Debug)]
pub struct Quantity {
    number: Number,
    format: Format,
    /// The text it was read from, where that is its printed form as well.
    text: Option<Box<str>>,
}

#[derive(Clone, Debug)]
enum Number {
    Small(Amount),
    Big(Decimal),
}

impl Default for Quantity {
    fn default() -> Self {
        Self::new(0, Format::DecimalSi)
    }
}

impl Quantity {
    /// A whole number.
    #[must_use]
    pub fn new(value: i64, format: Format) -> Self {
        Self::scaled(value, 0, format)
    }

    /// A number of thousandths.
    #[must_use]
    pub fn milli(value: i64, format: Format) -> Self {
        Self::scaled(value, -3, format)
    }

    fn scaled(value: i64, scale: i32, format: Format) -> Self {
        Self {
            number: Number::Small(Amount { value, scale }),
            format,
            text: None,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// If the text is none. Beyond upstream's rules, more than 10,000 digits and exponents beyond
    /// ±10,000 are refused, so that no short text costs much.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        parse::parse(text)
    }

    /// How it is printed.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.sign() == Ordering::Equal
    }

    /// How it compares to nothing.
    #[must_use]
    pub fn sign(&self) -> Ordering {
        match &self.number {
            Number::Small(amount) => amount.value.cmp(&0),
            Number::Big(decimal) => decimal.sign(),
        }
    }

    /// The number, if it is a whole one that fits and was not read as a bigger one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.number {
            Number::Small(amount) if amount.scale >= 0 => amount.scaled_up(amount.scale),
            Number::Small(_) | Number::Big(_) => None,
        }
    }

    /// The number, rounded away from zero to a whole one; what does not fit is the nearest `i64`.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.at_scale(0)
    }

    /// The number of thousandths, rounded away from zero; what does not fit is the nearest `i64`.
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.at_scale(-3)
    }

    fn at_scale(&self, scale: i32) -> i64 {
        match &self.number {
            Number::Small(amount) => match amount.at_scale(scale) {
                Some(value) => value,
                None => Decimal::from(*amount).at_scale(scale),
            },
            Number::Big(decimal) => decimal.at_scale(scale),
        }
    }

    /// Adds another one. Nothing takes the other's form of printing.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, false);
    }

    /// Takes another one away. Nothing takes the other's form of printing.
    pub fn sub(&mut self, other: &Self) {
        self.combine(other, true);
    }

    fn combine(&mut self, other: &Self, negate: bool) {
        self.text = None;
        if self.is_zero() {
            self.format = other.format;
        }
        if let (Number::Small(a), Number::Small(b)) = (&self.number, &other.number) {
            let sum = if negate {
                b.negated().and_then(|b| a.plus(b))
            } else {
                a.plus(*b)
            };
            if let Some(sum) = sum {
                self.number = Number::Small(sum);
                return;
            }
        }
        let mut b = other.decimal();
        if negate {
            b.negate();
        }
        self.number = Number::Big(self.decimal().plus(b));
    }

    fn decimal(&self) -> Decimal {
        match &self.number {
            Number::Small(amount) => Decimal::from(*amount),
            Number::Big(decimal) => decimal.clone(),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.number, &other.number) {
            (Number::Small(a), Number::Small(b)) if a.scale == b.scale => a.value.cmp(&b.value),
            _ => self.decimal().compare(&other.decimal()),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => out.write_str(text),
            None => print::print(self, out),
        }
    }
}

#[cfg(test)]
mod tests;
