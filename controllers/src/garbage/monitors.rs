//! An informer for each resource, started and stopped as discovery changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{AbortHandle, Abortable};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Collector;
use super::identity::Seen;
use crate::discovery::{Catalog, Resource};
use crate::informer::{self, Change, Store};

/// How long new informers are waited for. One that cannot list, as of a resource whose conversion is broken,
/// does not hold back the rest for longer; upstream waits as long at the start.
const PATIENCE: Duration = Duration::from_secs(30);
/// Informers that tell of themselves at once.
const NOTES: usize = 16;

/// A running informer.
struct Monitor {
    store: Store<Seen>,
    stop: AbortHandle,
}

/// Keeps an informer for each resource that can be listed, watched and deleted, apart from events. `synced`
/// is true while all have told what is there, or have been waited for long enough.
pub(super) async fn run(collector: Arc<Collector>, synced: watch::Sender<bool>) {
    let mut catalog = collector.catalog.subscribe();
    // What was known before counts as well.
    catalog.mark_changed();
    let mut monitors: HashMap<Resource, Monitor> = HashMap::new();
    let mut running = FuturesUnordered::new();
    let (note, mut notes) = mpsc::channel::<()>(NOTES);
    let mut deadline = Instant::now();
    loop {
        let waiting = !monitors.is_empty() && !*synced.borrow();
        tokio::select! {
            changed = catalog.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = catalog.borrow_and_update().clone();
                stop_old(&mut monitors, &now);
                for resource in wanted(&now) {
                    if monitors.contains_key(resource) {
                        continue;
                    }
                    let store = Store::default();
                    let (stop, registration) = AbortHandle::new_pair();
                    let one = follow(collector.clone(), resource.clone(), store.clone(), note.clone());
                    running.push(Abortable::new(one.boxed(), registration));
                    monitors.insert(resource.clone(), Monitor { store, stop });
                    deadline = Instant::now() + PATIENCE;
                }
            }
            Some(_) = running.next(), if !running.is_empty() => {}
            Some(()) = notes.recv() => {}
            () = tokio::time::sleep_until(deadline), if waiting => {}
        }
        let all = monitors.values().all(|monitor| monitor.store.is_synced());
        let ready = !monitors.is_empty() && (all || Instant::now() >= deadline);
        synced.send_if_modified(|known| std::mem::replace(known, ready) != ready);
    }
}

/// Objects of resources that are no longer served stay in the graph, for they may only be out of reach.
fn stop_old(monitors: &mut HashMap<Resource, Monitor>, catalog: &Catalog) {
    if !catalog.failures.is_empty() {
        return;
    }
    monitors.retain(|resource, monitor| {
        let keep = wanted(catalog).any(|one| one == resource);
        if !keep {
            monitor.stop.abort();
        }
        keep
    });
}

fn wanted(catalog: &Catalog) -> impl Iterator<Item = &Resource> {
    catalog.preferred.iter().filter(|resource| {
        let events = resource.plural == "events"
            && (resource.group.is_empty() || resource.group == "events.k8s.io");
        !events && resource.has_verbs(&["delete", "list", "watch"])
    })
}

async fn follow(
    collector: Arc<Collector>,
    resource: Resource,
    store: Store<Seen>,
    note: mpsc::Sender<()>,
) {
    let api = informer::metadata_api(&collector.client, &resource, "");
    let extract = |object| Seen::of(&resource, object);
    informer::follow(api, informer::config(), store, extract, |change| {
        let effects = match change {
            Change::Applied(_, seen) => collector.graph.lock().observe(&seen),
            Change::Deleted(_, seen) => collector.graph.lock().vanish(&seen.identity),
            Change::Synced => {
                // A full channel will wake the reader as well.
                let _ = note.try_send(());
                return;
            }
        };
        collector.apply(effects);
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_what_cannot_be_watched_are_left_out() {
        let with = |group: &str, plural: &str, verbs: &[&str]| Resource {
            group: group.to_owned(),
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
            ..Resource::core(plural, "Kind", true)
        };
        let all = ["delete", "get", "list", "watch"];
        let mut catalog = Catalog::default();
        catalog.preferred = vec![
            with("", "events", &all),
            with("events.k8s.io", "events", &all),
            with("example.org", "events", &all),
            with("", "pods", &all),
            with("", "bindings", &["create"]),
        ];
        let found: Vec<String> = wanted(&catalog)
            .map(|resource| format!("{}/{}", resource.group, resource.plural))
            .collect();
        assert_eq!(found, ["example.org/events", "/pods"]);
    }
}
