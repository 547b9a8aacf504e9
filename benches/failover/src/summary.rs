//! The table of all outages.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::Duration;

/// One line for each fault: its name, and the outages of etcd and of ours.
pub(crate) fn table(rows: &[(String, [Vec<Duration>; 2])]) -> String {
    let mut text = String::from("| fault | times | etcd, ms | ours, ms | ours / etcd |\n");
    text += "|---|---|---|---|---|\n";
    for (fault, [theirs, ours]) in rows {
        let (Some(theirs), Some(ours)) = (Spread::of(theirs), Spread::of(ours)) else {
            continue;
        };
        let ratio = ours.median.as_secs_f64() / theirs.median.as_secs_f64();
        let (times, theirs, ours) = (ours.count, theirs.text(), ours.text());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {fault} | {times} | {theirs} | {ours} | {ratio:.2} |"
        );
    }
    text
}

/// What is told of some durations.
#[derive(Debug, PartialEq, Eq)]
struct Spread {
    count: usize,
    least: Duration,
    median: Duration,
    most: Duration,
}

impl Spread {
    /// None of none.
    fn of(all: &[Duration]) -> Option<Spread> {
        let mut sorted = all.to_vec();
        sorted.sort_unstable();
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let (count, middle) = (sorted.len(), sorted.len() / 2);
        let median = match count % 2 {
            0 => (sorted[middle - 1] + sorted[middle]) / 2,
            _ => sorted[middle],
        };
        Some(Spread {
            count,
            least,
            median,
            most,
        })
    }

    fn text(&self) -> String {
        let [least, median, most] = [self.least, self.median, self.most].map(|d| d.as_millis());
        format!("{median} ({least}-{most})")
    }
}
