//! The families of metrics, by the part of the member that feeds them.

use super::Error;
use crate::config::gates::Gates;
use crate::version;
use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// Adds metrics to a registry.
pub(super) struct Register {
    pub(super) registry: Registry,
}

impl Register {
    pub(super) fn new() -> Self {
        Self {
            registry: Registry::new(),
        }
    }

    pub(super) fn add<C: Collector + Clone + 'static>(
        &mut self,
        made: prometheus::Result<C>,
    ) -> Result<C, Error> {
        let made = made.map_err(Error::Register)?;
        self.registry
            .register(Box::new(made.clone()))
            .map_err(Error::Register)?;
        Ok(made)
    }

    pub(super) fn counter(&mut self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.add(IntCounter::new(name, help))
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.add(IntGauge::new(name, help))
    }

    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, Error> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, Error> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A histogram with `count` bounds that double from `start`.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        start: f64,
        count: usize,
    ) -> Result<Histogram, Error> {
        self.add(Histogram::with_opts(doubling(name, help, start, count)))
    }

    pub(super) fn histograms(
        &mut self,
        name: &str,
        help: &str,
        start: f64,
        count: usize,
        labels: &[&str],
    ) -> Result<HistogramVec, Error> {
        self.add(HistogramVec::new(
            doubling(name, help, start, count),
            labels,
        ))
    }
}

fn doubling(name: &str, help: &str, start: f64, count: usize) -> HistogramOpts {
    let bounds = std::iter::successors(Some(start), |bound| Some(bound * 2.0));
    HistogramOpts::new(name, help).buckets(bounds.take(count).collect())
}

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
    /// The time of a replicated request, by `type`, `success`.
    pub request_duration: HistogramVec,
    /// The time of a range, by `success`.
    pub range_duration: HistogramVec,
    /// Requests by `type` (`unary`, `stream`) and `client_api_version`.
    pub client_requests: IntCounterVec,
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
            request_duration: r.histograms(
                "etcd_server_request_duration_seconds",
                "The time of a request inside the server.",
                0.001,
                14,
                &["type", "success"],
            )?,
            range_duration: r.histograms(
                "etcd_server_range_duration_seconds",
                "The time of a range.",
                0.0001,
                20,
                &["success"],
            )?,
            client_requests: r.counters(
                "etcd_server_client_requests_total",
                "Requests by kind and version of the client.",
                &["type", "client_api_version"],
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

/// The key space.
pub struct Mvcc {
    /// Ranges.
    pub range: IntCounter,
    /// Puts.
    pub put: IntCounter,
    /// Deletes.
    pub delete: IntCounter,
    /// Transactions.
    pub txn: IntCounter,
    /// Keys that exist.
    pub keys: IntGauge,
    /// Events made by writes.
    pub events: IntCounter,
    /// Bytes of keys and values put.
    pub put_size: IntGauge,
    /// The current revision.
    pub current_revision: IntGauge,
    /// The revision last compacted.
    pub compact_revision: IntGauge,
    /// Revisions removed by compactions.
    pub compaction_keys: IntCounter,
    /// The time of the last compaction, in seconds of Unix time.
    pub compaction_last: IntGauge,
    /// The pauses of compactions, in milliseconds.
    pub compaction_pause: Histogram,
    /// The whole time of compactions, in milliseconds.
    pub compaction_total: Histogram,
    /// The pauses of compacting the index, in milliseconds.
    pub index_compaction_pause: Histogram,
    /// Bytes of the data on disk.
    pub db_size: IntGauge,
    /// Bytes of the data that are in use.
    pub db_size_in_use: IntGauge,
    /// Reads in progress.
    pub open_reads: IntGauge,
    /// The time of a hash over all.
    pub hash_duration: Histogram,
    /// The time of a hash up to a revision.
    pub hash_rev_duration: Histogram,
}

impl Mvcc {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        let compact_revision = r.gauge(
            "etcd_debugging_mvcc_compact_revision",
            "The revision last compacted.",
        )?;
        compact_revision.set(-1);
        Ok(Self {
            range: r.counter("etcd_mvcc_range_total", "Ranges seen by this member.")?,
            put: r.counter("etcd_mvcc_put_total", "Puts seen by this member.")?,
            delete: r.counter("etcd_mvcc_delete_total", "Deletes seen by this member.")?,
            txn: r.counter("etcd_mvcc_txn_total", "Transactions seen by this member.")?,
            keys: r.gauge("etcd_debugging_mvcc_keys_total", "Keys that exist.")?,
            events: r.counter("etcd_debugging_mvcc_events_total", "Events made by writes.")?,
            put_size: r.gauge(
                "etcd_debugging_mvcc_total_put_size_in_bytes",
                "Bytes of keys and values put.",
            )?,
            current_revision: r.gauge(
                "etcd_debugging_mvcc_current_revision",
                "The current revision.",
            )?,
            compact_revision,
            compaction_keys: r.counter(
                "etcd_debugging_mvcc_db_compaction_keys_total",
                "Revisions removed by compactions.",
            )?,
            compaction_last: r.gauge(
                "etcd_debugging_mvcc_db_compaction_last",
                "The Unix time of the last compaction.",
            )?,
            compaction_pause: r.histogram(
                "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
                "The pauses of compactions.",
                1.0,
                13,
            )?,
            compaction_total: r.histogram(
                "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
                "The whole time of compactions.",
                100.0,
                14,
            )?,
            index_compaction_pause: r.histogram(
                "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
                "The pauses of compacting the index.",
                0.5,
                14,
            )?,
            db_size: r.gauge(
                "etcd_mvcc_db_total_size_in_bytes",
                "Bytes of the data on disk.",
            )?,
            db_size_in_use: r.gauge(
                "etcd_mvcc_db_total_size_in_use_in_bytes",
                "Bytes of the data that are in use.",
            )?,
            open_reads: r.gauge("etcd_mvcc_db_open_read_transactions", "Reads in progress.")?,
            hash_duration: r.histogram(
                "etcd_mvcc_hash_duration_seconds",
                "The time of a hash over all data.",
                0.01,
                15,
            )?,
            hash_rev_duration: r.histogram(
                "etcd_mvcc_hash_rev_duration_seconds",
                "The time of a hash up to a revision.",
                0.01,
                15,
            )?,
        })
    }
}

