//! Keeps the cache up: one list of the whole store, then one watch, for as long as the server runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Cache, Entry};
use crate::storage::keys::{after_prefix, split};
use crate::storage::{Change, StoreError, Stored, Told, encoding};

/// Keys of one page of the list.
const PAGE: i64 = 1000;
/// How long the feed rests after the store has failed it.
const RESTS: Duration = Duration::from_millis(100);

/// Runs until `stop` turns true.
pub async fn run(cache: Arc<Cache>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        () = keep(&cache) => (),
        // Whoever held the sender has gone, or says so: both mean the end.
        _ = stop.wait_for(|stopped| *stopped) => (),
    }
}

async fn keep(cache: &Cache) {
    loop {
        let error = match follow(cache).await {
            StoreError::Compacted => {
                tracing::warn!("the watch cache lags behind the store's history, listing again");
                cache.revision.send_replace(0);
                continue;
            }
            error => error,
        };
        tracing::warn!(%error, "the watch of the store has ended, trying again");
        tokio::time::sleep(RESTS).await;
    }
}

/// Lists if need be, then watches until that fails.
async fn follow(cache: &Cache) -> StoreError {
    if !cache.is_filled() {
        match fill(cache).await {
            Ok(revision) => cache.revision.send_replace(revision),
            Err(error) => return error,
        };
    }
    let prefix = cache.prefix.as_bytes();
    let end = after_prefix(prefix);
    let started = cache.store.watch(prefix, &end, cache.revision() + 1).await;
    let mut watching = match started {
        Ok(watching) => watching,
        Err(error) => return error,
    };
    cache.fresh.set_nudge(watching.nudge());
    loop {
        match watching.next().await {
            Ok(told) => take_in(cache, told),
            Err(error) => return error,
        }
    }
}

async fn fill(cache: &Cache) -> Result<i64, StoreError> {
    let prefix = cache.prefix.as_bytes();
    let end = after_prefix(prefix);
    let mut start = prefix.to_vec();
    let mut revision = 0;
    let mut found: HashMap<String, Vec<Entry>> = HashMap::new();
    loop {
        let page = cache.store.list(&start, &end, PAGE, revision).await?;
        if revision == 0 {
            revision = page.revision;
        }
        let is_last = page.items.len() < PAGE as usize;
        for stored in page.items {
            start.clear();
            start.extend_from_slice(&stored.key);
            start.push(0);
            if let Some((folder, entry)) = entry(cache, &stored) {
                found.entry(folder).or_default().push(entry);
            }
        }
        if is_last {
            break;
        }
    }
    let known: Vec<Box<str>> = cache.buckets.read().keys().cloned().collect();
    for folder in known {
        found.entry(folder.into()).or_default();
    }
    for (folder, entries) in found {
        cache.bucket(&folder).replace(entries, revision);
    }
    Ok(revision)
}

fn take_in(cache: &Cache, told: Told) {
    for change in told.changes {
        match change {
            Change::Put(stored) => {
                if let Some((folder, entry)) = entry(cache, &stored) {
                    cache.bucket(&folder).put(entry);
                }
            }
            Change::Delete { key, revision } => {
                if let Some((folder, rest)) = place(cache, &key) {
                    cache.bucket(folder).remove(rest, revision);
                }
            }
        }
    }
    cache.revision.send_if_modified(|now| {
        let is_further = told.revision > *now;
        *now = told.revision.max(*now);
        is_further
    });
}

/// The folder of a key and the rest of it.
fn place<'a>(cache: &Cache, key: &'a [u8]) -> Option<(&'a str, &'a str)> {
    let key = std::str::from_utf8(key).ok()?;
    split(key.strip_prefix(&*cache.prefix)?)
}

fn entry(cache: &Cache, stored: &Stored) -> Option<(String, Entry)> {
    let (folder, rest) = place(cache, &stored.key)?;
    let object = encoding::decode(&stored.value).map_err(|error| error.to_string());
    if let Err(error) = &object {
        tracing::warn!(key = %String::from_utf8_lossy(&stored.key), error, "an object cannot be decoded");
    }
    let selectable = cache.selectable(folder, object.as_ref().ok());
    let entry = Entry::new(rest, stored.revision, stored.lease, object, &selectable);
    Some((folder.to_owned(), entry))
}
