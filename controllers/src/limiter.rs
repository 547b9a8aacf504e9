//! How long what failed waits before it is tried again: twice as long after each failure of the same key,
//! and all keys together not more often than a bucket of tokens allows.
//!
//! The numbers are upstream's: client-go, `util/workqueue`, the default limiter of controllers.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// The pause after the first failure.
pub const BASE: Duration = Duration::from_millis(5);
/// The longest pause of most loops.
pub const LONGEST: Duration = Duration::from_secs(1000);

/// The pauses of keys.
#[derive(Debug)]
pub struct Limiter<K> {
    base: Duration,
    longest: Duration,
    failures: HashMap<K, u32>,
    bucket: Bucket,
}

impl<K: Eq + Hash> Limiter<K> {
    /// Pauses from 5 ms up to `longest`; 100 retries at once, then 10 in a second.
    #[must_use]
    pub fn new(longest: Duration, now: Instant) -> Self {
        Self {
            base: BASE,
            longest,
            failures: HashMap::new(),
            bucket: Bucket {
                rate: 10.0,
                burst: 100.0,
                tokens: 100.0,
                last: now,
            },
        }
    }

    /// Counts a failure of `key` and tells how long it waits.
    pub fn failed(&mut self, key: K, now: Instant) -> Duration {
        let failures = self.failures.entry(key).or_insert(0);
        let factor = 1u32.checked_shl(*failures).unwrap_or(u32::MAX);
        *failures = failures.saturating_add(1);
        let pause = self.base.saturating_mul(factor).min(self.longest);
        pause.max(self.bucket.take(now))
    }

    /// The key has succeeded: its next failure is its first.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }
}

/// Tokens that come back at a rate; whoever takes one that is not there yet waits for it.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    last: Instant,
}

impl Bucket {
    fn take(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.last).as_secs_f64();
        self.last = self.last.max(now);
        self.tokens = (self.tokens + passed * self.rate).min(self.burst) - 1.0;
        if self.tokens >= 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(-self.tokens / self.rate)
    }
}
