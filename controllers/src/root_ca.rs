//! Every namespace has a ConfigMap with the certificates by which pods know the server.
//!
//! Source of the rules: Kubernetes, `pkg/controller/certificates/rootcacertpublisher`.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use kube::Client;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::call::{self, text};
use crate::discovery::Resource;
use crate::informer::{self, Change, Key, Store};
use crate::namespace::{namespaces, phase};
use crate::queue::{Next, Queue};
use crate::run::until;
use crate::{Error, Loop};

/// The name of the ConfigMap.
pub const NAME: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "kubernetes.io/description";
const DESCRIPTION_POINTER: &str = "/metadata/annotations/kubernetes.io~1description";
/// What upstream writes there; users read it.
const DESCRIPTION_TEXT: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using \
    internal endpoints such as the internal service IP or kubernetes.default.svc. \
    No other usage is guaranteed across distributions of Kubernetes clusters.";
/// Upstream starts one worker.
const WORKERS: usize = 1;

/// The loop.
#[derive(Clone, Debug)]
pub struct RootCa {
    certificates: String,
}

impl RootCa {
    /// Publishes these certificates, in PEM.
    #[must_use]
    pub fn new(certificates: impl Into<String>) -> Self {
        Self {
            certificates: certificates.into(),
        }
    }
}

#[async_trait]
impl Loop for RootCa {
    fn name(&self) -> &'static str {
        "root-ca-certificate-publisher-controller"
    }

    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error> {
        let queue = Queue::default();
        let (phases, maps) = (Store::default(), Store::default());
        let resource = Resource::core("configmaps", "ConfigMap", true);
        let follow_namespaces = informer::follow(
            informer::object_api(&client, &namespaces(), ""),
            informer::config(),
            phases.clone(),
            |namespace| phase(&namespace.data),
            |change| {
                if let Change::Applied(key, phase) = change
                    && *phase == "Active"
                {
                    queue.add(key.name);
                }
            },
        );
        let follow_maps = informer::follow(
            informer::object_api(&client, &resource, ""),
            informer::config().fields(&format!("metadata.name={NAME}")),
            maps.clone(),
            |map| {
                let annotations = map.metadata.annotations.unwrap_or_default();
                json!({"data": map.data.get("data"), "metadata": {"annotations": annotations}})
            },
            |change| {
                if let Change::Applied(key, _) | Change::Deleted(key, _) = change {
                    queue.add(key.namespace);
                }
            },
        );
        let working = async {
            tokio::join!(phases.synced(), maps.synced());
            let handle = |namespace: String| {
                let (client, maps, resource) = (&client, &maps, &resource);
                async move {
                    let key = Key {
                        namespace: namespace.clone(),
                        name: NAME.to_owned(),
                    };
                    let known = maps.get(&key);
                    match self.keep(client, resource, &key, known.as_deref()).await {
                        Ok(()) => Next::Done,
                        Err(error) => {
                            tracing::warn!(namespace, %error, "the root CA could not be published");
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
                () = follow_maps => Ok(()),
                never = working => match never {},
            }
        })
        .await
    }
}

impl RootCa {
    async fn keep(
        &self,
        client: &Client,
        resource: &Resource,
        key: &Key,
        known: Option<&Value>,
    ) -> Result<(), Error> {
        if known.is_some_and(|map| is_right(map, &self.certificates)) {
            return Ok(());
        }
        if known.is_some() {
            let path = resource.object(&key.namespace, &key.name);
            let change = |map: &mut Value| Ok(correct(map, &self.certificates));
            call::edit(client, &path, change).await?;
            return Ok(());
        }
        let mut map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": key.name, "namespace": key.namespace},
        });
        correct(&mut map, &self.certificates);
        match call::create(client, &resource.collection(&key.namespace), &map).await {
            Ok(_) => Ok(()),
            // The map is seen in a moment, or the namespace goes or has gone.
            Err(error)
                if error.is_already_exists()
                    || error.is_not_found()
                    || error.is_namespace_terminating() =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether a map has the certificates, nothing else, and a description of any words.
fn is_right(map: &Value, certificates: &str) -> bool {
    map.get("data") == Some(&json!({"ca.crt": certificates}))
        && !text(map, DESCRIPTION_POINTER).is_empty()
}

/// Makes it right; tells whether anything was wrong.
fn correct(map: &mut Value, certificates: &str) -> bool {
    if is_right(map, certificates) {
        return false;
    }
    map["data"] = json!({"ca.crt": certificates});
    map["metadata"]["annotations"][DESCRIPTION] = DESCRIPTION_TEXT.into();
    true
}
