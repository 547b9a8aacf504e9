//! The status of ResourceQuotas: what is used of what they limit, by what is there.
//!
//! Only the resources that some quota names are followed, from the first such quota on.
//!
//! Source of the rules: Kubernetes, `pkg/controller/resourcequota` and `pkg/quota`. Devices of ResourceClaims
//! and scopes of volume attributes are not calculated.

mod pod;
mod scope;
pub mod source;
mod storage;
pub mod usage;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use kube::{Client, ResourceExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::discovery::{self, Catalog, Resource};
use crate::informer::{self, Change, Key, Store};
use crate::queue::{Next, Queue};
use crate::run::until;
use crate::{Error, Loop, call};
use source::Source;

/// Upstream's default of `--concurrent-resource-quota-syncs`.
const WORKERS: usize = 5;
/// Sources that wait to be followed; a full channel makes the quota come again.
const SOURCES: usize = 64;

/// The loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResourceQuotas;

#[async_trait]
impl Loop for ResourceQuotas {
    fn name(&self) -> &'static str {
        "resourcequota-controller"
    }

    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error> {
        let (wanted, asked) = mpsc::channel(SOURCES);
        let state = State {
            client: client.clone(),
            resource: Resource::core("resourcequotas", "ResourceQuota", true),
            quotas: Store::default(),
            queue: Queue::default(),
            objects: Mutex::default(),
            wanted,
        };
        let catalog = watch::Sender::new(Arc::default());
        let following = informer::follow(
            informer::object_api(&client, &state.resource, ""),
            informer::config(),
            state.quotas.clone(),
            |quota| {
                let (spec, status) = (quota.data.get("spec"), quota.data.get("status"));
                json!({"metadata": {"uid": quota.uid()}, "spec": spec, "status": status})
            },
            |change: Change<Value>| {
                if let Change::Applied(key, _) = change {
                    state.queue.add(key);
                }
            },
        );
        let state = &state;
        let working = state.queue.work(WORKERS, |key: Key| async move {
            match state.sync(&key).await {
                Ok(()) => Next::Done,
                Err(error) => {
                    tracing::warn!(?key, %error, "a quota could not be calculated");
                    Next::Retry
                }
            }
        });
        until(&stop, async {
            tokio::select! {
                () = following => Ok(()),
                ended = discovery::follow(&client, &catalog) => ended,
                () = state.monitor(asked, catalog.subscribe()) => Ok(()),
                never = working => match never {},
            }
        })
        .await
    }
}

/// What the parts of the loop share.
struct State {
    client: Client,
    resource: Resource,
    quotas: Store<Value>,
    queue: Queue<Key>,
    objects: Mutex<HashMap<Source, Store<Value>>>,
    wanted: mpsc::Sender<Source>,
}

impl State {
    async fn sync(&self, key: &Key) -> Result<(), Error> {
        let Some(quota) = self.quotas.get(key) else {
            return Ok(());
        };
        for source in usage::sources(&quota) {
            let is_known = self.objects.lock().contains_key(&source);
            if !is_known && self.wanted.try_send(source).is_err() {
                return Err(Error::Malformed("too many resources at once".to_owned()));
            }
        }
        let Some(status) = self.status(key, &quota) else {
            return Ok(());
        };
        let path = self.resource.object(&key.namespace, &key.name);
        let target = format!("{path}/status");
        call::edit_at(&self.client, &path, &target, |live| {
            // What has changed since is told soon, and calculated then.
            let same = call::text(live, "/metadata/uid") == call::text(&quota, "/metadata/uid")
                && live.get("spec") == quota.get("spec");
            let changed = same && live.get("status") != Some(&status);
            if changed {
                live["status"] = status.clone();
            }
            Ok(changed)
        })
        .await?;
        Ok(())
    }

    fn status(&self, key: &Key, quota: &Value) -> Option<Value> {
        let objects = |source: &Source| {
            let store = self.objects.lock().get(source).cloned()?;
            if !store.is_synced() {
                return None;
            }
            let objects = store.within(&key.namespace).into_iter();
            Some(objects.map(|(_, object)| object).collect())
        };
        usage::status(quota, objects, Timestamp::now())
    }

    /// Follows the sources that are asked for, once discovery knows them.
    async fn monitor(
        &self,
        mut asked: mpsc::Receiver<Source>,
        mut catalog: watch::Receiver<Arc<Catalog>>,
    ) {
        let mut running = FuturesUnordered::new();
        let mut waiting: Vec<Source> = Vec::new();
        loop {
            tokio::select! {
                source = asked.recv() => {
                    let Some(source) = source else { return };
                    if !waiting.contains(&source) {
                        waiting.push(source);
                    }
                }
                changed = catalog.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                Some(()) = running.next(), if !running.is_empty() => {}
            }
            let known = catalog.borrow_and_update().clone();
            waiting.retain(|source| {
                let found = known.by_plural(&source.group, &source.plural);
                let served = found.filter(|resource| resource.has_verbs(&["list", "watch"]));
                let Some(resource) = served else { return true };
                if !self.objects.lock().contains_key(source) {
                    let store = Store::default();
                    self.objects.lock().insert(source.clone(), store.clone());
                    running.push(self.follow(source.clone(), resource.clone(), store).boxed());
                }
                false
            });
        }
    }

    async fn follow(&self, source: Source, resource: Resource, store: Store<Value>) {
        let tell = |change: Change<Value>| match change {
            Change::Applied(..) if !store.is_synced() => {}
            Change::Applied(key, _) | Change::Deleted(key, _) => {
                self.enqueue(&source, self.quotas.within(&key.namespace));
            }
            Change::Synced => self.enqueue(&source, self.quotas.all()),
        };
        let has_amounts =
            ["pods", "services", "persistentvolumeclaims"].map(|plural| source.is_core(plural));
        if has_amounts.contains(&true) {
            let api = informer::object_api(&self.client, &resource, "");
            let extract = |object: kube::api::DynamicObject| {
                let metadata = object.metadata;
                json!({
                    "metadata": {
                        "annotations": metadata.annotations,
                        "deletionTimestamp": metadata.deletion_timestamp,
                        "deletionGracePeriodSeconds": metadata.deletion_grace_period_seconds,
                    },
                    "spec": object.data.get("spec"),
                    "status": object.data.get("status"),
                })
            };
            informer::follow(api, informer::config(), store.clone(), extract, tell).await;
        } else {
            let api = informer::metadata_api(&self.client, &resource, "");
            informer::follow(
                api,
                informer::config(),
                store.clone(),
                |_| Value::Null,
                tell,
            )
            .await;
        }
    }

    fn enqueue(&self, source: &Source, quotas: Vec<(Key, Arc<Value>)>) {
        for (key, quota) in quotas {
            if usage::sources(&quota).contains(source) {
                self.queue.add(key);
            }
        }
    }
}
