//! What came of many requests.

use std::collections::BTreeMap;
use std::time::Duration;

/// See the module; times are in seconds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Statistics {
    /// Requests that succeeded, per second of the whole.
    pub(super) rate: f64,
    /// The longest of them.
    pub(super) slowest: f64,
    /// How far they are from their mean.
    pub(super) deviation: f64,
    /// How often which error came.
    pub(super) errors: BTreeMap<String, usize>,
}

impl Statistics {
    /// Sums up requests that took `total` together, side by side.
    pub(super) fn of(outcomes: &[Result<Duration, String>], total: Duration) -> Self {
        let mut errors = BTreeMap::new();
        let mut seconds = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            match outcome {
                Ok(took) => seconds.push(took.as_secs_f64()),
                Err(text) => *errors.entry(text.clone()).or_default() += 1,
            }
        }
        let count = seconds.len() as f64;
        let mean = seconds.iter().sum::<f64>() / count;
        let squares: f64 = seconds.iter().map(|took| (took - mean).powi(2)).sum();
        Self {
            rate: count / total.as_secs_f64(),
            slowest: seconds.iter().copied().fold(0.0, f64::max),
            deviation: (squares / count).sqrt(),
            errors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_count_apart() {
        let seconds = |seconds| Ok(Duration::from_secs(seconds));
        let outcomes = [seconds(1), seconds(3), Err("no".to_owned()), seconds(2)];
        let summed = Statistics::of(&outcomes, Duration::from_secs(2));
        assert_eq!((summed.rate, summed.slowest), (1.5, 3.0));
        assert!((summed.deviation - (2.0_f64 / 3.0).sqrt()).abs() < 1e-9);
        assert_eq!(summed.errors, BTreeMap::from([("no".to_owned(), 1)]));
    }
}
