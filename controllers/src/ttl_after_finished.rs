//! Jobs that say so are deleted some time after they have finished.
//!
//! Source of the rules: Kubernetes, `pkg/controller/ttlafterfinished`.

#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::call::{self, Propagation, array, delete_options, is_deleting, text};
use crate::discovery::Resource;
use crate::informer::{self, Change, Key, Store};
use crate::queue::{Next, Queue};
use crate::run::until;
use crate::{Error, Loop};

/// Upstream's default of `--concurrent-ttl-after-finished-syncs`.
const WORKERS: usize = 5;

/// The loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct TtlAfterFinished;

#[async_trait]
impl Loop for TtlAfterFinished {
    fn name(&self) -> &'static str {
        "ttl-after-finished-controller"
    }

    async fn run(&self, client: Client, stop: CancellationToken) -> Result<(), Error> {
        let queue = Queue::default();
        let resource = Resource {
            group: "batch".to_owned(),
            ..Resource::core("jobs", "Job", true)
        };
        let following = informer::follow(
            informer::object_api(&client, &resource, ""),
            informer::config(),
            Store::default(),
            |job| job.metadata.deletion_timestamp.is_none() && expiry(&job.data).is_some(),
            |change: Change<bool>| {
                if let Change::Applied(key, expires) = change
                    && *expires
                {
                    queue.add(key);
                }
            },
        );
        let working = queue.work(WORKERS, |key: Key| {
            let (client, resource) = (&client, &resource);
            async move {
                match expire(client, &resource.object(&key.namespace, &key.name)).await {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::warn!(?key, %error, "a finished Job could not be deleted");
                        Next::Retry
                    }
                }
            }
        });
        until(&stop, async {
            tokio::select! {
                () = following => Ok(()),
                never = working => match never {},
            }
        })
        .await
    }
}

/// Deletes a Job if its time has come, by what the server says of it now.
async fn expire(client: &Client, path: &str) -> Result<Next, Error> {
    let job = match call::get(client, path).await {
        Ok(job) => job,
        Err(error) if error.is_not_found() => return Ok(Next::Done),
        Err(error) => return Err(error),
    };
    let Some(expiry) = expiry(&job).filter(|_| !is_deleting(&job)) else {
        return Ok(Next::Done);
    };
    let left = Timestamp::now().duration_until(expiry);
    if left.is_positive() {
        return Ok(Next::After(Duration::try_from(left).unwrap_or_default()));
    }
    let uid = text(&job, "/metadata/uid");
    let version = text(&job, "/metadata/resourceVersion");
    let options = delete_options(Propagation::Foreground, uid, version);
    match call::delete(client, path, &options).await {
        Err(error) if !error.is_not_found() => Err(error),
        Ok(_) | Err(_) => Ok(Next::Done),
    }
}

/// When a Job is to be deleted; `None` if it has not finished, or is to stay.
fn expiry(job: &Value) -> Option<Timestamp> {
    let seconds = job.pointer("/spec/ttlSecondsAfterFinished")?.as_i64()?;
    let finished = array(job, "/status/conditions").iter().find(|condition| {
        matches!(text(condition, "/type"), "Complete" | "Failed")
            && text(condition, "/status") == "True"
    })?;
    let finished: Timestamp = text(finished, "/lastTransitionTime").parse().ok()?;
    finished
        .checked_add(SignedDuration::from_secs(seconds))
        .ok()
}
