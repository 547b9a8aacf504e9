//! Reads that are as fresh as the store, from the cache.
//!
//! A read asks the store for its revision only, and waits until the cache has got there. Reads that come
//! while such a question is under way cannot use its answer, but share the next one.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Cache;
use crate::storage::{Nudge, StoreError};

/// How long a read waits for a revision to be reached (upstream's `blockTimeout`).
const WAITS: Duration = Duration::from_secs(3);
/// How long the cache gets to hear of a revision by itself before it asks. Changes come by themselves;
/// only what lies outside of the cache's keys has to be asked for.
const BEFORE_ASKING: Duration = Duration::from_millis(1);
/// How often it asks again.
const ASKS_EVERY: Duration = Duration::from_millis(100);

/// The question that is about to be put, and how to ask the stream of changes.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    next: Mutex<Option<Shared>>,
    /// One question at a time.
    asking: tokio::sync::Mutex<()>,
    nudge: Mutex<Option<Nudge>>,
}

type Answer = Option<Result<i64, StoreError>>;
type Shared = Arc<watch::Sender<Answer>>;

/// The cache has not reached a revision in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too large resource version: {asked}, current: {current}")]
pub struct NotFresh {
    /// What was to be reached.
    pub asked: i64,
    /// How far the cache is.
    pub current: i64,
}

impl Fresh {
    pub(super) fn set_nudge(&self, nudge: Nudge) {
        *self.nudge.lock() = Some(nudge);
    }

    fn ask(&self) {
        if let Some(nudge) = &*self.nudge.lock() {
            nudge.ask();
        }
    }
}

pub(super) async fn catch_up(cache: &Cache) -> Result<i64, StoreError> {
    let revision = store_revision(cache).await?;
    match reach(cache, revision).await {
        Ok(()) => Ok(revision),
        Err(late) => Err(StoreError::Unavailable(format!(
            "the watch cache is at revision {}, not yet at {}",
            late.current, late.asked
        ))),
    }
}

/// The store's revision at some moment within this call.
async fn store_revision(cache: &Cache) -> Result<i64, StoreError> {
    let (shared, is_first) = {
        let mut next = cache.fresh.next.lock();
        match &*next {
            Some(shared) => (shared.clone(), false),
            None => {
                let shared = Shared::new(watch::Sender::new(None));
                *next = Some(shared.clone());
                (shared, true)
            }
        }
    };
    if !is_first {
        let mut answer = shared.subscribe();
        drop(shared);
        let Ok(told) = answer.wait_for(Option::is_some).await else {
            // Who was to ask has gone: the next in line does.
            return Box::pin(store_revision(cache)).await;
        };
        return told.clone().unwrap_or(Ok(0));
    }
    let _leave = Leave {
        cache,
        shared: &shared,
    };
    let _turn = cache.fresh.asking.lock().await;
    // From here on nobody joins: whoever comes later needs a later answer.
    leave(cache, &shared);
    let answer = cache.store.revision(cache.prefix.as_bytes()).await;
    shared.send_replace(Some(answer.clone()));
    answer
}

/// Takes a question away from those that can be joined, also when whoever was to ask is dropped.
struct Leave<'a> {
    cache: &'a Cache,
    shared: &'a Shared,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        leave(self.cache, self.shared);
    }
}

fn leave(cache: &Cache, shared: &Shared) {
    let mut next = cache.fresh.next.lock();
    if next.as_ref().is_some_and(|next| Arc::ptr_eq(next, shared)) {
        *next = None;
    }
}

pub(super) async fn reach(cache: &Cache, revision: i64) -> Result<(), NotFresh> {
    let mut progress = cache.progress();
    if *progress.borrow_and_update() >= revision {
        return Ok(());
    }
    let end = Instant::now() + WAITS;
    let mut until = Instant::now() + BEFORE_ASKING;
    loop {
        let waited = timeout_at(until.min(end), progress.wait_for(|now| *now >= revision)).await;
        if waited.is_ok() {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(NotFresh {
                asked: revision,
                current: cache.revision(),
            });
        }
        cache.fresh.ask();
        until = Instant::now() + ASKS_EVERY;
    }
}
