//! The report for programs: every run of every figure, with its median and ratio.

use serde_json::{Map, Value, json};

use super::{Report, verdict};
use crate::compare::{Compared, Samples};
use crate::metric::Metric;

/// The report as JSON; `rows` keeps the order of the table.
pub fn json(report: &Report<'_>) -> Value {
    let goals = report.goals.iter().map(|goal| {
        let row = report.rows.iter().find(|row| row.name == goal.row);
        let ratio = row.and_then(|row| Some(row.ratios(goal.metric)?.median()));
        json!({
            "row": goal.row,
            "metric": goal.metric,
            "ratio": ratio,
            "bar": goal.bar,
            "goal": goal.goal,
            "verdict": verdict(ratio, goal),
        })
    });
    json!({
        "about": report.about,
        "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
        "goals": goals.collect::<Vec<_>>(),
    })
}

fn row(row: &Compared) -> Value {
    let mut metrics = Map::new();
    let measured = row.ours.keys().chain(row.theirs.keys());
    for metric in measured.copied().collect::<std::collections::BTreeSet<_>>() {
        let figures = json!({
            "ours": row.ours.get(&metric).map(samples),
            "etcd": row.theirs.get(&metric).map(samples),
            "ratio": row.ratios(metric).as_ref().map(samples),
        });
        metrics.insert(name(metric), figures);
    }
    json!({ "name": row.name, "metrics": metrics, "errors": row.errors })
}

fn samples(samples: &Samples) -> Value {
    json!({
        "median": samples.median(),
        "rounds": samples.0,
    })
}

/// The metric's name as serde writes it.
fn name(metric: Metric) -> String {
    match serde_json::to_value(metric) {
        Ok(Value::String(name)) => name,
        _ => metric.title().to_owned(),
    }
}
