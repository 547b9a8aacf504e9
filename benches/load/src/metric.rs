//! What is measured, in which unit, and which direction is better.

use std::collections::BTreeMap;

use serde::Serialize;

/// One figure of one run. The order is the order of the table's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Operations completed per second of the measured window.
    OpsPerSecond,
    /// Median latency of an operation.
    P50Us,
    /// 99th percentile of the latency of an operation.
    P99Us,
    /// The server's user and system time, all threads, over the measured window, per operation;
    /// of a cluster, as all figures of processes here, the sum over its members.
    CpuUsPerOp,
    /// What the server caused to be written to disk, per operation. Includes one second of rest
    /// after the window, so that writing a moment later does not look like writing less.
    WrittenBytesPerOp,
    /// The server's resident memory one second after the window.
    RssMib,
    /// The highest resident memory since the start of the window.
    PeakRssMib,
    /// From starting the process to its client port accepting a connection.
    ListeningMs,
    /// From starting the process to `/readyz` answering 200.
    ReadyMs,
    /// The server's CPU time from its start until it was ready.
    StartCpuMs,
    /// What the generator itself used per operation: it shares the machine with the server.
    GeneratorCpuUsPerOp,
    /// The part of the machine's cores that neither the server nor the generator was using during
    /// the window, but somebody else: times are only worth something where this is small.
    OthersCpuPercent,
    /// Elections of a leader during the window; every one of them stops a cluster for a moment.
    Elections,
    /// Failed operations in per cent of those tried.
    ErrorPercent,
}

impl Metric {
    /// The head of the metric's column.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpsPerSecond => "ops/s",
            Self::P50Us => "p50 ms",
            Self::P99Us => "p99 ms",
            Self::CpuUsPerOp => "CPU us/op",
            Self::WrittenBytesPerOp => "written B/op",
            Self::RssMib => "RSS MiB",
            Self::PeakRssMib => "peak MiB",
            Self::ListeningMs => "listening ms",
            Self::ReadyMs => "ready ms",
            Self::StartCpuMs => "start CPU ms",
            Self::GeneratorCpuUsPerOp => "generator us/op",
            Self::OthersCpuPercent => "others %",
            Self::Elections => "elections",
            Self::ErrorPercent => "errors %",
        }
    }

    /// The figure in the unit of the title.
    pub fn show(self, value: f64) -> String {
        let value = match self {
            Self::P50Us | Self::P99Us => value / 1_000.0,
            _ => value,
        };
        if value == 0.0 {
            "0".into()
        } else if value.abs() >= 1_000.0 {
            thousands(value)
        } else if value.abs() >= 100.0 {
            format!("{value:.0}")
        } else if value.abs() >= 10.0 {
            format!("{value:.1}")
        } else {
            format!("{value:.2}")
        }
    }

    /// Whether a ratio of ours to theirs says anything about the servers.
    pub fn is_compared(self) -> bool {
        !matches!(
            self,
            Self::GeneratorCpuUsPerOp
                | Self::OthersCpuPercent
                | Self::Elections
                | Self::ErrorPercent
        )
    }

    /// Whether a greater figure is the better one.
    pub fn more_is_better(self) -> bool {
        self == Self::OpsPerSecond
    }
}

/// `12345.6` as `12,346`.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 {
        text.insert(0, '-');
    }
    text
}

/// The figures of one row of one run.
pub type Figures = BTreeMap<Metric, f64>;

/// One row of one run: most workloads have one, a workload with phases has one for each.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured, the same on both sides and in every run.
    pub name: String,
    /// The figures.
    pub figures: Figures,
    /// The first thing that went wrong, if anything did.
    pub error: Option<String>,
}
