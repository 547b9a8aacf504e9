//! The time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time; 0 before it began.
#[must_use]
pub fn unix() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}

/// Nanoseconds of Unix time; the end of what fits after 2262.
#[must_use]
pub fn unix_nanos() -> i64 {
    i64::try_from(unix().as_nanos()).unwrap_or(i64::MAX)
}
