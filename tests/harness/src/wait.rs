//! Waiting for a condition that no one tells of.

use std::thread;
use std::time::{Duration, Instant};

/// Pause between two looks at a condition: short against what tests wait for (milliseconds to
/// seconds), long against the cost of a look.
pub(crate) const POLL: Duration = Duration::from_millis(10);

/// Looks at `condition` until it holds, and at least once. False when it never held within
/// `limit`.
///
/// ```
/// use std::time::Duration;
/// let mut looks = 0;
/// assert!(harness::eventually(Duration::from_secs(5), || {
///     looks += 1;
///     looks == 3
/// }));
/// ```
#[must_use]
pub fn eventually(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        thread::sleep(POLL);
    }
}

/// The same for a condition that takes a request to look at; other tasks go on meanwhile.
pub async fn eventually_async(limit: Duration, mut condition: impl AsyncFnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition().await {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
}
