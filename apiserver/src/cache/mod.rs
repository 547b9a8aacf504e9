//! The watch cache: every object as the bytes of its JSON, kept up by one watch of the whole store.
//!
//! ```text
//! store ─ one watch of /registry/ ─▶ feed ─┬─▶ bucket (a resource): objects by key, a ring of events
//!                                          └─▶ revision: everything up to here has been taken in
//! get, list  ─▶ how far is the store? ─▶ wait until the cache is there ─▶ the objects of a bucket
//! watch      ─▶ a cursor into the ring of a bucket; a slow watcher costs a cursor, not a queue
//! ```
//!
//! Invariants: the events of a bucket lie in the ring in the order of their revisions; an object never
//! goes back; what a snapshot shows is the state of its bucket at the snapshot's revision, neither more
//! nor less. A cursor that the ring has left behind ends its watch with "too old", never silently.

mod bucket;
mod entry;
mod feed;
mod fresh;

use std::collections::HashMap;
use std::sync::Arc;

use api::selector::Selectable;
use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::watch;

pub use bucket::{Bucket, Cursor, Event, EventKind, Expired, Snapshot};
pub use entry::{Entry, set_revision};
pub use feed::run;
pub use fresh::NotFresh;

use crate::storage::{Leases, Store, StoreError};

/// All buckets, and how far they are.
#[derive(Debug)]
pub struct Cache {
    /// What all keys begin with, with a slash at its end.
    prefix: String,
    store: Store,
    buckets: RwLock<HashMap<Box<str>, Arc<Bucket>>>,
    /// Everything up to this revision has been taken in; 0 until the first list.
    revision: watch::Sender<i64>,
    fresh: fresh::Fresh,
    leases: Leases,
    /// How long events last, in seconds.
    events_last: i64,
    /// What objects can be selected by, by the folders they lie in.
    selectables: RwLock<HashMap<Box<str>, Arc<Selectable>>>,
}

impl Cache {
    /// One that is empty until [`run`] has filled it.
    #[must_use]
    pub fn new(store: Store, prefix: &str, events_last: i64) -> Self {
        Self {
            prefix: format!("{}/", prefix.trim_end_matches('/')),
            store,
            buckets: RwLock::default(),
            revision: watch::Sender::new(0),
            fresh: fresh::Fresh::default(),
            leases: Leases::default(),
            events_last,
            selectables: RwLock::default(),
        }
    }

    /// What all keys begin with, with a slash at its end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The store that this is a copy of.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The objects of a folder (see [`crate::storage::keys`]); made when it is first asked for.
    #[must_use]
    pub fn bucket(&self, folder: &str) -> Arc<Bucket> {
        if let Some(found) = self.buckets.read().get(folder) {
            return found.clone();
        }
        let mut buckets = self.buckets.write();
        buckets.entry(folder.into()).or_default().clone()
    }

    /// What the objects of a folder can be selected by: what was said of it, else what `object` is.
    fn selectable(&self, folder: &str, object: Option<&Value>) -> Arc<Selectable> {
        if let Some(known) = self.selectables.read().get(folder) {
            return known.clone();
        }
        let text = |key: &str| {
            object
                .and_then(|object| object[key].as_str())
                .unwrap_or_default()
        };
        let group = text("apiVersion")
            .split_once('/')
            .map_or("", |(group, _)| group);
        let made = Arc::new(Selectable::builtin(group, text("kind")));
        if object.is_some() {
            self.set_selectable(folder, made.clone());
        }
        made
    }

    /// Says what the objects of a folder can be selected by. Objects that are there already keep what they
    /// have.
    pub fn set_selectable(&self, folder: &str, selectable: Arc<Selectable>) {
        self.selectables.write().insert(folder.into(), selectable);
    }

    /// The lease of new objects of a resource; 0 for those that stay.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn lease(&self, folder: &str) -> Result<i64, StoreError> {
        if folder != "events" || self.events_last <= 0 {
            return Ok(0);
        }
        self.leases.of(&self.store, self.events_last).await
    }

    /// How far the cache is.
    #[must_use]
    pub fn revision(&self) -> i64 {
        *self.revision.borrow()
    }

    /// Tells whenever the cache has come further.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<i64> {
        self.revision.subscribe()
    }

    /// Whether the first list has been taken in.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.revision() > 0
    }

    /// Waits until the first list has been taken in.
    pub async fn filled(&self) {
        let mut progress = self.progress();
        // The sender lives as long as this cache does.
        let _ = progress.wait_for(|revision| *revision > 0).await;
    }

    /// The objects of a folder and the revision that they are of: a state that is not older than the
    /// moment of the call began.
    #[must_use]
    pub fn snapshot(&self, folder: &str) -> Snapshot {
        let bucket = self.bucket(folder);
        // Read before the bucket is: what the cache says to have taken in is in the bucket then.
        let revision = self.revision();
        bucket.snapshot(revision)
    }

    /// Waits until the cache is as fresh as the store is now (a linearizable read).
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn catch_up(&self) -> Result<i64, StoreError> {
        fresh::catch_up(self).await
    }

    /// Waits until the cache has reached a revision.
    ///
    /// # Errors
    /// It has not within a few seconds: the revision is of the future.
    pub async fn reach(&self, revision: i64) -> Result<(), NotFresh> {
        fresh::reach(self, revision).await
    }
}
