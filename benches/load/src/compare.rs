//! Runs each workload on both servers in turn and keeps what every run said.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::metric::{Metric, Row};
use crate::server::{Binary, Server};
use crate::workload::Workload;

/// A workload with the name of its rows.
#[derive(Debug, Clone)]
pub struct Case {
    /// What its row is called, or what the names of its phases' rows start with.
    pub name: String,
    /// What to run.
    pub workload: Workload,
    /// Runs on each side; `None`: as many as asked for on the command line.
    pub repeat: Option<usize>,
}

/// How the cases are run.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Our server.
    pub ours: Binary,
    /// etcd.
    pub theirs: Binary,
    /// Runs of each workload on each side.
    pub repeat: usize,
    /// The rest between a window's end and the reading of memory and written bytes.
    pub settle: Duration,
}

/// Every value one side showed for one metric of one row.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Samples(pub Vec<f64>);

impl Samples {
    /// The middle value; of an even number, the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match (sorted.len(), sorted.len() / 2) {
            (0, _) => f64::NAN,
            (length, middle) if length % 2 == 1 => sorted[middle],
            (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    /// The distance of the extremes in per cent of the median.
    pub fn spread_percent(&self) -> f64 {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let median = self.median();
        if self.0.len() < 2 || median == 0.0 {
            return 0.0;
        }
        (most - least) / median * 100.0
    }
}

/// All that one side showed for one row.
pub type Measured = BTreeMap<Metric, Samples>;

/// One row of the table: both sides' runs.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The row's name.
    pub name: String,
    /// Our figures.
    pub ours: Measured,
    /// etcd's figures.
    pub theirs: Measured,
    /// What went wrong, with its side.
    pub errors: Vec<String>,
}

impl Compared {
    /// Ours divided by theirs, median by median; `None` when either is missing or nothing.
    pub fn ratio(&self, metric: Metric) -> Option<f64> {
        let ours = self.ours.get(&metric)?.median();
        let theirs = self.theirs.get(&metric)?.median();
        (theirs > 0.0 && ours.is_finite()).then(|| ours / theirs)
    }
}

/// Runs all cases, telling `progress` what is under way, and adds their rows to `all` run by run,
/// so that a caller who drops this future midway keeps what was measured. A run that fails leaves
/// its error in the row and the others go on: one broken workload must not hide the rest of a long
/// table.
pub async fn run(
    cases: &[Case],
    conditions: &Conditions,
    all: &mut Vec<Compared>,
    progress: &mut impl Write,
) -> anyhow::Result<()> {
    for case in cases {
        let first = all.len();
        for round in 0..case.repeat.unwrap_or(conditions.repeat).max(1) {
            let mut sides = [&conditions.ours, &conditions.theirs];
            // Who goes first alternates, so that a machine that tires or warms up is fair.
            sides.rotate_left(round % 2);
            for side in sides {
                writeln!(progress, "{}: {}, run {}", case.name, side.side, round + 1)?;
                progress.flush()?;
                match once(case, side, conditions.settle).await {
                    Ok(found) => found.into_iter().for_each(|row| add(all, side, row)),
                    Err(error) => {
                        let row = row_named(all, &case.name);
                        row.errors.push(format!("{}: {error:#}", side.side));
                    }
                }
            }
        }
        for row in &all[first..] {
            for error in &row.errors {
                writeln!(progress, "{}: FAILED: {error}", row.name)?;
            }
        }
    }
    Ok(())
}

async fn once(case: &Case, binary: &Binary, settle: Duration) -> anyhow::Result<Vec<Row>> {
    let mut server = Server::start(binary).await?;
    let result = case.workload.run(&case.name, &mut server, settle).await;
    // A server that died explains every error better than the error itself.
    server
        .check()
        .and(result)
        .with_context(|| format!("on {}", binary.path.display()))
}

fn row_named<'a>(rows: &'a mut Vec<Compared>, name: &str) -> &'a mut Compared {
    let at = rows.iter().position(|row| row.name == name);
    let at = at.unwrap_or_else(|| {
        rows.push(Compared {
            name: name.to_owned(),
            ..Compared::default()
        });
        rows.len() - 1
    });
    &mut rows[at]
}

fn add(rows: &mut Vec<Compared>, side: &Binary, row: Row) {
    let compared = row_named(rows, &row.name);
    let figures = if side.side == crate::OURS {
        &mut compared.ours
    } else {
        &mut compared.theirs
    };
    for (metric, value) in row.figures {
        figures.entry(metric).or_default().0.push(value);
    }
    if let Some(error) = row.error {
        compared.errors.push(format!("{}: {error}", side.side));
    }
}

#[cfg(test)]
mod tests;
