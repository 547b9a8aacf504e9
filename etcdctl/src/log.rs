//! Log lines on stderr, one JSON object each, with the keys of etcd's own logger: `level`, `ts`,
//! `logger`, `msg`, then the fields.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::io::Io;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Info,
    Warn,
    Fatal,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Fatal => "fatal",
        }
    }
}

/// A field's value.
pub(crate) type Value = serde_json::Value;

/// Writes one line; an empty `logger` leaves its key out.
pub(crate) fn line(
    out: &mut dyn Write,
    now: SystemTime,
    level: Level,
    logger: &str,
    message: &str,
    fields: &[(&str, Value)],
) -> io::Result<()> {
    write!(
        out,
        "{{\"level\":\"{}\",\"ts\":\"{}\"",
        level.name(),
        stamp(now)
    )?;
    if !logger.is_empty() {
        write!(out, ",\"logger\":{}", Value::from(logger))?;
    }
    write!(out, ",\"msg\":{}", Value::from(message))?;
    for (key, value) in fields {
        write!(out, ",{}:{value}", Value::from(*key))?;
    }
    writeln!(out, "}}")
}

impl Io {
    /// [`line`] on stderr, stamped by this run's clock.
    pub(crate) fn log(
        &mut self,
        level: Level,
        logger: &str,
        message: &str,
        fields: &[(&str, Value)],
    ) -> io::Result<()> {
        let now = (self.clock.wall)();
        line(&mut self.stderr, now, level, logger, message, fields)
    }
}

/// RFC 3339 in UTC with microseconds.
fn stamp(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / 86_400);
    let of_day = since.as_secs() % 86_400;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let micros = since.subsec_micros();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Year, month and day of a day count since 1970-01-01 (proleptic Gregorian, eras of 400 years from
/// 0000-03-01).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}
