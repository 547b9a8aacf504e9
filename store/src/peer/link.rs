//! One other member: its URLs, its streams, and what is known of it.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::dial::Client;
use super::kind::Kind;
use super::queue::Queue;
use super::status::Status;
use crate::config::Url;
use crate::metrics::{Metrics, PeerFigures};

/// Bytes of small messages that may wait for one member.
const CONTROL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of log entries that may wait for one member. A member that takes none must not cost the
/// others their memory; what is dropped here, raft sends again.
const APPEND_BYTES_MAX: usize = 32 * 1024 * 1024;

/// See the module.
pub(super) struct Link {
    pub(super) id: u64,
    control: Queue,
    append: Queue,
    /// Where it is reached; one is used until it fails.
    pub(super) urls: watch::Sender<Arc<[Url]>>,
    /// Told when the member has been heard of: then it is worth trying again at once.
    pub(super) heard: watch::Sender<()>,
    pub(super) status: Status,
    pub(super) figures: PeerFigures,
    /// The way for single calls, while the member is reached.
    client: Mutex<Option<Client>>,
    /// The snapshot that is being sent.
    transfer: Mutex<Option<AbortHandle>>,
}

impl Link {
    pub(super) fn new(own: u64, id: u64, urls: Arc<[Url]>, metrics: &Metrics) -> Self {
        let figures = metrics.peer.figures(own, id);
        Self {
            id,
            control: Queue::new(CONTROL_BYTES_MAX),
            append: Queue::new(APPEND_BYTES_MAX),
            urls: watch::Sender::new(urls),
            heard: watch::Sender::new(()),
            status: Status::new(id, figures.active.clone(), figures.disconnected.clone()),
            figures,
            client: Mutex::new(None),
            transfer: Mutex::new(None),
        }
    }

    pub(super) fn queue(&self, kind: Kind) -> &Queue {
        match kind {
            Kind::Control => &self.control,
            Kind::Append => &self.append,
        }
    }

    /// Replaces the URLs, if they are others.
    pub(super) fn set_urls(&self, urls: Arc<[Url]>) -> bool {
        self.urls.send_if_modified(|known| {
            let is_new = *known != urls;
            if is_new {
                *known = urls;
            }
            is_new
        })
    }

    /// Since when it is reached.
    pub(super) fn active_since(&self) -> Option<Instant> {
        self.status.active_since()
    }

    pub(super) fn client(&self) -> Option<Client> {
        self.client.lock().clone()
    }

    pub(super) fn set_client(&self, client: Option<Client>) {
        *self.client.lock() = client;
    }

    /// Notes a transfer; one that was under way ends.
    pub(super) fn set_transfer(&self, task: AbortHandle) {
        if let Some(before) = self.transfer.lock().replace(task) {
            before.abort();
        }
    }

    /// Ends the transfer that is under way, if one is.
    pub(super) fn end_transfer(&self) {
        if let Some(transfer) = self.transfer.lock().take() {
            transfer.abort();
        }
    }
}
