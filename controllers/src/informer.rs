//! Following the objects of a resource: a store of what is of interest in them, and its changes.
//!
//! A change is told after the store has it. What vanished while the server was not heard is told as deleted;
//! an object that was deleted and made anew under its name is told as both.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use futures::StreamExt;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_objects};
use parking_lot::RwLock;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::discovery::Resource;

/// Where an object is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its namespace; empty for objects of the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// It is there, or is other than before.
    Applied(Key, Arc<T>),
    /// It is gone; this is how it was.
    Deleted(Key, Arc<T>),
    /// All objects that were there at the start have been told.
    Synced,
}

/// What is known of the objects of a resource. Clones are the same store.
#[derive(Debug)]
pub struct Store<T> {
    entries: Arc<RwLock<BTreeMap<Key, Entry<T>>>>,
    synced: watch::Sender<bool>,
}

#[derive(Debug)]
struct Entry<T> {
    uid: String,
    object: Arc<T>,
}

impl<T> Clone for Store<T> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            synced: self.synced.clone(),
        }
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            entries: Arc::default(),
            synced: watch::Sender::new(false),
        }
    }
}

impl<T> Store<T> {
    /// What is known of one object.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<T>> {
        let entries = self.entries.read();
        entries.get(key).map(|entry| entry.object.clone())
    }

    /// All objects, by namespace and name.
    #[must_use]
    pub fn all(&self) -> Vec<(Key, Arc<T>)> {
        let entries = self.entries.read();
        let copy = |(key, entry): (&Key, &Entry<T>)| (key.clone(), entry.object.clone());
        entries.iter().map(copy).collect()
    }

    /// The objects of a namespace, by name.
    #[must_use]
    pub fn within(&self, namespace: &str) -> Vec<(Key, Arc<T>)> {
        let first = Key {
            namespace: namespace.to_owned(),
            name: String::new(),
        };
        let entries = self.entries.read();
        entries
            .range(first..)
            .take_while(|(key, _)| key.namespace == namespace)
            .map(|(key, entry)| (key.clone(), entry.object.clone()))
            .collect()
    }

    /// Whether no object is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.read().is_empty()
    }

    /// Whether all objects of the start are known.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// Waits for that.
    pub async fn synced(&self) {
        let mut synced = self.synced.subscribe();
        // The sender lives in `self`, so that waiting cannot fail.
        let _ = synced.wait_for(|synced| *synced).await;
    }

    fn apply(&self, key: Key, uid: String, object: T, tell: &mut impl FnMut(Change<T>)) {
        let object = Arc::new(object);
        let entry = Entry {
            uid: uid.clone(),
            object: object.clone(),
        };
        let old = self.entries.write().insert(key.clone(), entry);
        if let Some(old) = old
            && old.uid != uid
        {
            tell(Change::Deleted(key.clone(), old.object));
        }
        tell(Change::Applied(key, object));
    }

    fn delete(&self, key: &Key, tell: &mut impl FnMut(Change<T>)) {
        let old = self.entries.write().remove(key);
        if let Some(old) = old {
            tell(Change::Deleted(key.clone(), old.object));
        }
    }

    fn retain(&self, seen: &BTreeSet<Key>, tell: &mut impl FnMut(Change<T>)) {
        let gone: Vec<Key> = {
            let entries = self.entries.read();
            let gone = entries.keys().filter(|key| !seen.contains(*key));
            gone.cloned().collect()
        };
        for key in gone {
            self.delete(&key, tell);
        }
        self.synced.send_replace(true);
        tell(Change::Synced);
    }
}

/// How the loops watch: pages of 500 objects, bookmarks, all else as kube has it.
#[must_use]
pub fn config() -> watcher::Config {
    watcher::Config::default()
}

/// The objects of a resource, as they come; all namespaces if `namespace` is empty.
#[must_use]
pub fn object_api(client: &Client, resource: &Resource, namespace: &str) -> Api<DynamicObject> {
    let resource_type = api_resource(resource);
    if namespace.is_empty() {
        Api::all_with(client.clone(), &resource_type)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource_type)
    }
}

/// The metadata of a resource's objects.
#[must_use]
pub fn metadata_api(
    client: &Client,
    resource: &Resource,
    namespace: &str,
) -> Api<PartialObjectMeta<DynamicObject>> {
    let resource_type = api_resource(resource);
    if namespace.is_empty() {
        Api::all_with(client.clone(), &resource_type)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource_type)
    }
}

fn api_resource(resource: &Resource) -> ApiResource {
    let kind = GroupVersionKind::gvk(&resource.group, &resource.version, &resource.kind);
    ApiResource::from_gvk_with_plural(&kind, &resource.plural)
}

/// Keeps `store` as the server's objects are and tells changes, for as long as it is polled. Errors are
/// waited out with a growing pause.
pub async fn follow<K, T>(
    api: Api<K>,
    config: watcher::Config,
    store: Store<T>,
    extract: impl Fn(K) -> T,
    mut tell: impl FnMut(Change<T>),
) where
    K: kube::Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut events = std::pin::pin!(watch_objects(api, config).default_backoff());
    let mut seen = BTreeSet::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => digest(event, &store, &mut seen, &extract, &mut tell),
            Err(error) => tracing::debug!(%error, "a watch failed and is tried again"),
        }
    }
}

fn digest<K: kube::Resource, T>(
    event: Event<K>,
    store: &Store<T>,
    seen: &mut BTreeSet<Key>,
    extract: &impl Fn(K) -> T,
    tell: &mut impl FnMut(Change<T>),
) {
    match event {
        Event::Init => seen.clear(),
        Event::InitApply(object) => {
            let (key, uid) = identity(&object);
            seen.insert(key.clone());
            store.apply(key, uid, extract(object), tell);
        }
        Event::InitDone => store.retain(&std::mem::take(seen), tell),
        Event::Apply(object) => {
            let (key, uid) = identity(&object);
            store.apply(key, uid, extract(object), tell);
        }
        Event::Delete(object) => store.delete(&identity(&object).0, tell),
    }
}

fn identity<K: kube::Resource>(object: &K) -> (Key, String) {
    let metadata = object.meta();
    let key = Key {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
    };
    (key, metadata.uid.clone().unwrap_or_default())
}
