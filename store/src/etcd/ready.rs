//! Telling the world that clients are served: the log lines harnesses wait for, and systemd.

use crate::serve::Bound;

/// Says once that the member serves clients.
#[derive(Debug)]
pub struct Ready {
    /// What each listener serves, where, and whether without and with TLS.
    listeners: Vec<(&'static str, String, (bool, bool))>,
}

impl Ready {
    pub(super) fn new(bound: &[Bound]) -> Self {
        // The address the kernel gave: it tells the port if any was asked for.
        let listener =
            |bound: &Bound| (bound.traffic_name(), bound.local_address(), bound.serves());
        Self {
            listeners: bound.iter().map(listener).collect(),
        }
    }

    /// To be called once there is a leader, the log is replayed and requests are answered.
    pub fn tell(self) {
        for (traffic, address, (is_plain, is_secure)) in self.listeners {
            if traffic == "metrics" {
                tracing::info!(address, "serving metrics");
                continue;
            }
            tracing::info!("ready to serve client requests");
            if is_plain {
                tracing::info!(
                    traffic,
                    address,
                    "serving client traffic insecurely; this is strongly discouraged!"
                );
            }
            if is_secure {
                tracing::info!(traffic, address, "serving client traffic securely");
            }
        }
        tracing::info!("notifying init daemon");
        match sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
            Ok(()) => tracing::info!("successfully notified init daemon"),
            Err(error) => tracing::error!(%error, "failed to notify systemd for readiness"),
        }
    }
}