/// The log and the backend.
pub struct Disk {
    /// The time of one sync of the log.
    pub wal_fsync: Histogram,
    /// The time of one write to the log.
    pub wal_write: Histogram,
    /// Bytes written to the log.
    pub wal_write_bytes: IntGauge,
    /// The time of one commit to the backend.
    pub backend_commit: Histogram,
    /// The time of a defragmentation.
    pub backend_defrag: Histogram,
    /// The time of a snapshot of the backend.
    pub backend_snapshot: Histogram,
    /// 1 while a defragmentation runs.
    pub defrag_inflight: IntGauge,
    /// The time to save a checkpoint.
    pub snap_save_total: Histogram,
    /// The time of one sync of a checkpoint.
    pub snap_fsync: Histogram,
}

impl Disk {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        Ok(Self {
            wal_fsync: r.histogram(
                "etcd_disk_wal_fsync_duration_seconds",
                "The time of one sync of the log.",
                0.001,
                14,
            )?,
            wal_write: r.histogram(
                "etcd_disk_wal_write_duration_seconds",
                "The time of one write to the log.",
                0.001,
                14,
            )?,
            wal_write_bytes: r.gauge(
                "etcd_disk_wal_write_bytes_total",
                "Bytes written to the log.",
            )?,
            backend_commit: r.histogram(
                "etcd_disk_backend_commit_duration_seconds",
                "The time of one commit to the backend.",
                0.001,
                14,
            )?,
            backend_defrag: r.histogram(
                "etcd_disk_backend_defrag_duration_seconds",
                "The time of a defragmentation.",
                0.1,
                13,
            )?,
            backend_snapshot: r.histogram(
                "etcd_disk_backend_snapshot_duration_seconds",
                "The time of a snapshot of the backend.",
                0.01,
                17,
            )?,
            defrag_inflight: r.gauge(
                "etcd_disk_defrag_inflight",
                "1 while a defragmentation runs.",
            )?,
            snap_save_total: r.histogram(
                "etcd_debugging_snap_save_total_duration_seconds",
                "The time to save a checkpoint.",
                0.001,
                14,
            )?,
            snap_fsync: r.histogram(
                "etcd_snap_fsync_duration_seconds",
                "The time of one sync of a checkpoint.",
                0.001,
                14,
            )?,
        })
    }
}

