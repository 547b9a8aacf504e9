//! Metrics: leases.

use super::Error;
use super::register::Register;
use prometheus::{Histogram, IntCounter};

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
