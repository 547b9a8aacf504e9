//! Deleting what is in a namespace: pods first, and nothing else before they are gone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::Client;
use serde_json::Value;

use super::conditions::Outcome;
use crate::Error;
use crate::call::{self, Propagation, array, delete_options, text};
use crate::discovery::{Catalog, Resource};

/// How long objects with finalizers are expected to need, in seconds.
const FINALIZERS_NEED: i64 = 15;

/// What is left in a namespace.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Seconds until it is expected to be gone; 0 if nothing is expected any more.
    pub(super) seconds: i64,
    /// Of which resources there are objects.
    pub(super) resources: Vec<Resource>,
}

/// What is left of one resource.
#[derive(Debug, Default)]
struct Rest {
    /// Seconds until it is expected to be gone.
    estimate: i64,
    objects: usize,
    finalizers: BTreeMap<String, usize>,
}

/// Deletes everything in a namespace, which is given by its name and the time of its deletion, and notes in
/// `outcome` and `errors` how that went. Returns what is left.
pub(super) async fn delete_all(
    client: &Client,
    catalog: &Catalog,
    (namespace, deleted_at): (&str, &str),
    outcome: &mut Outcome,
    errors: &mut Vec<String>,
) -> Left {
    let mut left = Left::default();
    let mut resources: Vec<&Resource> = Vec::new();
    for resource in &catalog.preferred {
        if !resource.namespaced || !resource.has_verbs(&["delete"]) {
            continue;
        }
        if resource.version.contains('/') {
            let text = format!("unexpected GroupVersion string: {}", resource.api_version());
            outcome.parsing = Some(text.clone());
            errors.push(text);
            continue;
        }
        resources.push(resource);
    }
    // Stable: pods come first, the rest in the order of discovery.
    resources.sort_by_key(|resource| !is_pods(resource));
    for resource in resources {
        let (rest, error) = delete_one(client, resource, namespace, deleted_at).await;
        if let Some(error) = error {
            outcome.content.push(error.clone());
            errors.push(if is_pods(resource) {
                format!("failed to delete pods for namespace: {namespace}, err: {error}")
            } else {
                error
            });
        }
        left.seconds = left.seconds.max(rest.estimate);
        if rest.objects == 0 {
            continue;
        }
        left.resources.push(resource.clone());
        outcome.remain(&resource.plural, &resource.group, rest.objects);
        for (finalizer, objects) in rest.finalizers {
            *outcome.finalizers.entry(finalizer).or_insert(0) += objects;
        }
        if is_pods(resource) {
            break;
        }
    }
    left
}

fn is_pods(resource: &Resource) -> bool {
    resource.group.is_empty() && resource.plural == "pods"
}

async fn delete_one(
    client: &Client,
    resource: &Resource,
    namespace: &str,
    deleted_at: &str,
) -> (Rest, Option<String>) {
    let mut rest = Rest::default();
    let error = delete_resource(client, resource, namespace, deleted_at, &mut rest).await;
    (rest, error.err().map(|error| error.to_string()))
}

async fn delete_resource(
    client: &Client,
    resource: &Resource,
    namespace: &str,
    deleted_at: &str,
    rest: &mut Rest,
) -> Result<(), Error> {
    let path = resource.collection(namespace);
    if is_pods(resource) {
        let grace = longest_grace(&call::list(client, &path).await?);
        rest.estimate = if seconds_since(deleted_at) >= grace {
            0
        } else {
            grace
        };
    }
    if !delete_collection(client, resource, &path).await? {
        delete_each(client, resource, namespace).await?;
    }
    let Some(left) = list_if_possible(client, resource, &path).await? else {
        return Ok(());
    };
    if left.is_empty() {
        rest.estimate = 0;
        return Ok(());
    }
    rest.objects = left.len();
    for finalizer in left
        .iter()
        .flat_map(|object| array(object, "/metadata/finalizers"))
    {
        let finalizer = finalizer.as_str().unwrap_or_default().to_owned();
        *rest.finalizers.entry(finalizer).or_insert(0) += 1;
    }
    if rest.estimate != 0 {
        return Ok(());
    }
    if !rest.finalizers.is_empty() {
        rest.estimate = FINALIZERS_NEED;
        return Ok(());
    }
    Err(Error::Malformed(format!(
        "unexpected items still remain in namespace: {namespace} for gvr: {}/{}, Resource={}",
        resource.group, resource.version, resource.plural
    )))
}

/// Whether the server could delete the collection at once.
async fn delete_collection(
    client: &Client,
    resource: &Resource,
    path: &str,
) -> Result<bool, Error> {
    if !resource.has_verbs(&["deletecollection"]) {
        return Ok(false);
    }
    let options = delete_options(Propagation::Background, "", "");
    match call::delete(client, path, &options).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_method_not_supported() || error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

async fn delete_each(client: &Client, resource: &Resource, namespace: &str) -> Result<(), Error> {
    let path = resource.collection(namespace);
    let options = delete_options(Propagation::Background, "", "");
    let objects = list_if_possible(client, resource, &path).await?;
    for object in objects.unwrap_or_default() {
        let path = resource.object(namespace, text(&object, "/metadata/name"));
        match call::delete(client, &path, &options).await {
            Err(error) if !error.is_not_found() && !error.is_method_not_supported() => {
                return Err(error);
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// The metadata of the objects; `None` if they cannot be listed.
async fn list_if_possible(
    client: &Client,
    resource: &Resource,
    path: &str,
) -> Result<Option<Vec<Value>>, Error> {
    if !resource.has_verbs(&["list"]) {
        return Ok(None);
    }
    match call::list_metadata(client, path).await {
        Ok(objects) => Ok(Some(objects)),
        Err(error) if error.is_method_not_supported() || error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The longest time that a pod takes to end; those that have ended do not count.
fn longest_grace(pods: &[Value]) -> i64 {
    pods.iter()
        .filter(|pod| !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed"))
        .filter_map(|pod| pod.pointer("/spec/terminationGracePeriodSeconds")?.as_i64())
        .fold(0, i64::max)
}

fn seconds_since(time: &str) -> i64 {
    time.parse::<Timestamp>()
        .map_or(0, |time| Timestamp::now().as_second() - time.as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_that_ended_need_no_time() {
        let pod = |phase, grace| {
            json!({"status": {"phase": phase},
                   "spec": {"terminationGracePeriodSeconds": grace}})
        };
        let pods = [pod("Running", 30), pod("Failed", 90), pod("Succeeded", 90)];
        assert_eq!(longest_grace(&pods), 30);
        assert_eq!(longest_grace(&[json!({"spec": {}})]), 0);
    }
}
