//! Metrics: health checks.

use super::Error;
use super::register::Register;
use prometheus::{IntCounter, IntCounterVec, IntGaugeVec};

/// Health checks.
pub struct Health {
    /// `/health` answered well.
    pub success: IntCounter,
    /// `/health` answered badly.
    pub failures: IntCounter,
    check: IntGaugeVec,
    checks: IntCounterVec,
}

impl Health {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        Ok(Self {
            success: r.counter("etcd_server_health_success", "Health checks that passed.")?,
            failures: r.counter("etcd_server_health_failures", "Health checks that failed.")?,
            check: r.gauges(
                "etcd_server_healthcheck",
                "The last result of each check.",
                &["type", "name"],
            )?,
            checks: r.counters(
                "etcd_server_healthchecks_total",
                "The results of each check.",
                &["type", "name", "status"],
            )?,
        })
    }

    /// Notes the result of one check of `/livez` or `/readyz`.
    pub fn record(&self, kind: &str, name: &str, passed: bool) {
        let status = if passed { "success" } else { "error" };
        self.check
            .with_label_values(&[kind, name])
            .set(i64::from(passed));
        self.checks.with_label_values(&[kind, name, status]).inc();
    }
}
