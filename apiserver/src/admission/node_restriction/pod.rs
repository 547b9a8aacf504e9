//! Pods: a node makes and deletes those that show what it runs by itself, and tells how its own are.

use api::status::text::quote;
use serde_json::Value;

use super::Case;
use crate::admission::request::Operation;
use crate::admission::service_account::references;
use crate::admission::tree;
use crate::fault::{Result, Status};
use crate::object;

const MIRROR: &str = "kubernetes.io/config.mirror";

pub(super) fn whole(case: &Case<'_>) -> Result<()> {
    let node = case.quoted();
    match case.request.operation {
        Operation::Create => create(case),
        Operation::Delete => {
            let pod = case.pod(case.request.name)?;
            if pod["spec"]["nodeName"] == case.node {
                return Ok(());
            }
            case.refuse(format!(
                "node {node} can only delete pods with spec.nodeName set to itself"
            ))
        }
        operation => case.refuse(format!(
            "unexpected operation {}, node {node} can only create and delete mirror pods",
            quote(operation.as_str())
        )),
    }
}

fn create(case: &Case<'_>) -> Result<()> {
    let (pod, node) = (case.object, case.quoted());
    if tree::annotation(pod, MIRROR).is_none() {
        return case.refuse(format!(
            "pod does not have {} annotation, node {node} can only create mirror pods",
            quote(MIRROR)
        ));
    }
    if pod["spec"]["nodeName"] != case.node {
        return case.refuse(format!(
            "node {node} can only create pods with spec.nodeName set to itself"
        ));
    }
    let owners: Vec<&Value> = tree::items(&pod["metadata"]["ownerReferences"]).collect();
    match owners.as_slice() {
        [owner] => owned(case, owner)?,
        [] => {
            return case.refuse(format!(
                "node {node} can only create pods with an owner reference set to itself"
            ));
        }
        _ => {
            return case.refuse(format!(
                "node {node} can only create pods with a single owner reference set to itself"
            ));
        }
    }
    match references::to_api(&pod["spec"]) {
        Ok(None) => Ok(()),
        Ok(Some(resource)) => case.refuse(format!(
            "node {node} can not create pods that reference {resource}"
        )),
        Err(error) => case.refuse(format!(
            "error checking mirror pod for API references: {error}"
        )),
    }
}

/// The one owner of a pod is its node, as its controller, and does not wait for it to go.
fn owned(case: &Case<'_>, owner: &Value) -> Result<()> {
    let node = case.quoted();
    let is_itself =
        owner["apiVersion"] == "v1" && owner["kind"] == "Node" && owner["name"] == case.node;
    if !is_itself {
        return case.refuse(format!(
            "node {node} can only create pods with an owner reference set to itself"
        ));
    }
    if owner["controller"] != true {
        return case.refuse(format!(
            "node {node} can only create pods with a controller owner reference set to itself"
        ));
    }
    if owner["blockOwnerDeletion"] == true {
        return case.refuse(format!(
            "node {node} must not set blockOwnerDeletion on an owner reference"
        ));
    }
    let found = case.look.get("", "nodes", "", case.node);
    let found = found.ok_or_else(|| Status::not_found("", "node", case.node))?;
    // Upstream expects what the pod says, and gets what the node is.
    let (expected, got) = (tree::text(&owner["uid"]), object::text(&found, "uid"));
    if expected == got {
        return Ok(());
    }
    let node = case.node;
    case.refuse(format!(
        "node {node} UID mismatch: expected {expected} got {got}"
    ))
}

pub(super) fn status(case: &Case<'_>) -> Result<()> {
    if case.request.operation != Operation::Update {
        return case.unexpected();
    }
    let (old, new, node) = (case.request.previous(), case.object, case.quoted());
    if old["spec"]["nodeName"] != case.node {
        return case.refuse(format!(
            "node {node} can only update pod status for pods with spec.nodeName set to itself"
        ));
    }
    if !tree::entries(&old["metadata"]["labels"]).eq(tree::entries(&new["metadata"]["labels"])) {
        return case.refuse(format!(
            "node {node} cannot update labels through pod status"
        ));
    }
    let is_same = |field: &str| old["status"][field] == new["status"][field];
    if !is_same("resourceClaimStatuses") {
        return case.refuse(format!("node {node} cannot update resource claim statues"));
    }
    if !is_same("extendedResourceClaimStatus") {
        return case.refuse(format!(
            "node {node} cannot update extended resource claim status"
        ));
    }
    if !is_same("nodeAllocatableResourceClaimStatuses") {
        return case.refuse(format!(
            "node {node} cannot update node allocatable resource claim statuses"
        ));
    }
    Ok(())
}

pub(super) fn eviction(case: &Case<'_>) -> Result<()> {
    let operation = case.request.operation;
    if operation != Operation::Create {
        return case.refuse(format!("unexpected operation {operation}"));
    }
    let names = [case.request.name, object::name(case.object)];
    let Some(name) = names.into_iter().find(|name| !name.is_empty()) else {
        return case.refuse("could not determine pod from request data");
    };
    if case.pod(name)?["spec"]["nodeName"] == case.node {
        return Ok(());
    }
    let node = case.node;
    case.refuse(format!(
        "node {node} can only evict pods with spec.nodeName set to itself"
    ))
}
