//! The kinds that the server has, by its discovery documents, and their changes.
//!
//! The documents cannot be watched. What changes them can: CustomResourceDefinitions and APIServices. Each
//! change of those makes the documents be read again, a few times, since they follow a moment later.

pub mod catalog;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::Error;
use crate::call;
use crate::informer::{self, Change, Store};
pub use catalog::{Catalog, Resource};

/// When the documents are read again after a change of what they follow.
const FOLLOWS: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(5),
];
/// When they are read again if a part of them could not be read.
const RETRY: Duration = Duration::from_secs(30);

/// Reads the documents. Groups that cannot be read are named in the catalog.
///
/// # Errors
///
/// If the lists of groups cannot be read.
pub async fn discover(client: &Client) -> Result<Catalog, Error> {
    let core = call::get(client, "/api").await?;
    let groups = call::get(client, "/apis").await?;
    let groups = catalog::groups(&core, &groups);
    let mut lists = BTreeMap::new();
    for version in groups.iter().flat_map(|group| &group.versions) {
        let path = if version.contains('/') {
            format!("/apis/{version}")
        } else {
            format!("/api/{version}")
        };
        let list = call::get(client, &path).await;
        lists.insert(version.clone(), list.map_err(|error| error.to_string()));
    }
    Ok(Catalog::assemble(&groups, lists))
}

/// Keeps `catalog` as the server's documents are, for as long as it is polled.
///
/// # Errors
///
/// If the documents cannot be read at all.
pub async fn follow(client: &Client, catalog: &watch::Sender<Arc<Catalog>>) -> Result<(), Error> {
    let first = discover(client).await?;
    let sources: Vec<Resource> = [
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("apiregistration.k8s.io", "apiservices"),
    ]
    .iter()
    .filter_map(|(group, plural)| first.by_plural(group, plural).cloned())
    .filter(|resource| resource.has_verbs(&["list", "watch"]))
    .collect();
    catalog.send_replace(Arc::new(first));
    let changed = Notify::new();
    let watching = futures::future::join_all(sources.iter().map(|source| {
        let store = Store::default();
        let changed = &changed;
        let api = informer::metadata_api(client, source, "");
        informer::follow(
            api,
            informer::config(),
            store,
            |object| object.metadata.generation,
            // Updates as well: a definition is served once its conditions say so.
            move |change: Change<Option<i64>>| {
                if !matches!(change, Change::Synced) {
                    changed.notify_one();
                }
            },
        )
    }));
    let reading = async {
        loop {
            let failing = !catalog.borrow().failures.is_empty();
            tokio::select! {
                () = changed.notified() => {}
                () = tokio::time::sleep(RETRY), if failing => {}
            }
            for pause in FOLLOWS {
                tokio::time::sleep(pause).await;
                match discover(client).await {
                    Ok(now) => {
                        catalog.send_if_modified(|known| {
                            let news = **known != now;
                            if news {
                                *known = Arc::new(now);
                            }
                            news
                        });
                    }
                    Err(error) => tracing::debug!(%error, "discovery failed"),
                }
            }
        }
    };
    tokio::select! {
        never = reading => never,
        _ = watching, if !sources.is_empty() => Ok(()),
    }
}

fn string(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
