//! Terminating namespaces are emptied, and are finalised when nothing is left in them.
//!
//! Source of the rules: Kubernetes, `pkg/controller/namespace`. Unlike upstream, the conditions name the pods
//! that hold back all else.

pub mod conditions;
mod content;
mod wake;

use std::time::Duration;

use async_trait::async_trait;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::call::{self, array, text};
use crate::discovery::{self, Resource};
use crate::informer::{self, Change, Key, Store};
use crate::queue::{Next, Queue};
use crate::run::until;
use crate::{Error, Loop};
use conditions::Outcome;
use content::Left;
use wake::Remaining;

/// What keeps a namespace until this loop has emptied it.
const FINALIZER: &str = "kubernetes";
/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(60);
/// Namespaces that are emptied at the same time; upstream's default of `--concurrent-namespace-syncs`.
const WORKERS: usize = 10;
/// Namespaces that wait to be watched for becoming empty.
const WATCHED: usize = 64;

/// The loop.
#[derive(Clone, Copy, Debug)]
pub struct Namespaces {
    /// How long after its deletion a namespace is emptied. Servers that do not know of the deletion yet may
    /// still create objects in it meanwhile; upstream waits 5 s. Nothing needs to be waited for where one
    /// server alone decides by what is stored.
    pub grace: Duration,
}

impl Default for Namespaces {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
        }
    }
}

#[async_trait]
impl Loop for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error> {
        let queue = Queue::new(LONGEST);
        let resource = namespaces();
        let store = Store::default();
        let following = informer::follow(
            informer::metadata_api(&client, &resource, ""),
            informer::config(),
            store.clone(),
            |object| object.metadata.deletion_timestamp.is_some(),
            |change: Change<bool>| {
                if let Change::Applied(key, deleting) = change
                    && *deleting
                {
                    queue.add_after(key.name, self.grace);
                }
            },
        );
        let (ask, asked) = mpsc::channel(WATCHED);
        let waking = wake::run(client.clone(), asked, &queue);
        let working = async {
            store.synced().await;
            let handle = |name: String| {
                let (client, store, ask) = (&client, &store, &ask);
                async move {
                    let key = Key {
                        name: name.clone(),
                        ..Key::default()
                    };
                    if store.get(&key).is_none() {
                        return Next::Done;
                    }
                    match empty(client, &name).await {
                        Ok(Left { seconds: 0, .. }) => Next::Done,
                        Ok(Left { seconds, resources }) => {
                            let seconds = u64::try_from(seconds / 2 + 1).unwrap_or(1);
                            let time = Duration::from_secs(seconds);
                            let namespace = name;
                            // If too many wait already, this one is looked at after the time.
                            let _ = ask.try_send(Remaining {
                                namespace,
                                resources,
                                time,
                            });
                            Next::After(time)
                        }
                        Err(error) => {
                            tracing::warn!(name, %error, "a namespace could not be emptied");
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
                () = waking => Ok(()),
                never = working => match never {},
            }
        })
        .await
    }
}

/// Deletes what is in a namespace, and finalises it if nothing is left.
async fn empty(client: &Client, name: &str) -> Result<Left, Error> {
    let path = namespaces().object("", name);
    let Some(namespace) = mark_terminating(client, &path).await? else {
        return Ok(Left::default());
    };
    if array(&namespace, "/spec/finalizers").is_empty() {
        return Ok(Left::default());
    }
    let mut outcome = Outcome::default();
    let mut errors = Vec::new();
    let catalog = discovery::discover(client).await?;
    if let Some(failure) = catalog.failure() {
        outcome.discovery = Some((catalog.failures.len(), failure.clone()));
        errors.push(failure);
    }
    let uid = text(&namespace, "/metadata/uid").to_owned();
    let deleted_at = text(&namespace, "/metadata/deletionTimestamp");
    let left = content::delete_all(
        client,
        &catalog,
        (name, deleted_at),
        &mut outcome,
        &mut errors,
    )
    .await;
    report(client, &path, namespace, &outcome).await;
    if !errors.is_empty() {
        return Err(Error::Several(aggregate(&errors)));
    }
    if left.seconds > 0 {
        return Ok(left);
    }
    finalize(client, &path, &uid).await?;
    Ok(Left::default())
}

/// The namespace with the phase `Terminating`; `None` if it is gone or is not to be deleted.
async fn mark_terminating(client: &Client, path: &str) -> Result<Option<Value>, Error> {
    let namespace = match call::get(client, path).await {
        Ok(namespace) => namespace,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error),
    };
    if text(&namespace, "/metadata/deletionTimestamp").is_empty() {
        return Ok(None);
    }
    if text(&namespace, "/status/phase") == "Terminating" {
        return Ok(Some(namespace));
    }
    let uid = text(&namespace, "/metadata/uid").to_owned();
    let status = format!("{path}/status");
    let updated = call::edit_at(client, path, &status, |namespace| {
        same(namespace, &uid)?;
        let terminating = text(namespace, "/status/phase") == "Terminating";
        namespace["status"]["phase"] = json!("Terminating");
        Ok(!terminating)
    })
    .await?;
    Ok(updated.filter(|namespace| !text(namespace, "/metadata/deletionTimestamp").is_empty()))
}

/// Writes the conditions if they changed. A failure is no reason to stop: they are written next time.
async fn report(client: &Client, path: &str, mut namespace: Value, outcome: &Outcome) {
    if !namespace["status"].is_object() {
        namespace["status"] = json!({});
    }
    if !conditions::update(&mut namespace["status"], outcome, &now()) {
        return;
    }
    if let Err(error) = call::replace(client, &format!("{path}/status"), &namespace).await {
        tracing::warn!(path, %error, "the conditions of a namespace could not be written");
    }
}

/// Takes this loop's finalizer from the namespace, which makes it go.
async fn finalize(client: &Client, path: &str, uid: &str) -> Result<(), Error> {
    let finalize = format!("{path}/finalize");
    call::edit_at(client, path, &finalize, |namespace| {
        same(namespace, uid)?;
        let finalizers = array(namespace, "/spec/finalizers");
        let rest: Vec<Value> = finalizers
            .iter()
            .filter(|finalizer| finalizer.as_str() != Some(FINALIZER))
            .cloned()
            .collect();
        let changed = rest.len() != finalizers.len();
        namespace["spec"]["finalizers"] = rest.into();
        Ok(changed)
    })
    .await?;
    Ok(())
}

fn same(namespace: &Value, uid: &str) -> Result<(), Error> {
    if text(namespace, "/metadata/uid") == uid {
        return Ok(());
    }
    Err(Error::Malformed(
        "namespace uid has changed across retries".to_owned(),
    ))
}

/// Several errors as upstream prints them.
fn aggregate(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// The time in the form of objects: whole seconds, UTC.
pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn namespaces() -> Resource {
    Resource::core("namespaces", "Namespace", false)
}

/// The phase of a namespace or a pod whose fields beside the metadata are given.
pub(crate) fn phase(fields: &Value) -> String {
    text(fields, "/status/phase").to_owned()
}
