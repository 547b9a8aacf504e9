//! Moments and how long ago they are.

use jiff::Timestamp;

const SECOND: i128 = 1_000_000_000;

/// A span of nanoseconds in two units at most: `5s`, `3m20s`, `3d4h`, `2y`; `<invalid>` of one that lies
/// more than a second in the future (apimachinery's `duration.HumanDuration`).
#[must_use]
pub fn human_duration(nanoseconds: i128) -> String {
    let seconds = nanoseconds / SECOND;
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    match (seconds, minutes, hours) {
        (..-1, _, _) => "<invalid>".into(),
        (..0, _, _) => "0s".into(),
        (..120, _, _) => format!("{seconds}s"),
        (_, ..10, _) => two(minutes, "m", seconds % 60, "s"),
        (_, ..180, _) => format!("{minutes}m"),
        (_, _, ..8) => two(hours, "h", minutes % 60, "m"),
        (_, _, ..48) => format!("{hours}h"),
        (_, _, ..192) => two(days, "d", hours % 24, "h"),
        (_, _, ..17_520) => format!("{days}d"),
        (_, _, ..70_080) => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

fn two(many: i128, unit: &str, few: i128, smaller: &str) -> String {
    if few == 0 {
        format!("{many}{unit}")
    } else {
        format!("{many}{unit}{few}{smaller}")
    }
}

/// The moment that a text in RFC 3339 tells; `None` of no such text, and of Go's zero time.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if text.is_empty() || text.starts_with("0001-01-01T00:00:00") {
        return None;
    }
    text.parse().ok()
}

/// The time from `then` to `now`; `<unknown>` without one.
pub(super) fn since(then: &str, now: Timestamp) -> String {
    match moment(then) {
        Some(then) => human_duration(now.as_nanosecond() - then.as_nanosecond()),
        None => "<unknown>".into(),
    }
}
