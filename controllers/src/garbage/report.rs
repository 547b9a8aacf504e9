//! Events that tell of owners which are not in the namespace of their dependents.

use std::collections::HashSet;

use kube::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

use super::identity::{Identity, Owner};
use crate::call;
use crate::discovery::Resource;
use crate::namespace::now;

const SOURCE: &str = "garbage-collector-controller";
const REASON: &str = "OwnerRefInvalidNamespace";
/// After so many different references all may be told once more.
const MEMORY: usize = 4096;

/// A reference to an owner that lies in another namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(super) dependent: Identity,
    pub(super) owner: Owner,
}

/// Writes an event for each reference that comes, once.
pub(super) async fn run(client: &Client, mut told: Receiver<Misplaced>) {
    let events = Resource::core("events", "Event", true);
    let mut known = HashSet::new();
    while let Some(misplaced) = told.recv().await {
        let pair = (misplaced.dependent.uid.clone(), misplaced.owner.uid.clone());
        if known.len() >= MEMORY {
            known.clear();
        }
        if !known.insert(pair) {
            continue;
        }
        let suffix = format!("{:016x}", rand::random::<u64>());
        let event = event(&misplaced, &suffix, &now());
        let namespace = call::text(&event, "/metadata/namespace").to_owned();
        if let Err(error) = call::create(client, &events.collection(&namespace), &event).await {
            tracing::debug!(%error, "an event could not be written");
        }
    }
}

fn event(misplaced: &Misplaced, suffix: &str, now: &str) -> Value {
    let Misplaced { dependent, owner } = misplaced;
    let namespace = if dependent.namespace.is_empty() {
        "default"
    } else {
        &dependent.namespace
    };
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": format!("{}.{suffix}", dependent.name), "namespace": namespace},
        "involvedObject": {
            "apiVersion": dependent.api_version,
            "kind": dependent.kind,
            "name": dependent.name,
            "namespace": dependent.namespace,
            "uid": &*dependent.uid,
        },
        "type": "Warning",
        "reason": REASON,
        "message": format!(
            "ownerRef {} does not exist in namespace {:?}",
            owner.within(&dependent.namespace),
            dependent.namespace
        ),
        "source": {"component": SOURCE},
        "reportingComponent": SOURCE,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_upstreams() {
        let owner = Owner {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            name: "o".to_owned(),
            uid: "u1".into(),
            blocks: false,
        };
        let dependent = Identity {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: "d".to_owned(),
            uid: "u2".into(),
            namespace: "n".to_owned(),
        };
        let event = event(&Misplaced { dependent, owner }, "1", "t");
        assert_eq!(event["reason"], "OwnerRefInvalidNamespace");
        assert_eq!(
            event["message"],
            "ownerRef [v1/ConfigMap, namespace: n, name: o, uid: u1] does not exist in namespace \"n\""
        );
        assert_eq!(event["involvedObject"]["kind"], "Deployment");
        assert_eq!(event["metadata"]["namespace"], "n");
    }
}
