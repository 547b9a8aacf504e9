//! Objects are collected when their owners are gone, or before, or are let go of, as the deletion asks.
//!
//! Informers of metadata, one for each resource, tell the [graph](graph::Graph) what they see. It answers
//! what to examine. Whether an object is deleted is decided by reads of the server, never by the graph
//! alone: an owner is absent only if no object with its UID is there under its name.
//!
//! Source of the rules: Kubernetes, `pkg/controller/garbagecollector`.

mod absent;
mod examine;
mod graph;
mod identity;
mod monitors;
mod orphan;
mod report;

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use kube::Client;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::discovery::{self, Catalog, Resource};
use crate::queue::{Next, Queue};
use crate::run::until;
use crate::{Error, Loop};
use absent::AbsentOwners;
use graph::{Effect, Graph};
use identity::{Identity, Uid};

/// Objects that are examined at the same time; upstream's default of `--concurrent-gc-syncs`.
const WORKERS: usize = 20;
/// Misplaced references that wait to be told; further ones are dropped.
const REPORTS: usize = 100;

/// The loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct GarbageCollector;

#[async_trait]
impl Loop for GarbageCollector {
    fn name(&self) -> &'static str {
        "garbage-collector-controller"
    }

    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error> {
        let (reports, told) = tokio::sync::mpsc::channel(REPORTS);
        let collector = Arc::new(Collector {
            client: client.clone(),
            catalog: watch::Sender::new(Arc::default()),
            graph: Mutex::new(Graph::default()),
            absent: AbsentOwners::default(),
            examine: Queue::default(),
            orphan: Queue::default(),
            reports,
        });
        let synced = watch::Sender::new(false);
        let working = async {
            let mut ready = synced.subscribe();
            // The sender outlives this, so that waiting cannot fail.
            let _ = ready.wait_for(|synced| *synced).await;
            let handle = |uid: Uid| {
                let (ready, collector) = (ready.clone(), collector.clone());
                gate(ready, async move { collector.examine_one(uid).await })
            };
            let examining = collector.examine.work(WORKERS, handle);
            let handle = |uid: Uid| {
                let (ready, collector) = (ready.clone(), collector.clone());
                gate(ready, async move { collector.orphan_one(uid).await })
            };
            let orphaning = collector.orphan.work(WORKERS, handle);
            tokio::select! {
                never = examining => match never {},
                never = orphaning => match never {},
            }
        };
        until(&stop, async {
            tokio::select! {
                ended = discovery::follow(&client, &collector.catalog) => ended,
                () = monitors::run(collector.clone(), synced.clone()) => Ok(()),
                () = report::run(&client, told) => Ok(()),
                ended = working => ended,
            }
        })
        .await
    }
}

/// Work that waits until all monitors have told what is there: nothing that depends may be overlooked.
async fn gate(mut ready: watch::Receiver<bool>, work: impl Future<Output = Next>) -> Next {
    let _ = ready.wait_for(|synced| *synced).await;
    work.await
}

/// What the parts of the loop share.
struct Collector {
    client: Client,
    catalog: watch::Sender<Arc<Catalog>>,
    graph: Mutex<Graph>,
    absent: AbsentOwners,
    examine: Queue<Uid>,
    orphan: Queue<Uid>,
    reports: tokio::sync::mpsc::Sender<report::Misplaced>,
}

impl Collector {
    /// Does what the graph answers, in its order.
    fn apply(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Examine(uid) => self.examine.add(uid),
                Effect::ExamineLater(uid) => self.examine.add_limited(uid),
                Effect::Orphan(uid) => self.orphan.add(uid),
                Effect::Absent(identity) => self.absent.add(identity),
                Effect::Misplaced { dependent, owner } => {
                    let report = report::Misplaced { dependent, owner };
                    if self.reports.try_send(report).is_err() {
                        tracing::debug!("too many misplaced references to tell all");
                    }
                }
            }
        }
    }

    /// Tells the graph that nothing is there by this identity.
    fn is_absent(&self, identity: &Identity) {
        let effects = self.graph.lock().absent(identity);
        self.apply(effects);
    }

    /// The resource of a kind.
    fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, Error> {
        let catalog = self.catalog.borrow();
        let found = catalog.by_kind(api_version, kind).cloned();
        found.ok_or_else(|| Error::NoMapping {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        })
    }
}
