//! An `i64` times a power of ten.

/// `value × 10^scale`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    pub(super) value: i64,
    pub(super) scale: i32,
}

impl Amount {
    /// `value × 10^by`, if it fits.
    pub(super) fn scaled_up(self, by: i32) -> Option<i64> {
        if self.value == 0 {
            return Some(0);
        }
        let by = u32::try_from(by).ok()?;
        self.value.checked_mul(10_i64.checked_pow(by)?)
    }

    /// The number in units of `10^scale`, rounded away from zero, if it fits.
    pub(super) fn at_scale(self, scale: i32) -> Option<i64> {
        if self.scale >= scale {
            return self.scaled_up(self.scale.checked_sub(scale)?);
        }
        Some(self.rounded(scale).0)
    }

    /// The number in units of `10^scale`, which is not below its own, rounded away from zero, and
    /// whether nothing was lost.
    pub(super) fn rounded(self, scale: i32) -> (i64, bool) {
        let by = u32::try_from(scale.saturating_sub(self.scale)).unwrap_or(0);
        let Some(divisor) = 10_i64.checked_pow(by) else {
            return (self.value.signum(), self.value == 0);
        };
        let (whole, rest) = (self.value / divisor, self.value % divisor);
        (whole + rest.signum(), rest == 0)
    }

    pub(super) fn negated(self) -> Option<Self> {
        Some(Self {
            value: self.value.checked_neg()?,
            scale: self.scale,
        })
    }

    /// The sum in the finer of the two units, if it fits.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        if other.value == 0 {
            return Some(self);
        }
        if self.value == 0 {
            return Some(other);
        }
        let scale = self.scale.min(other.scale);
        let value = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Some(Self { value, scale })
    }

    /// The same number with no factor of ten in `value`.
    pub(super) fn reduced(mut self) -> Self {
        while self.value != 0 && self.value % 10 == 0 {
            self.value /= 10;
            self.scale += 1;
        }
        self
    }
}
