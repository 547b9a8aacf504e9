//! Looking at a namespace again as soon as a resource in it has no objects left, rather than after a while.

use std::collections::HashSet;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use kube::Client;
use tokio::sync::{Notify, mpsc};

use crate::discovery::Resource;
use crate::informer::{self, Change, Store};
use crate::queue::Queue;

/// Resources that are watched for one namespace; the rest is looked at after the time.
const RESOURCES: usize = 8;

/// What is left in a namespace.
#[derive(Clone, Debug)]
pub(super) struct Remaining {
    pub(super) namespace: String,
    pub(super) resources: Vec<Resource>,
    /// How long it is watched; the namespace is looked at anyway then.
    pub(super) time: Duration,
}

/// Asks for work on the namespaces that come here when one of their resources is empty. A namespace that is
/// watched already is not watched twice.
pub(super) async fn run(
    client: Client,
    mut asked: mpsc::Receiver<Remaining>,
    queue: &Queue<String>,
) {
    let mut running = FuturesUnordered::new();
    let mut watched = HashSet::new();
    loop {
        tokio::select! {
            remaining = asked.recv() => {
                let Some(remaining) = remaining else { return };
                if watched.insert(remaining.namespace.clone()) {
                    running.push(watch(client.clone(), remaining).boxed());
                }
            }
            Some((namespace, emptied)) = running.next(), if !running.is_empty() => {
                watched.remove(&namespace);
                if emptied {
                    queue.add(namespace);
                }
            }
        }
    }
}

/// Watches until a resource is empty or the time is over; tells which namespace, and whether it was that.
async fn watch(client: Client, remaining: Remaining) -> (String, bool) {
    let empty = Notify::new();
    let resources = remaining.resources.iter().take(RESOURCES);
    let watching = futures::future::join_all(resources.map(|resource| {
        let (store, empty) = (Store::default(), &empty);
        let known = store.clone();
        let api = informer::metadata_api(&client, resource, &remaining.namespace);
        informer::follow(
            api,
            informer::config(),
            store,
            |_| (),
            move |change: Change<()>| {
                if !matches!(change, Change::Applied(..)) && known.is_synced() && known.is_empty() {
                    empty.notify_one();
                }
            },
        )
        .boxed()
    }));
    let emptied = tokio::select! {
        () = empty.notified() => true,
        _ = watching => false,
        () = tokio::time::sleep(remaining.time) => false,
    };
    (remaining.namespace, emptied)
}
