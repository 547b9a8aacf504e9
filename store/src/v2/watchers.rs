//! Who is told of what happens.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Event, path};

/// Events that may wait for one watcher; one that is further behind is given up, as in etcd.
const WAITING_MAX: usize = 100;

/// What somebody wants to be told.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) key: String,
    /// Of all below it, too.
    pub(super) recursive: bool,
    /// Again and again.
    pub(super) stream: bool,
    /// The first index that counts.
    pub(super) since: u64,
}

struct Watcher {
    id: u64,
    wish: Wish,
    events: mpsc::Sender<Arc<Event>>,
}

impl Watcher {
    /// Whether it is told; one that does not read is given up.
    fn notify(&self, event: &Arc<Event>, at_its_key: bool, is_removed: bool) -> Option<Fate> {
        let is_told = self.wish.recursive || at_its_key || is_removed;
        if !is_told || event.index() < self.wish.since {
            return None;
        }
        match self.events.try_send(event.clone()) {
            Ok(()) if self.wish.stream => Some(Fate::Stays),
            _ => Some(Fate::Goes),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Fate {
    Stays,
    Goes,
}

/// All of them, by the path they watch.
#[derive(Default)]
pub(super) struct Watchers {
    by_path: HashMap<String, Vec<Watcher>>,
    ids: u64,
}

/// One who watches; it is forgotten when this is dropped.
pub struct Watching {
    events: mpsc::Receiver<Arc<Event>>,
    /// The store's index when it began.
    pub began: u64,
    /// Whether it is told again and again.
    pub is_stream: bool,
    seat: Seat,
}

/// Where a watcher is registered, or what keeps the way open of one that need not be.
enum Seat {
    Registered {
        watchers: Arc<Mutex<Watchers>>,
        key: String,
        id: u64,
    },
    Apart {
        _open: mpsc::Sender<Arc<Event>>,
    },
}

impl Watching {
    /// One who is told an event of the past, and as in etcd nothing else.
    pub(super) fn of_past(event: Arc<Event>, began: u64, is_stream: bool) -> Self {
        let (sender, events) = mpsc::channel(1);
        // There is room for one.
        let _ = sender.try_send(event);
        Self {
            events,
            began,
            is_stream,
            seat: Seat::Apart { _open: sender },
        }
    }

    /// One who is told what is to come.
    pub(super) fn of_future(watchers: &Arc<Mutex<Watchers>>, wish: Wish, began: u64) -> Self {
        let (sender, events) = mpsc::channel(WAITING_MAX);
        let (key, is_stream) = (wish.key.clone(), wish.stream);
        let id = watchers.lock().add(wish, sender);
        let watchers = watchers.clone();
        Self {
            events,
            began,
            is_stream,
            seat: Seat::Registered { watchers, key, id },
        }
    }

    /// The next event; nothing when there will be none.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        self.events.recv().await
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Seat::Registered { watchers, key, id } = &self.seat {
            watchers.lock().remove(key, *id);
        }
    }
}

impl Watchers {
    fn add(&mut self, wish: Wish, events: mpsc::Sender<Arc<Event>>) -> u64 {
        self.ids += 1;
        let id = self.ids;
        let watcher = Watcher {
            id,
            events,
            wish: wish.clone(),
        };
        self.by_path.entry(wish.key).or_default().push(watcher);
        id
    }

    fn remove(&mut self, key: &str, id: u64) {
        if let Some(watchers) = self.by_path.get_mut(key) {
            watchers.retain(|watcher| watcher.id != id);
            if watchers.is_empty() {
                self.by_path.remove(key);
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.by_path.values().map(Vec::len).sum()
    }

    /// Tells who watches the key of an event, or what it lies in; before them, in order, who watches
    /// what went with it.
    pub(super) fn tell(&mut self, event: &Arc<Event>, removed: &[String]) {
        if self.by_path.is_empty() {
            return;
        }
        for path in removed {
            self.tell_at(event, path, true);
        }
        self.tell_at(event, "/", false);
        for step in path::steps(&event.node.key) {
            self.tell_at(event, step, false);
        }
    }

    fn tell_at(&mut self, event: &Arc<Event>, at: &str, is_removed: bool) {
        let Some(watchers) = self.by_path.get_mut(at) else {
            return;
        };
        let at_its_key = event.node.key == at;
        if at_its_key || !path::is_hidden_from(at, &event.node.key) {
            watchers.retain(|watcher| {
                watcher.notify(event, at_its_key, is_removed) != Some(Fate::Goes)
            });
        }
        if watchers.is_empty() {
            self.by_path.remove(at);
        }
    }
}
