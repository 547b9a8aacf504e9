//! Compacts the store: everything older than two intervals goes.
//!
//! Several API servers on one store agree on who does it by a key that each changes only as it has read it
//! (upstream's `compact_rev_key`).

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::storage::{Store, StoreError};

/// Upstream's, so that its servers and ours can share a store.
const KEY: &[u8] = b"compact_rev_key";

/// Compacts once in each interval, until `stop` turns true.
pub async fn run(store: Store, interval: Duration, mut stop: watch::Receiver<bool>) {
    if interval.is_zero() {
        return;
    }
    let mut round = Round::default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
        match step(&store, &round).await {
            Ok(next) => round = next,
            Err(error) => tracing::warn!(%error, "the store cannot be compacted"),
        }
    }
}

/// What was found out an interval ago.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// The revision of the key's last write; 0 before there is any.
    key: i64,
    /// The store's revision then.
    revision: i64,
}

/// If nobody else has compacted meanwhile, compacts up to what the revision was an interval ago.
async fn step(store: &Store, last: &Round) -> Result<Round, StoreError> {
    let value = Bytes::from(last.revision.to_string());
    match store.update(KEY, last.key, value, 0).await? {
        Ok(revision) => {
            if last.revision > 0 {
                store.compact(last.revision).await?;
                tracing::debug!(revision = last.revision, "the store was compacted");
            }
            Ok(Round {
                key: revision,
                revision,
            })
        }
        Err(current) => {
            // Another server is at it.
            let key = current.stored.map_or(0, |stored| stored.revision);
            let revision = store.revision(KEY).await?;
            Ok(Round { key, revision })
        }
    }
}
