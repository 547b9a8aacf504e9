//! Runs each workload on both servers in turn and keeps what every run said.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::Context as _;

use crate::cluster::Cluster;
use crate::metric::{Metric, Row};
use crate::server::Binary;
use crate::workload::{Stage, Workload};

/// A workload with the name of its rows.
#[derive(Debug, Clone)]
pub struct Case {
    /// What its row is called, or what the names of its phases' rows start with.
    pub name: String,
    /// What to run.
    pub workload: Workload,
}

/// How the cases are run.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Our server.
    pub ours: Binary,
    /// etcd.
    pub theirs: Binary,
    /// Members of each cluster.
    pub nodes: usize,
    /// Rounds of each workload: in each, one run on each side.
    pub repeat: usize,
    /// The rest between a window's end and the reading of memory and written bytes.
    pub settle: Duration,
}

/// One value for each round that had one: a side's figure, or the ratio of both sides'.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples(pub BTreeMap<usize, f64>);

impl Samples {
    /// The values, round by round.
    pub fn values(&self) -> Vec<f64> {
        self.0.values().copied().collect()
    }

    /// The middle value; of an even number, the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let mut sorted = self.values();
        sorted.sort_by(f64::total_cmp);
        match (sorted.len(), sorted.len() / 2) {
            (0, _) => f64::NAN,
            (length, middle) if length % 2 == 1 => sorted[middle],
            (_, middle) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    /// The least and the greatest value.
    pub fn extremes(&self) -> (f64, f64) {
        let values = self.0.values().copied();
        (
            values.clone().fold(f64::INFINITY, f64::min),
            values.fold(f64::NEG_INFINITY, f64::max),
        )
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
    /// Ours divided by theirs, round by round: the two runs of a round follow one another, so what
    /// else the machine was doing is much the same for both. `None` when no round has a figure of
    /// both sides, or etcd's is nothing.
    pub fn ratios(&self, metric: Metric) -> Option<Samples> {
        let (ours, theirs) = (self.ours.get(&metric)?, self.theirs.get(&metric)?);
        let both = ours.0.iter().filter_map(|(round, ours)| {
            let theirs = theirs.0.get(round).filter(|theirs| **theirs > 0.0)?;
            Some((*round, ours / theirs))
        });
        let ratios = Samples(both.collect());
        (!ratios.0.is_empty()).then_some(ratios)
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
        for round in 0..conditions.repeat.max(1) {
            let mut sides = [&conditions.ours, &conditions.theirs];
            // Who goes first alternates, so that a machine that tires or warms up is fair.
            sides.rotate_left(round % 2);
            for side in sides {
                writeln!(progress, "{}: {}, run {}", case.name, side.side, round + 1)?;
                progress.flush()?;
                match once(case, side, conditions).await {
                    Ok(found) => found.into_iter().for_each(|row| add(all, side, round, row)),
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

async fn once(case: &Case, binary: &Binary, conditions: &Conditions) -> anyhow::Result<Vec<Row>> {
    let mut cluster = Cluster::start(binary, conditions.nodes).await?;
    let mut stage = Stage {
        name: &case.name,
        cluster: &mut cluster,
        settle: conditions.settle,
    };
    let result = case.workload.run(&mut stage).await;
    // A server that died explains every error better than the error itself.
    cluster
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

fn add(rows: &mut Vec<Compared>, side: &Binary, round: usize, row: Row) {
    let compared = row_named(rows, &row.name);
    let figures = if side.side == crate::OURS {
        &mut compared.ours
    } else {
        &mut compared.theirs
    };
    for (metric, value) in row.figures {
        figures.entry(metric).or_default().0.insert(round, value);
    }
    if let Some(error) = row.error {
        compared.errors.push(format!("{}: {error}", side.side));
    }
}

#[cfg(test)]
mod tests;
