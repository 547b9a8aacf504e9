//! Turns compared rows into a table, Markdown and JSON.

pub mod grid;
mod json;
pub mod machine;

use std::io::Write;

use self::grid::Grid;
use crate::compare::{Compared, Measured, Samples};
use crate::metric::Metric;
use crate::plan::Goal;

pub use self::json::json;

/// The columns of the table of figures.
const FIGURE_COLUMNS: [Metric; 14] = [
    Metric::OpsPerSecond,
    Metric::P50Us,
    Metric::P99Us,
    Metric::CpuUsPerOp,
    Metric::GeneratorCpuUsPerOp,
    Metric::WrittenBytesPerOp,
    Metric::RssMib,
    Metric::PeakRssMib,
    Metric::OthersCpuPercent,
    Metric::Elections,
    Metric::ErrorPercent,
    Metric::ListeningMs,
    Metric::ReadyMs,
    Metric::StartCpuMs,
];

/// What a report covers.
#[derive(Debug)]
pub struct Report<'a> {
    /// The rows.
    pub rows: &'a [Compared],
    /// What they have to reach; empty for a single workload.
    pub goals: &'a [Goal],
    /// Where, when and what was measured.
    pub about: &'a machine::About,
}

impl Report<'_> {
    /// Writes the tables for a terminal.
    pub fn plain(&self, out: &mut impl Write) -> std::io::Result<()> {
        for (name, value) in self.about.lines() {
            writeln!(out, "{name}: {value}")?;
        }
        writeln!(out)?;
        self.figures().plain(out)?;
        if !self.goals.is_empty() {
            writeln!(out)?;
            self.goals().plain(out)?;
        }
        for error in self.errors() {
            writeln!(out, "FAILED: {error}")?;
        }
        Ok(())
    }

    /// Writes the same as Markdown.
    pub fn markdown(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "# Load: Pintle and etcd side by side\n")?;
        for (name, value) in self.about.lines() {
            writeln!(out, "- {name}: {value}")?;
        }
        if !self.goals.is_empty() {
            writeln!(out, "\n## Goals\n")?;
            self.goals().markdown(out)?;
        }
        writeln!(out, "\n## Figures\n")?;
        self.figures().markdown(out)?;
        writeln!(
            out,
            "\nEach figure is the median of its side's runs. Each ratio is the median of the ratios of \
             the rounds, in which both sides ran one after the other; `least-most` \
             are the extremes of these."
        )?;
        for error in self.errors() {
            writeln!(out, "- FAILED: {error}")?;
        }
        Ok(())
    }

    /// Every failure with its row.
    pub fn errors(&self) -> impl Iterator<Item = String> {
        self.rows.iter().flat_map(|row| {
            row.errors
                .iter()
                .map(|error| format!("{}: {error}", row.name))
        })
    }

    /// Four lines for each row: both sides, the ratio and, of several rounds, its extremes.
    fn figures(&self) -> Grid {
        let mut head = vec!["workload".to_owned(), String::new()];
        head.extend(FIGURE_COLUMNS.map(|metric| metric.title().to_owned()));
        let mut grid = Grid::new(head, 2);
        for row in self.rows {
            let line = |side: &str, name: &str, cell: &dyn Fn(Metric) -> Option<String>| {
                let mut line = vec![name.to_owned(), side.to_owned()];
                line.extend(FIGURE_COLUMNS.map(|metric| cell(metric).unwrap_or_default()));
                line
            };
            let show = |figures: &Measured| {
                let figures = figures.clone();
                move |metric: Metric| Some(metric.show(figures.get(&metric)?.median()))
            };
            grid.push(line(crate::OURS, &row.name, &show(&row.ours)));
            grid.push(line(crate::THEIRS, "", &show(&row.theirs)));
            let ratios = |metric: Metric| row.ratios(metric).filter(|_| metric.is_compared());
            grid.push(line("ratio", "", &|metric| {
                Some(show_ratio(ratios(metric)?.median()))
            }));
            grid.push(line("least-most", "", &|metric| {
                Some(show_extremes(&ratios(metric)?))
            }));
        }
        grid
    }

    /// One line for each goal.
    fn goals(&self) -> Grid {
        let head = [
            "workload",
            "figure",
            "ours",
            "etcd",
            "ratio",
            "least-most",
            "rounds",
            "bar",
            "goal",
            "verdict",
        ];
        let mut grid = Grid::new(head.map(str::to_owned).to_vec(), 2);
        for goal in self.goals {
            let Some(row) = self.rows.iter().find(|row| row.name == goal.row) else {
                continue;
            };
            let median = |figures: &Measured| {
                figures
                    .get(&goal.metric)
                    .map_or_else(String::new, |samples| goal.metric.show(samples.median()))
            };
            let ratios = row.ratios(goal.metric).unwrap_or_default();
            let ratio = (!ratios.0.is_empty()).then(|| ratios.median());
            grid.push(vec![
                row.name.clone(),
                goal.metric.title().to_owned(),
                median(&row.ours),
                median(&row.theirs),
                ratio.map_or_else(String::new, show_ratio),
                show_extremes(&ratios),
                ratios.0.len().to_string(),
                goal.bar.map_or_else(String::new, |bar| goal.condition(bar)),
                goal.condition(goal.goal),
                verdict(ratio, goal).to_owned(),
            ]);
        }
        grid
    }
}

/// Whether a ratio reaches its goal, only the bar below it, or neither.
pub fn verdict(ratio: Option<f64>, goal: &Goal) -> &'static str {
    match (ratio, goal.bar) {
        (None, _) => "not measured",
        (Some(ratio), _) if goal.reaches(ratio, goal.goal) => "goal reached",
        (Some(ratio), Some(bar)) if goal.reaches(ratio, bar) => "bar reached",
        _ => "missed",
    }
}

fn show_ratio(ratio: f64) -> String {
    if ratio < 0.1 {
        format!("{ratio:.4}x")
    } else {
        format!("{ratio:.2}x")
    }
}

/// How far the rounds' ratios lie apart; of one round there is nothing to say.
fn show_extremes(ratios: &Samples) -> String {
    if ratios.0.len() < 2 {
        return String::new();
    }
    let (least, most) = ratios.extremes();
    format!("{}-{}", show_ratio(least), show_ratio(most))
}

#[cfg(test)]
mod tests;
