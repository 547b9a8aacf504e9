//! A decimal number of any size.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use super::amount::Amount;

/// `value × 10^scale`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    pub(super) value: BigInt,
    pub(super) scale: i32,
}

impl From<Amount> for Decimal {
    fn from(amount: Amount) -> Self {
        Self {
            value: amount.value.into(),
            scale: amount.scale,
        }
    }
}

impl Decimal {
    pub(super) fn sign(&self) -> Ordering {
        match self.value.sign() {
            Sign::Minus => Ordering::Less,
            Sign::NoSign => Ordering::Equal,
            Sign::Plus => Ordering::Greater,
        }
    }

    pub(super) fn negate(&mut self) {
        self.value = -std::mem::take(&mut self.value);
    }

    /// The number in units of `10^scale`: itself if it has no finer digits, otherwise rounded away from
    /// zero. The second tells whether nothing was lost.
    pub(super) fn rounded(self, scale: i32) -> (Self, bool) {
        if self.scale >= scale {
            return (self, true);
        }
        let divisor = power(scale.saturating_sub(self.scale));
        let mut value = &self.value / &divisor;
        let exact = &value * &divisor == self.value;
        if !exact {
            match self.sign() {
                Ordering::Less => value -= 1,
                Ordering::Equal | Ordering::Greater => value += 1,
            }
        }
        (Self { value, scale }, exact)
    }

    /// The number in units of `10^scale`, rounded away from zero, bounded by what an `i64` holds.
    pub(super) fn at_scale(&self, scale: i32) -> i64 {
        let (rounded, _) = self.clone().rounded(scale);
        let value = rounded.value * power(rounded.scale.saturating_sub(scale));
        let bound = match value.sign() {
            Sign::Minus => i64::MIN,
            Sign::NoSign | Sign::Plus => i64::MAX,
        };
        i64::try_from(value).unwrap_or(bound)
    }

    /// Both in the finer of their units.
    fn aligned(mut self, mut other: Self) -> (Self, Self) {
        let scale = self.scale.min(other.scale);
        for of in [&mut self, &mut other] {
            if of.scale > scale {
                of.value *= power(of.scale.saturating_sub(scale));
                of.scale = scale;
            }
        }
        (self, other)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        let (a, b) = self.aligned(other);
        Self {
            value: a.value + b.value,
            scale: a.scale,
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let signs = self.sign().cmp(&other.sign());
        if signs != Ordering::Equal || self.sign() == Ordering::Equal {
            return signs;
        }
        let (a, b) = self.clone().aligned(other.clone());
        a.value.cmp(&b.value)
    }

    /// The same number with no factor of ten in `value`.
    pub(super) fn reduced(mut self) -> Self {
        if self.sign() == Ordering::Equal {
            return self;
        }
        // In big steps first, so that a number of many zeros is not divided once for each.
        for step in [1000, 100, 10, 1] {
            let divisor = power(step);
            loop {
                let value = &self.value / &divisor;
                if &value * &divisor != self.value {
                    break;
                }
                self.value = value;
                self.scale = self.scale.saturating_add(step);
            }
        }
        self
    }
}

/// Ten to this power; the exponents that are read are bounded.
pub(super) fn power(exponent: i32) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(0))
}
