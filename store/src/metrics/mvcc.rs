//! Metrics: the key space.

use super::Error;
use super::register::Register;
use prometheus::{Histogram, IntCounter, IntGauge};

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
