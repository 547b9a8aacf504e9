//! The time until another member answers, as `/v2/stats/leader` tells it.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// In milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latency {
    /// Answers.
    pub count: u64,
    /// The last.
    pub current: f64,
    sum: f64,
    squares: f64,
    /// The shortest.
    pub minimum: f64,
    /// The longest.
    pub maximum: f64,
}

impl Latency {
    /// Notes an answer.
    pub fn observe(&mut self, took: Duration) {
        let took = took.as_secs_f64() * 1e3;
        self.minimum = match self.count {
            0 => took,
            _ => self.minimum.min(took),
        };
        self.maximum = self.maximum.max(took);
        self.count += 1;
        self.current = took;
        self.sum += took;
        self.squares += took * took;
    }

    /// The mean, and how far they are from it.
    fn spread(&self) -> (f64, f64) {
        if self.count == 0 {
            return (0.0, 0.0);
        }
        let count = self.count as f64;
        let mean = self.sum / count;
        (mean, (self.squares / count - mean * mean).max(0.0).sqrt())
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Told {
            current: f64,
            average: f64,
            standard_deviation: f64,
            minimum: f64,
            maximum: f64,
        }
        let (average, standard_deviation) = self.spread();
        Told {
            current: self.current,
            average,
            standard_deviation,
            minimum: self.minimum,
            maximum: self.maximum,
        }
        .serialize(to)
    }
}
