//! Telling the world that clients are served: the log lines harnesses wait for, and systemd.

use crate::serve::Bound;

/// Says once that the member serves clients.
#[derive(Debug)]
pub struct Ready {
    /// What each listener serves, and where.
    listeners: Vec<(&'static str, String)>,
}

impl Ready {
    pub(super) fn new(bound: &[Bound]) -> Self {
        // The address the kernel gave: it tells the port if any was asked for.
        let address = |bound: &Bound| match bound.local_addr() {
            Ok(address) => address.to_string(),
            Err(_) => bound.address().to_owned(),
        };
        let listener = |bound: &Bound| (bound.traffic_name(), address(bound));
        Self {
            listeners: bound.iter().map(listener).collect(),
        }
    }

    /// To be called once there is a leader, the log is replayed and requests are answered.
    pub fn tell(self) {
        for (traffic, address) in self.listeners {
            if traffic == "metrics" {
                tracing::info!(address, "serving metrics");
                continue;
            }
            tracing::info!("ready to serve client requests");
            tracing::info!(
                traffic,
                address,
                "serving client traffic insecurely; this is strongly discouraged!"
            );
        }
        tracing::info!("notifying init daemon");
        match sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
            Ok(()) => tracing::info!("successfully notified init daemon"),
            Err(error) => tracing::error!(%error, "failed to notify systemd for readiness"),
        }
    }
}
