//! What waits for one stream to pick it up: a bounded queue.

use std::collections::VecDeque;

use parking_lot::Mutex;
use prost::Message;
use proto::mvccpb::Event;
use tokio::sync::Notify;

/// Deliveries that wait for a stream at most. When it is full, the watcher concerned is marked as
/// lagging and reads the history instead.
pub(super) const DELIVERIES_MAX: usize = 1_024;
/// Bytes of events that wait for a stream at most, unless a single delivery is larger.
pub(super) const BYTES_MAX: usize = 1024 * 1024;

/// All events of one revision for one watch.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) watch_id: i64,
    pub(super) revision: i64,
    pub(super) events: Vec<Event>,
}

/// What a stream finds in its mailbox.
pub(super) enum Mail {
    Delivery(Delivery),
    /// From this revision on, the watch has to read the history.
    Lagging {
        watch_id: i64,
        from: i64,
    },
}

impl Mail {
    /// Whose it is.
    pub(super) fn watch_id(&self) -> i64 {
        match self {
            Self::Delivery(delivery) => delivery.watch_id,
            Self::Lagging { watch_id, .. } => *watch_id,
        }
    }
}

#[derive(Default)]
struct Queue {
    deliveries: VecDeque<(usize, Delivery)>,
    bytes: usize,
    lagging: VecDeque<(i64, i64)>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Mailbox {
    queue: Mutex<Queue>,
    arrived: Notify,
}

impl Mailbox {
    /// False when it did not fit: the watch lags from this revision on.
    pub(super) fn deliver(&self, delivery: Delivery) -> bool {
        let size: usize = delivery.events.iter().map(Message::encoded_len).sum();
        let mut queue = self.queue.lock();
        let full = queue.deliveries.len() >= DELIVERIES_MAX
            || (queue.bytes + size > BYTES_MAX && !queue.deliveries.is_empty());
        if full {
            queue
                .lagging
                .push_back((delivery.watch_id, delivery.revision));
        } else {
            queue.bytes += size;
            queue.deliveries.push_back((size, delivery));
        }
        drop(queue);
        self.arrived.notify_one();
        !full
    }

    /// The watch lags from this revision on.
    pub(super) fn lag(&self, watch_id: i64, from: i64) {
        self.queue.lock().lagging.push_back((watch_id, from));
        self.arrived.notify_one();
    }

    /// The next thing, if any. Deliveries come before the marks that follow them.
    pub(super) fn take(&self) -> Option<Mail> {
        let mut queue = self.queue.lock();
        if let Some((size, delivery)) = queue.deliveries.pop_front() {
            queue.bytes -= size;
            return Some(Mail::Delivery(delivery));
        }
        let (watch_id, from) = queue.lagging.pop_front()?;
        Some(Mail::Lagging { watch_id, from })
    }

    /// Throws away what waits for a watch that has ended: another may get its id.
    pub(super) fn forget(&self, watch_id: i64) {
        let mut queue = self.queue.lock();
        queue.lagging.retain(|(id, _)| *id != watch_id);
        queue.deliveries.retain(|(_, d)| d.watch_id != watch_id);
        queue.bytes = queue.deliveries.iter().map(|(size, _)| size).sum();
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        let queue = self.queue.lock();
        queue.deliveries.is_empty() && queue.lagging.is_empty()
    }

    /// Waits until something may have arrived.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}
