//! Metrics: requests of clients, by kind, and by the version that the client says it speaks.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::RwLock;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec};

use super::Error;
use super::register::Register;

/// Kinds that are counted on a hot path.
const FREQUENT: [&str; 5] = ["Range", "Put", "Txn", "DeleteRange", "ReadonlyTxn"];
/// Versions that are told apart, and the letters of each: clients choose them.
const VERSIONS_MAX: usize = 64;
const VERSION_LETTERS_MAX: usize = 16;
/// What further versions are counted as.
const OTHERS: &str = "other";

/// See the module.
pub struct Requests {
    durations: HistogramVec,
    /// Those of [`FREQUENT`], first of the failed ones.
    frequent: Vec<[Histogram; 2]>,
    ranges: [Histogram; 2],
    by_version: IntCounterVec,
    /// Those already seen: of unary calls, and of streams.
    versions: RwLock<HashMap<Vec<u8>, [IntCounter; 2]>>,
}

fn label(success: bool) -> &'static str {
    if success { "true" } else { "false" }
}

impl Requests {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        let durations = r.histograms(
            "etcd_server_request_duration_seconds",
            "The time of a request inside the server.",
            0.001,
            14,
            &["type", "success"],
        )?;
        let ranges = r.histograms(
            "etcd_server_range_duration_seconds",
            "The time of a range.",
            0.0001,
            20,
            &["success"],
        )?;
        let by_version = r.counters(
            "etcd_server_client_requests_total",
            "Requests by kind and version of the client.",
            &["type", "client_api_version"],
        )?;
        let outcomes = [false, true];
        let of_kind =
            |name: &str| outcomes.map(|ok| durations.with_label_values(&[name, label(ok)]));
        Ok(Self {
            frequent: FREQUENT.iter().map(|name| of_kind(name)).collect(),
            ranges: outcomes.map(|ok| ranges.with_label_values(&[label(ok)])),
            durations,
            by_version,
            versions: RwLock::default(),
        })
    }

    /// A request of this kind has been answered, which began then.
    pub fn observe(&self, name: &str, success: bool, began: Instant) {
        let seconds = began.elapsed().as_secs_f64();
        let frequent = FREQUENT.iter().position(|known| *known == name);
        match frequent.and_then(|at| self.frequent.get(at)) {
            Some(outcomes) => outcomes[usize::from(success)].observe(seconds),
            None => self
                .durations
                .with_label_values(&[name, label(success)])
                .observe(seconds),
        }
    }

    /// A range was read, which began then.
    pub fn observe_range(&self, success: bool, began: Instant) {
        self.ranges[usize::from(success)].observe(began.elapsed().as_secs_f64());
    }

    /// A client calls that speaks `version` (empty if it does not say).
    pub fn count(&self, version: &[u8], is_stream: bool) {
        let at = usize::from(is_stream);
        if let Some(counters) = self.versions.read().get(version) {
            counters[at].inc();
            return;
        }
        let mut versions = self.versions.write();
        let is_told = versions.len() < VERSIONS_MAX && version.len() <= VERSION_LETTERS_MAX;
        let name = match std::str::from_utf8(version) {
            Ok(name) if is_told => name,
            _ => OTHERS,
        };
        let counters =
            ["unary", "stream"].map(|kind| self.by_version.with_label_values(&[kind, name]));
        counters[at].inc();
        if is_told {
            versions.insert(version.to_vec(), counters);
        }
    }
}
