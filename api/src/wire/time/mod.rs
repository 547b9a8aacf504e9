//! Moments and durations as Go reads and prints them.

mod duration;
mod layout;

pub(super) use duration::{parse as parse_duration, print as print_duration};

use std::fmt::Write;

/// Seconds of the year 1, Go's zero time, from 1970.
const ZERO: i64 = -62_135_596_800;
const DAY: i64 = 86_400;

/// A moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Seconds since 1970.
    pub(super) seconds: i64,
    /// Nanoseconds from 0 to 999,999,999.
    pub(super) nanos: u32,
}

impl Moment {
    /// Whether this is Go's zero time, which JSON shows as `null`.
    pub(super) fn is_zero(self) -> bool {
        self.seconds == ZERO && self.nanos == 0
    }

    /// `2006-01-02T15:04:05Z`.
    pub(super) fn print(self) -> String {
        let mut out = String::with_capacity(28);
        self.put(&mut out);
        out.push('Z');
        out
    }

    /// `2006-01-02T15:04:05.000000Z`.
    pub(super) fn print_micro(self) -> String {
        let mut out = String::with_capacity(28);
        self.put(&mut out);
        // Writing to a string does not fail.
        let _ = write!(out, ".{:06}Z", self.nanos / 1000);
        out
    }

    fn put(self, out: &mut String) {
        let (year, month, day) = civil(self.seconds.div_euclid(DAY));
        let rest = self.seconds.rem_euclid(DAY);
        let sign = if year < 0 { "-" } else { "" };
        let _ = write!(
            out,
            "{sign}{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            year.abs(),
            rest / 3600,
            rest / 60 % 60,
            rest % 60
        );
    }
}

/// Reads what Kubernetes' `Time` reads: RFC 3339, with or without fractions of a second.
///
/// # Errors
///
/// Go's text, if it is none.
pub(super) fn parse(text: &str) -> Result<Moment, String> {
    layout::parse(text, false)
}

/// Reads what Kubernetes' `MicroTime` reads: RFC 3339 with six digits after the point.
///
/// # Errors
///
/// Go's text, if it is none.
pub(super) fn parse_micro(text: &str) -> Result<Moment, String> {
    layout::parse(text, true)
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March, so that the leap day is the last one; eras of 400 years.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
