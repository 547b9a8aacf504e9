//! Metrics: the log and the backend.

use super::Error;
use super::register::Register;
use prometheus::{Histogram, IntGauge};

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
