//! What a member has received so far, from one transfer to the next.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use super::Site;
use super::incoming::Incoming;

/// One for each member. What it holds ends with the process; a start begins anew.
pub struct Inbox {
    pub(super) incoming: Arc<Mutex<Incoming>>,
    /// Counts transfers: the newest goes on, those before it end.
    pub(super) turn: watch::Sender<u64>,
}

impl Inbox {
    /// An empty one, for the member of this cluster whose site it is.
    pub fn new(cluster_id: u64, site: Arc<dyn Site>) -> Self {
        Self {
            incoming: Arc::new(Mutex::new(Incoming::new(cluster_id, site))),
            turn: watch::Sender::new(0),
        }
    }

    /// Throws away what an interrupted transfer left, because the member has caught up without it.
    /// One that is under way is not disturbed.
    pub fn abandon(&self) {
        if let Ok(mut incoming) = self.incoming.try_lock() {
            incoming.abandon();
        }
    }
}
