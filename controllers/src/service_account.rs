//! Every active namespace has the account `default`.
//!
//! Source of the rules: Kubernetes, `pkg/controller/serviceaccount/serviceaccounts_controller.go`.

use async_trait::async_trait;
use kube::Client;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::discovery::Resource;
use crate::informer::{self, Change, Key, Store};
use crate::namespace::{namespaces, phase};
use crate::queue::{Next, Queue};
use crate::run::until;
use crate::{Error, Loop, call};

/// The account that pods have which name none.
const NAME: &str = "default";
/// Upstream's default of `--concurrent-serviceaccount-token-syncs`.
const WORKERS: usize = 5;

/// The loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceAccounts;

#[async_trait]
impl Loop for ServiceAccounts {
    fn name(&self) -> &'static str {
        "serviceaccount-controller"
    }

    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error> {
        let queue = Queue::default();
        let (phases, accounts) = (Store::default(), Store::default());
        let resource = Resource::core("serviceaccounts", "ServiceAccount", true);
        let follow_namespaces = informer::follow(
            informer::object_api(&client, &namespaces(), ""),
            informer::config(),
            phases.clone(),
            |namespace| phase(&namespace.data),
            |change| {
                if let Change::Applied(key, _) = change {
                    queue.add(key.name);
                }
            },
        );
        let follow_accounts = informer::follow(
            informer::metadata_api(&client, &resource, ""),
            informer::config().fields(&format!("metadata.name={NAME}")),
            accounts.clone(),
            |_| (),
            |change| {
                if let Change::Deleted(key, _) = change {
                    queue.add(key.namespace);
                }
            },
        );
        let working = async {
            tokio::join!(phases.synced(), accounts.synced());
            let handle = |namespace: String| {
                let (client, phases, accounts, resource) = (&client, &phases, &accounts, &resource);
                async move {
                    let active = phases
                        .get(&Key {
                            name: namespace.clone(),
                            ..Key::default()
                        })
                        .is_some_and(|phase| *phase == "Active");
                    let account = Key {
                        namespace: namespace.clone(),
                        name: NAME.to_owned(),
                    };
                    if !active || accounts.get(&account).is_some() {
                        return Next::Done;
                    }
                    match create(client, resource, &namespace).await {
                        Ok(()) => Next::Done,
                        Err(error) => {
                            tracing::warn!(namespace, %error, "no default account could be created");
                            Next::Retry
                        }
                    }
                }
            };
            queue.work(WORKERS, handle).await
        };
        until(&stop, async {
            tokio::select! {
                () = follow_namespaces => Ok(()),
                () = follow_accounts => Ok(()),
                never = working => match never {},
            }
        })
        .await
    }
}

async fn create(client: &Client, resource: &Resource, namespace: &str) -> Result<(), Error> {
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": namespace},
    });
    match call::create(client, &resource.collection(namespace), &account).await {
        Ok(_) => Ok(()),
        // Also if the namespace has gone meanwhile.
        Err(error)
            if error.is_already_exists()
                || error.is_namespace_terminating()
                || error.is_not_found() =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
