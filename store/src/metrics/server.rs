//! Metrics: raft, proposals and versions.

use super::Error;
use super::register::Register;
use crate::config::gates::Gates;
use crate::version;
use prometheus::{HistogramVec, IntCounter, IntGauge, IntGaugeVec};

/// Raft, proposals and versions.
pub struct Server {
    /// 1 while there is a leader.
    pub has_leader: IntGauge,
    /// 1 while this member leads.
    pub is_leader: IntGauge,
    /// 1 while this member is a learner.
    pub is_learner: IntGauge,
    /// Changes of the leader seen.
    pub leader_changes_seen: IntCounter,
    /// The highest index committed.
    pub proposals_committed: IntGauge,
    /// The highest index applied.
    pub proposals_applied: IntGauge,
    /// Proposals that wait for their outcome.
    pub proposals_pending: IntGauge,
    /// Proposals that failed.
    pub proposals_failed: IntCounter,
    /// Entries that took too long to apply.
    pub slow_apply: IntCounter,
    /// Read indexes that took too long.
    pub slow_read_indexes: IntCounter,
    /// Read indexes that failed.
    pub read_indexes_failed: IntCounter,
    /// 1 while a snapshot is applied.
    pub snapshot_apply_in_progress: IntGauge,
    /// The quota in bytes.
    pub quota_backend_bytes: IntGauge,
    /// Leases that ran out.
    pub lease_expired: IntCounter,
    /// The time to apply an entry, by `op`, `success`, `version` (`v3`).
    pub apply_duration: HistogramVec,
    /// The revision of the auth tables.
    pub auth_revision: IntGauge,
    id: IntGaugeVec,
    cluster_version: IntGaugeVec,
    feature_enabled: IntGaugeVec,
}

impl Server {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        let version = r.gauges(
            "etcd_server_version",
            "The version of the server.",
            &["server_version"],
        )?;
        version.with_label_values(&[version::SERVER]).set(1);
        let toolchain = "etcd_server_go_version";
        let toolchain = r.gauges(
            toolchain,
            "What the server was built with.",
            &["server_go_version"],
        )?;
        toolchain.with_label_values(&[version::TOOLCHAIN]).set(1);
        Ok(Self {
            has_leader: r.gauge("etcd_server_has_leader", "1 while there is a leader.")?,
            is_leader: r.gauge("etcd_server_is_leader", "1 while this member leads.")?,
            is_learner: r.gauge(
                "etcd_server_is_learner",
                "1 while this member is a learner.",
            )?,
            leader_changes_seen: r.counter(
                "etcd_server_leader_changes_seen_total",
                "Changes of the leader seen.",
            )?,
            proposals_committed: r.gauge(
                "etcd_server_proposals_committed_total",
                "The highest index committed.",
            )?,
            proposals_applied: r.gauge(
                "etcd_server_proposals_applied_total",
                "The highest index applied.",
            )?,
            proposals_pending: r.gauge(
                "etcd_server_proposals_pending",
                "Proposals that wait for their outcome.",
            )?,
            proposals_failed: r.counter(
                "etcd_server_proposals_failed_total",
                "Proposals that failed.",
            )?,
            slow_apply: r.counter(
                "etcd_server_slow_apply_total",
                "Entries that took too long to apply.",
            )?,
            slow_read_indexes: r.counter(
                "etcd_server_slow_read_indexes_total",
                "Read indexes that took too long.",
            )?,
            read_indexes_failed: r.counter(
                "etcd_server_read_indexes_failed_total",
                "Read indexes that failed.",
            )?,
            snapshot_apply_in_progress: r.gauge(
                "etcd_server_snapshot_apply_in_progress_total",
                "1 while a snapshot is applied.",
            )?,
            quota_backend_bytes: r.gauge(
                "etcd_server_quota_backend_bytes",
                "The quota of the data in bytes.",
            )?,
            lease_expired: r.counter(
                "etcd_debugging_server_lease_expired_total",
                "Leases that ran out.",
            )?,
            apply_duration: r.histograms(
                "etcd_server_apply_duration_seconds",
                "The time to apply an entry.",
                0.0001,
                20,
                &["version", "op", "success"],
            )?,
            auth_revision: r.gauge(
                "etcd_debugging_auth_revision",
                "The revision of the auth tables.",
            )?,
            id: r.gauges(
                "etcd_server_id",
                "The identity of this member.",
                &["server_id"],
            )?,
            cluster_version: r.gauges(
                "etcd_cluster_version",
                "The version the cluster agreed on.",
                &["cluster_version"],
            )?,
            feature_enabled: r.gauges(
                "etcd_server_feature_enabled",
                "1 for each feature gate that is on.",
                &["name", "stage"],
            )?,
        })
    }

    /// Shows the identity of this member.
    pub fn set_id(&self, id: u64) {
        self.id.reset();
        self.id.with_label_values(&[&format!("{id:x}")]).set(1);
    }

    /// Shows the version the cluster agreed on, as `3.7`.
    pub fn set_cluster_version(&self, version: &str) {
        self.cluster_version.reset();
        self.cluster_version.with_label_values(&[version]).set(1);
    }

    /// Shows which feature gates are on.
    pub fn set_features(&self, gates: &Gates) {
        for (name, stage, on) in gates.iter() {
            self.feature_enabled
                .with_label_values(&[name, stage.name()])
                .set(i64::from(on));
        }
    }
}
