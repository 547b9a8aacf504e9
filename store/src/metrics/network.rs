//! Metrics: bytes to and from clients.

use super::Error;
use super::register::Register;
use prometheus::{IntCounter, IntGaugeVec};

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
