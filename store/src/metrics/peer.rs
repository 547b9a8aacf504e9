//! Traffic between members.
//!
//! Members are labelled with their ids in hexadecimal. A family shows nothing of a member before
//! there is something to show, as etcd's do.

use std::sync::Arc;

use parking_lot::Mutex;

use super::Error;
use super::Latency;
use super::register::Register;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

/// The families.
pub struct Peer {
    active: IntGaugeVec,
    disconnected: IntCounterVec,
    sent_bytes: IntCounterVec,
    received_bytes: IntCounterVec,
    sent_failures: IntCounterVec,
    received_failures: IntCounterVec,
    round_trip: HistogramVec,
    snapshot_sent: IntCounterVec,
    snapshot_sending: IntGaugeVec,
    snapshot_send_failures: IntCounterVec,
    snapshot_send_seconds: HistogramVec,
    snapshot_received: IntCounterVec,
    snapshot_receiving: IntGaugeVec,
    snapshot_receive_failures: IntCounterVec,
    snapshot_receive_seconds: HistogramVec,
}

/// What is counted of one other member all the time.
#[derive(Clone)]
pub struct PeerFigures {
    /// 1 while it is reached.
    pub active: IntGauge,
    /// Times it was reached no more.
    pub disconnected: IntCounter,
    /// Bytes of raft's messages to it.
    pub sent_bytes: IntCounter,
    /// Messages to it that were dropped.
    pub sent_failures: IntCounter,
    /// The time until it answers.
    pub round_trip: Histogram,
    /// The same, as API 2 tells it.
    pub latency: Arc<Mutex<Latency>>,
}

/// What is counted of the transfers of snapshots in one direction with one member.
pub struct SnapshotFigures {
    /// Transfers that went well.
    pub success: IntCounter,
    /// Transfers under way.
    pub inflight: IntGauge,
    /// Transfers that failed.
    pub failures: IntCounter,
    /// The time of those that went well.
    pub seconds: Histogram,
}

impl Peer {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        let pair = ["Local", "Remote"];
        Ok(Self {
            active: r.gauges(
                "etcd_network_active_peers",
                "The members that are reached.",
                &pair,
            )?,
            disconnected: r.counters(
                "etcd_network_disconnected_peers_total",
                "Times a member was reached no more.",
                &pair,
            )?,
            sent_bytes: r.counters(
                "etcd_network_peer_sent_bytes_total",
                "Bytes sent to members.",
                &["To"],
            )?,
            received_bytes: r.counters(
                "etcd_network_peer_received_bytes_total",
                "Bytes received from members.",
                &["From"],
            )?,
            sent_failures: r.counters(
                "etcd_network_peer_sent_failures_total",
                "Messages to members that were dropped.",
                &["To"],
            )?,
            received_failures: r.counters(
                "etcd_network_peer_received_failures_total",
                "Streams of members that ended in the middle of a message.",
                &["From"],
            )?,
            round_trip: r.histograms(
                "etcd_network_peer_round_trip_time_seconds",
                "The time until a member answers.",
                0.0001,
                16,
                &["To"],
            )?,
            snapshot_sent: r.counters(
                "etcd_network_snapshot_send_success",
                "Snapshots sent.",
                &["To"],
            )?,
            snapshot_sending: r.gauges(
                "etcd_network_snapshot_send_inflights_total",
                "Snapshots that are being sent.",
                &["To"],
            )?,
            snapshot_send_failures: r.counters(
                "etcd_network_snapshot_send_failures",
                "Snapshots that could not be sent.",
                &["To"],
            )?,
            snapshot_send_seconds: r.histograms(
                "etcd_network_snapshot_send_total_duration_seconds",
                "The time to send a snapshot.",
                0.1,
                10,
                &["To"],
            )?,
            snapshot_received: r.counters(
                "etcd_network_snapshot_receive_success",
                "Snapshots received.",
                &["From"],
            )?,
            snapshot_receiving: r.gauges(
                "etcd_network_snapshot_receive_inflights_total",
                "Snapshots that are being received.",
                &["From"],
            )?,
            snapshot_receive_failures: r.counters(
                "etcd_network_snapshot_receive_failures",
                "Snapshots that could not be received.",
                &["From"],
            )?,
            snapshot_receive_seconds: r.histograms(
                "etcd_network_snapshot_receive_total_duration_seconds",
                "The time to receive a snapshot.",
                0.1,
                10,
                &["From"],
            )?,
        })
    }

    /// The figures of another member, `remote`, as seen by this one.
    pub fn figures(&self, local: u64, remote: u64) -> PeerFigures {
        let (local, remote) = (format!("{local:x}"), format!("{remote:x}"));
        let pair = [local.as_str(), remote.as_str()];
        let to = [remote.as_str()];
        PeerFigures {
            active: self.active.with_label_values(&pair),
            disconnected: self.disconnected.with_label_values(&pair),
            sent_bytes: self.sent_bytes.with_label_values(&to),
            sent_failures: self.sent_failures.with_label_values(&to),
            round_trip: self.round_trip.with_label_values(&to),
            latency: Arc::default(),
        }
    }

    /// Bytes received from a member.
    pub fn received_bytes(&self, from: u64) -> IntCounter {
        let from = format!("{from:x}");
        self.received_bytes.with_label_values(&[&from])
    }

    /// Streams of a member that broke off.
    pub fn received_failures(&self, from: u64) -> IntCounter {
        let from = format!("{from:x}");
        self.received_failures.with_label_values(&[&from])
    }

    /// Snapshots to a member.
    pub fn snapshots_to(&self, to: u64) -> SnapshotFigures {
        let to = format!("{to:x}");
        let to = [to.as_str()];
        SnapshotFigures {
            success: self.snapshot_sent.with_label_values(&to),
            inflight: self.snapshot_sending.with_label_values(&to),
            failures: self.snapshot_send_failures.with_label_values(&to),
            seconds: self.snapshot_send_seconds.with_label_values(&to),
        }
    }

    /// Snapshots from a member.
    pub fn snapshots_from(&self, from: u64) -> SnapshotFigures {
        let from = format!("{from:x}");
        let from = [from.as_str()];
        SnapshotFigures {
            success: self.snapshot_received.with_label_values(&from),
            inflight: self.snapshot_receiving.with_label_values(&from),
            failures: self.snapshot_receive_failures.with_label_values(&from),
            seconds: self.snapshot_receive_seconds.with_label_values(&from),
        }
    }

    /// Shows a member that is none any more no longer among those that can be reached.
    pub fn forget(&self, local: u64, remote: u64) {
        let (local, remote) = (format!("{local:x}"), format!("{remote:x}"));
        // It may never have been shown.
        let _ = self.active.remove_label_values(&[&local, &remote]);
    }
}