/// Leases.
pub struct Lease {
    /// Leases granted.
    pub granted: IntCounter,
    /// Leases revoked.
    pub revoked: IntCounter,
    /// Leases kept alive, as seen by the leader.
    pub renewed: IntCounter,
    /// The times to live asked for, in seconds.
    pub ttl: Histogram,
}

impl Lease {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        Ok(Self {
            granted: r.counter("etcd_debugging_lease_granted_total", "Leases granted.")?,
            revoked: r.counter("etcd_debugging_lease_revoked_total", "Leases revoked.")?,
            renewed: r.counter("etcd_debugging_lease_renewed_total", "Leases kept alive.")?,
            ttl: r.histogram(
                "etcd_debugging_lease_ttl_total",
                "The times to live asked for, in seconds.",
                1.0,
                24,
            )?,
        })
    }
}

/// Watchers.
pub struct Watch {
    /// Open streams.
    pub streams: IntGauge,
    /// Watchers.
    pub watchers: IntGauge,
    /// Watchers that read history to catch up.
    pub slow_watchers: IntGauge,
    /// Events that wait to be sent.
    pub pending_events: IntGauge,
    /// The time to send a reply with events.
    pub send_loop: Histogram,
    /// The same, divided by the number of events.
    pub send_loop_per_event: Histogram,
    /// The time to send a created or cancelled reply.
    pub send_loop_control: Histogram,
    /// The time to send a progress notification.
    pub send_loop_progress: Histogram,
}

impl Watch {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        let mut send = |what: &str, help: &str| {
            let name = format!("etcd_debugging_server_watch_send_loop_{what}_seconds");
            r.histogram(&name, help, 0.001, 14)
        };
        let send_loop = send(
            "watch_stream_duration",
            "The time to send a reply with events.",
        )?;
        let per_event = "The time to send a reply, divided by its events.";
        let send_loop_per_event = send("watch_stream_duration_per_event", per_event)?;
        let control = "The time to send a created or cancelled reply.";
        let send_loop_control = send("control_stream_duration", control)?;
        let send_loop_progress = send(
            "progress_duration",
            "The time to send a progress notification.",
        )?;
        Ok(Self {
            streams: r.gauge(
                "etcd_debugging_mvcc_watch_stream_total",
                "Open watch streams.",
            )?,
            watchers: r.gauge("etcd_debugging_mvcc_watcher_total", "Watchers.")?,
            slow_watchers: r.gauge(
                "etcd_debugging_mvcc_slow_watcher_total",
                "Watchers that catch up.",
            )?,
            pending_events: r.gauge(
                "etcd_debugging_mvcc_pending_events_total",
                "Events that wait to be sent.",
            )?,
            send_loop,
            send_loop_per_event,
            send_loop_control,
            send_loop_progress,
        })
    }
}

/// Bytes to and from clients.
pub struct Network {
    /// Bytes of gRPC messages received.
    pub grpc_received_bytes: IntCounter,
    /// Bytes of gRPC messages sent.
    pub grpc_sent_bytes: IntCounter,
    /// The members known, by `Local` and `Remote`.
    pub known_peers: IntGaugeVec,
}

impl Network {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        Ok(Self {
            grpc_received_bytes: r.counter(
                "etcd_network_client_grpc_received_bytes_total",
                "Bytes received from gRPC clients.",
            )?,
            grpc_sent_bytes: r.counter(
                "etcd_network_client_grpc_sent_bytes_total",
                "Bytes sent to gRPC clients.",
            )?,
            known_peers: r.gauges(
                "etcd_network_known_peers",
                "The members this one knows.",
                &["Local", "Remote"],
            )?,
        })
    }
}

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
