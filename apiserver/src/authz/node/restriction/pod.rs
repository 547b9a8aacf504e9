//! Pods: mirrors of static ones, their status, their eviction.

use serde_json::Value;

use crate::authz::node::graph::MIRROR;
use crate::authz::node::references::{list, of_api, text};
use crate::authz::quote::quoted;

use super::{Answer, Checked, forbid, is_same};

impl Checked<'_> {
    pub(super) fn pods(&self) -> Answer {
        match self.request.subresource {
            "" => match self.request.operation {
                "CREATE" => self.create_pod(),
                "DELETE" => self.delete_pod(),
                operation => {
                    let (operation, node) = (quoted(operation), quoted(self.node));
                    forbid(format!(
                        "unexpected operation {operation}, node {node} can only create and delete mirror pods"
                    ))
                }
            },
            "status" => self.pod_status(),
            "eviction" => self.evict_pod(),
            part => forbid(format!(
                "unexpected pod subresource {}, only 'status' and 'eviction' are allowed",
                quoted(part)
            )),
        }
    }

    fn create_pod(&self) -> Answer {
        let node = quoted(self.node);
        let pod = self.request.object;
        let (metadata, spec) = (&pod["metadata"], &pod["spec"]);
        if metadata["annotations"].get(MIRROR).is_none() {
            let mirror = quoted(MIRROR);
            return forbid(format!(
                "pod does not have {mirror} annotation, node {node} can only create mirror pods"
            ));
        }
        if text(spec, "nodeName") != self.node {
            return forbid(format!(
                "node {node} can only create pods with spec.nodeName set to itself"
            ));
        }
        let owner = match list(metadata, "ownerReferences") {
            [owner] => owner,
            [] => {
                return forbid(format!(
                    "node {node} can only create pods with an owner reference set to itself"
                ));
            }
            _ => {
                return forbid(format!(
                    "node {node} can only create pods with a single owner reference set to itself"
                ));
            }
        };
        let named = ["apiVersion", "kind", "name"].map(|key| text(owner, key));
        if named != ["v1", "Node", self.node] {
            return forbid(format!(
                "node {node} can only create pods with an owner reference set to itself"
            ));
        }
        if owner["controller"] != Value::Bool(true) {
            return forbid(format!(
                "node {node} can only create pods with a controller owner reference set to itself"
            ));
        }
        if owner["blockOwnerDeletion"] == Value::Bool(true) {
            return forbid(format!(
                "node {node} must not set blockOwnerDeletion on an owner reference"
            ));
        }
        let own = self.found("nodes", "node", "", self.node)?;
        let (claimed, uid) = (text(owner, "uid"), text(&own["metadata"], "uid"));
        if claimed != uid {
            let node = self.node;
            return forbid(format!(
                "node {node} UID mismatch: expected {claimed} got {uid}"
            ));
        }
        match of_api(spec) {
            Ok(None) => Ok(()),
            Ok(Some(found)) => forbid(format!(
                "node {node} can not create pods that reference {found}"
            )),
            Err(why) => forbid(format!(
                "error checking mirror pod for API references: {why}"
            )),
        }
    }

    fn delete_pod(&self) -> Answer {
        match self.is_own_pod(self.request.name)? {
            true => Ok(()),
            false => forbid(format!(
                "node {} can only delete pods with spec.nodeName set to itself",
                quoted(self.node)
            )),
        }
    }

    fn evict_pod(&self) -> Answer {
        let operation = self.request.operation;
        if operation != "CREATE" {
            return forbid(format!("unexpected operation {operation}"));
        }
        let name = match self.request.name {
            "" => text(&self.request.object["metadata"], "name"),
            name => name,
        };
        if name.is_empty() {
            return forbid("could not determine pod from request data");
        }
        match self.is_own_pod(name)? {
            true => Ok(()),
            false => forbid(format!(
                "node {} can only evict pods with spec.nodeName set to itself",
                self.node
            )),
        }
    }

    fn is_own_pod(&self, name: &str) -> Result<bool, super::Restricted> {
        let pod = self.found("pods", "pod", self.request.namespace, name)?;
        Ok(text(&pod["spec"], "nodeName") == self.node)
    }

    fn pod_status(&self) -> Answer {
        let operation = self.request.operation;
        if operation != "UPDATE" {
            return forbid(format!("unexpected operation {}", quoted(operation)));
        }
        let node = quoted(self.node);
        let (old, new) = (self.request.old, self.request.object);
        if text(&old["spec"], "nodeName") != self.node {
            return forbid(format!(
                "node {node} can only update pod status for pods with spec.nodeName set to itself"
            ));
        }
        if !is_same(&old["metadata"]["labels"], &new["metadata"]["labels"]) {
            return forbid(format!(
                "node {node} cannot update labels through pod status"
            ));
        }
        // The second text is misspelt by upstream.
        for (key, what) in [
            ("resourceClaimStatuses", "resource claim statues"),
            (
                "extendedResourceClaimStatus",
                "extended resource claim status",
            ),
            (
                "nodeAllocatableResourceClaimStatuses",
                "node allocatable resource claim statuses",
            ),
        ] {
            if !is_same(&old["status"][key], &new["status"][key]) {
                return forbid(format!("node {node} cannot update {what}"));
            }
        }
        Ok(())
    }
}
