//! Clients that write all the time, and what the store must have of it afterwards.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proto::mvccpb::Event;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::watching::Watching;
use crate::client;
use crate::load;

/// Every key that is written here begins so.
pub(super) const PREFIX: &str = "w/";
/// How long a write may take until its outcome counts as unknown.
const TRY: Duration = Duration::from_secs(2);
/// The pause after a write that failed.
const PAUSE: Duration = Duration::from_millis(5);
/// Keys of each writer.
const KEYS: u64 = 5;

/// A write: no two have the same value.
#[derive(Debug, Clone)]
pub(super) struct Write {
    key: String,
    value: String,
    /// None when its outcome is unknown.
    revision: Option<i64>,
}

/// Writers at work.
pub(super) struct Writers {
    over: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    tasks: JoinSet<Vec<Write>>,
}

impl Writers {
    /// `count` of them, spread over the members, write to keys of their own. `name` is theirs alone.
    pub(super) fn start(name: &str, members: &[Channel], count: usize, padding: usize) -> Writers {
        let (over, acknowledged) = (Arc::default(), Arc::default());
        let mut writers = Writers {
            over,
            acknowledged,
            tasks: JoinSet::new(),
        };
        for writer in 0..count {
            let (over, acknowledged) = (writers.over.clone(), writers.acknowledged.clone());
            let (name, to) = (
                format!("{name}-{writer}"),
                members[writer % members.len()].clone(),
            );
            let write = async move {
                let mut writes = Vec::new();
                for number in 0_u64.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = format!("{PREFIX}{name}/{}", number % KEYS);
                    let value = format!("{name}-{number:0padding$}");
                    let put = load::put(&to, key.clone(), value.clone());
                    let outcome = tokio::time::timeout(TRY, put).await;
                    let revision = outcome.ok().and_then(Result::ok);
                    match revision {
                        Some(_) => {
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                        }
                        None => tokio::time::sleep(PAUSE).await,
                    }
                    writes.push(Write {
                        key,
                        value,
                        revision,
                    });
                }
                writes
            };
            writers.tasks.spawn(write);
        }
        writers
    }

    /// Waits until so many more writes were acknowledged.
    pub(super) async fn more(&self, count: u64) {
        let target = self.acknowledged.load(Ordering::Relaxed) + count;
        client::eventually("writes", async || {
            (self.acknowledged.load(Ordering::Relaxed) >= target).then_some(())
        })
        .await;
    }

    /// Ends them; all their writes.
    pub(super) async fn end(self) -> Vec<Write> {
        self.over.store(true, Ordering::Relaxed);
        self.tasks.join_all().await.concat()
    }
}

/// Sees that a member has each acknowledged write at its revision, no write twice, nothing else, and
/// nothing that is not one revision after the other. Nothing else may have been written there.
pub(super) async fn check_log(of: &Channel, writes: &[Write]) {
    let newest = super::revision(of).await;
    let mut watching = Watching::all(of, &[1]).await;
    watching.until(newest).await;
    let events = &watching.events[0];
    assert_eq!(events.len(), usize::try_from(newest - 1).unwrap());
    let mut versions: HashMap<&[u8], i64> = HashMap::new();
    let mut found: HashMap<&[u8], (&[u8], i64)> = HashMap::new();
    for Event { kv, .. } in events {
        let kv = kv.as_ref().unwrap();
        let version = versions.entry(&kv.key).or_default();
        *version += 1;
        assert_eq!(
            kv.version, *version,
            "versions of a key follow each other: {kv:?}"
        );
        let again = found.insert(&kv.value, (&kv.key, kv.mod_revision));
        assert_eq!(again, None, "carried out twice: {kv:?}");
    }
    let mut acknowledged = 0;
    for write in writes {
        let at = found.remove(write.value.as_bytes());
        if let Some(revision) = write.revision {
            let wanted = Some((write.key.as_bytes(), revision));
            assert_eq!(at, wanted, "not where it was acknowledged: {write:?}");
            acknowledged += 1;
        }
    }
    assert!(found.is_empty(), "nobody asked for these: {found:?}");
    assert!(acknowledged > 0, "nothing was tested");
}
