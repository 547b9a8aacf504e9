//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds of Unix time; 0 before it, and the end of it after 2262.
#[must_use]
pub fn unix_nanos() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    i64::try_from(now).unwrap_or(i64::MAX)
}
