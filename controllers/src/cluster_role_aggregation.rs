//! ClusterRoles that name others by labels have the rules of those.
//!
//! Source of the rules: Kubernetes, `pkg/controller/clusterroleaggregation`.

mod union;

use std::collections::BTreeMap;

use async_trait::async_trait;
use kube::Client;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::call;
use crate::discovery::Resource;
use crate::informer::{self, Change, Key, Store};
use crate::queue::{Next, Queue};
use crate::run::until;
use crate::{Error, Loop};
pub use union::{Role, rules};

/// Upstream starts five workers.
const WORKERS: usize = 5;

/// The loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterRoleAggregation;

#[async_trait]
impl Loop for ClusterRoleAggregation {
    fn name(&self) -> &'static str {
        "clusterrole-aggregation-controller"
    }

    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error> {
        let queue = Queue::default();
        let store: Store<Role> = Store::default();
        let resource = Resource {
            group: "rbac.authorization.k8s.io".to_owned(),
            ..Resource::core("clusterroles", "ClusterRole", false)
        };
        // Any change may concern any role that aggregates.
        let enqueue_all = || {
            for (key, role) in store.all() {
                if role.aggregates() {
                    queue.add(key.name);
                }
            }
        };
        let following = informer::follow(
            informer::object_api(&client, &resource, ""),
            informer::config(),
            store.clone(),
            |role| Role {
                labels: role.metadata.labels.unwrap_or_default(),
                aggregation: role.data.get("aggregationRule").cloned(),
                rules: call::array(&role.data, "/rules").to_vec(),
            },
            |change| match change {
                Change::Applied(..) if !store.is_synced() => {}
                Change::Applied(..) | Change::Deleted(..) | Change::Synced => enqueue_all(),
            },
        );
        let working = async {
            store.synced().await;
            let handle = |name: String| {
                let (client, store, resource) = (&client, &store, &resource);
                async move {
                    match sync(client, resource, store, &name).await {
                        Ok(()) => Next::Done,
                        Err(error) => {
                            tracing::warn!(name, %error, "a ClusterRole could not be aggregated");
                            Next::Retry
                        }
                    }
                }
            };
            queue.work(WORKERS, handle).await
        };
        until(&stop, async {
            tokio::select! {
                () = following => Ok(()),
                never = working => match never {},
            }
        })
        .await
    }
}

async fn sync(
    client: &Client,
    resource: &Resource,
    store: &Store<Role>,
    name: &str,
) -> Result<(), Error> {
    let key = Key {
        name: name.to_owned(),
        ..Key::default()
    };
    let Some(role) = store.get(&key) else {
        return Ok(());
    };
    let roles: BTreeMap<String, _> = store
        .all()
        .into_iter()
        .map(|(key, role)| (key.name, role))
        .collect();
    let roles = roles.iter().map(|(name, role)| (name.as_str(), &**role));
    let Some(rules) =
        rules(name, &role, roles).map_err(|error| Error::Malformed(error.to_string()))?
    else {
        return Ok(());
    };
    if rules == role.rules {
        return Ok(());
    }
    let path = resource.object("", name);
    call::edit(client, &path, |role| {
        if role.get("aggregationRule").is_none_or(Value::is_null) {
            return Ok(false);
        }
        let changed = call::array(role, "/rules") != rules.as_slice();
        role["rules"] = rules.clone().into();
        Ok(changed)
    })
    .await?;
    Ok(())
}
