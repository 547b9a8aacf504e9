//! Nodes: a node changes itself only, and of its labels only those that say what it is made of.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Case;
use crate::admission::request::Operation;
use crate::admission::tree;
use crate::fault::Result;

/// Labels of Kubernetes that a node may give itself.
const OWN_LABELS: [&str; 11] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
];
/// Domains of labels that a node may give itself.
const OWN_DOMAINS: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];

pub(super) fn any(case: &Case<'_>) -> Result<()> {
    let node = case.quoted();
    let asked = case.request.name;
    if asked != case.node {
        return case.refuse(format!(
            "node {node} is not allowed to modify node {}",
            api::status::text::quote(asked)
        ));
    }
    match case.request.operation {
        Operation::Create => create(case),
        Operation::Update => update(case),
        Operation::Delete | Operation::Connect => Ok(()),
    }
}

fn create(case: &Case<'_>) -> Result<()> {
    let (new, node) = (case.object, case.quoted());
    if !new["spec"]["configSource"].is_null() {
        return case.refuse(format!(
            "node {node} is not allowed to create pods with a non-nil configSource"
        ));
    }
    let labels = forbidden(&new["metadata"]["labels"], &tree::NULL);
    if labels.is_empty() {
        return Ok(());
    }
    case.refuse(format!(
        "node {node} is not allowed to set the following labels: {labels}"
    ))
}

fn update(case: &Case<'_>) -> Result<()> {
    let (new, old, node) = (case.object, case.request.previous(), case.quoted());
    let source = &new["spec"]["configSource"];
    if !source.is_null() && *source != old["spec"]["configSource"] {
        return case.refuse(format!(
            "node {node} is not allowed to update configSource to a new non-nil configSource"
        ));
    }
    let is_same =
        |part: &str, field: &str| tree::items(&new[part][field]).eq(tree::items(&old[part][field]));
    if !is_same("spec", "taints") {
        return case.refuse(format!("node {node} is not allowed to modify taints"));
    }
    if !is_same("metadata", "ownerReferences") {
        return case.refuse(format!(
            "node {node} is not allowed to modify ownerReferences"
        ));
    }
    let labels = forbidden(&new["metadata"]["labels"], &old["metadata"]["labels"]);
    if labels.is_empty() {
        return Ok(());
    }
    case.refuse(format!("is not allowed to modify labels: {labels}"))
}

/// The labels that differ and that a node may not change, parted by commas.
fn forbidden(new: &Value, old: &Value) -> String {
    let all = tree::entries(new).chain(tree::entries(old));
    let changed = all.filter(|(key, _)| new.get(key) != old.get(key));
    let keys: BTreeSet<&str> = changed
        .map(|(key, _)| key.as_str())
        .filter(|key| is_forbidden(key))
        .collect();
    keys.into_iter().collect::<Vec<_>>().join(", ")
}

fn is_forbidden(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let lies_in = |parent: &str| {
        domain
            .strip_suffix(parent)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let is_own = OWN_LABELS.contains(&key) || OWN_DOMAINS.iter().any(|parent| lies_in(parent));
    let is_kubernetes = lies_in("kubernetes.io") || lies_in("k8s.io");
    lies_in("node-restriction.kubernetes.io") || is_kubernetes && !is_own
}
