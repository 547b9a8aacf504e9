//! When something that failed is tried again: soon at first, then after ever longer pauses.

use std::time::{Duration, Instant};

/// The first pause.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest: what kept it from working may end at any time, and nothing else tells.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Failures in a row, and when the next attempt is due.
#[derive(Debug, Default)]
pub(super) struct Retry {
    /// The pause after the last failure, and its end; `None` when the last attempt went well.
    pause: Option<(Duration, Instant)>,
}

impl Retry {
    /// An attempt failed.
    pub(super) fn failed(&mut self, now: Instant) {
        let pause = match self.pause {
            None => PAUSE_MIN,
            Some((pause, _)) => (pause * 2).min(PAUSE_MAX),
        };
        self.pause = Some((pause, now + pause));
    }

    /// An attempt went well.
    pub(super) fn succeeded(&mut self) {
        self.pause = None;
    }

    /// Whether the last attempt failed and its pause is over.
    pub(super) fn is_due(&self, now: impl FnOnce() -> Instant) -> bool {
        self.pause.is_some_and(|(_, end)| now() >= end)
    }
}

#[cfg(test)]
mod tests;
