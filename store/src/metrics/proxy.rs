//! What `etcd grpc-proxy` counts. A member shows the names too, at zero, as etcd does.

use super::Error;
use super::register::Register;
use prometheus::{IntCounter, IntGauge};

/// See the module.
pub struct Proxy {
    /// Answers that are kept.
    pub cache_keys: IntGauge,
    /// Reads that were answered by them.
    pub cache_hits: IntGauge,
    /// Reads that could have been, and were not.
    pub cache_misses: IntGauge,
    /// Events that went to more clients than they came for.
    pub events_coalescing: IntCounter,
    /// Watchers that share another one's watch.
    pub watchers_coalescing: IntGauge,
}

impl Proxy {
    pub(super) fn new(r: &mut Register) -> Result<Self, Error> {
        Ok(Self {
            cache_keys: r.gauge(
                "etcd_grpc_proxy_cache_keys_total",
                "Total number of keys/ranges cached",
            )?,
            cache_hits: r.gauge(
                "etcd_grpc_proxy_cache_hits_total",
                "Total number of cache hits",
            )?,
            cache_misses: r.gauge(
                "etcd_grpc_proxy_cache_misses_total",
                "Total number of cache misses",
            )?,
            events_coalescing: r.counter(
                "etcd_grpc_proxy_events_coalescing_total",
                "Total number of events coalescing",
            )?,
            watchers_coalescing: r.gauge(
                "etcd_grpc_proxy_watchers_coalescing_total",
                "Total number of current watchers coalescing",
            )?,
        })
    }
}
