//! Whether a member is reached, since when, and what of it is worth a line in the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use prometheus::{IntCounter, IntGauge};

use super::greeting::Refusal;

/// See the module.
pub(super) struct Status {
    id: u64,
    active_since: Mutex<Option<Instant>>,
    /// What was last logged of a refusal, so that it is not said at each attempt.
    refused: Mutex<Option<(Refusal, String)>>,
    /// Whether messages were dropped since the member was last reached anew.
    has_dropped: AtomicBool,
    active: IntGauge,
    disconnected: IntCounter,
}

impl Status {
    pub(super) fn new(id: u64, active: IntGauge, disconnected: IntCounter) -> Self {
        Self {
            id,
            active_since: Mutex::new(None),
            refused: Mutex::new(None),
            has_dropped: AtomicBool::new(false),
            active,
            disconnected,
        }
    }

    /// Since when the member is reached; nothing while it is not.
    pub(super) fn active_since(&self) -> Option<Instant> {
        *self.active_since.lock()
    }

    pub(super) fn activate(&self) {
        self.refused.lock().take();
        let mut since = self.active_since.lock();
        if since.is_none() {
            *since = Some(Instant::now());
            self.has_dropped.store(false, Ordering::Relaxed);
            self.active.set(1);
            tracing::info!("peer-id" = %format_args!("{:x}", self.id), "peer became active");
        }
    }

    pub(super) fn deactivate(&self, error: &str) {
        let id = self.id;
        if self.active_since.lock().take().is_some() {
            self.active.set(0);
            self.disconnected.inc();
            tracing::warn!("peer-id" = %format_args!("{id:x}"), error, "peer became inactive (message send to peer failed)");
        } else {
            tracing::debug!("peer-id" = %format_args!("{id:x}"), error, "peer deactivated again");
        }
    }

    /// Whether this is the first drop on a stream that is up; others are not worth a line.
    pub(super) fn is_first_drop(&self) -> bool {
        self.active_since().is_some() && !self.has_dropped.swap(true, Ordering::Relaxed)
    }

    /// Whether this refusal is news.
    pub(super) fn is_new_refusal(&self, refusal: Refusal, cluster_id: &str) -> bool {
        let mut last = self.refused.lock();
        let now = Some((refusal, cluster_id.to_owned()));
        let is_new = *last != now;
        *last = now;
        is_new
    }
}
