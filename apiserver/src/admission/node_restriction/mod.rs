//! `NodeRestriction`: a node's own user changes only what is of that node.
//!
//! A node is known by a user `system:node:<name>` of the group `system:nodes`.

use api::status::text::quote;
use serde_json::Value;

use super::certificates;
use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::{Result, Status};
use crate::object;

mod audience;
mod identity;
mod node;
mod pod;
mod token;

/// The plugin's name.
pub const NAME: &str = "NodeRestriction";

const PREFIX: &str = "system:node:";
const LEASE_NAMESPACE: &str = "kube-node-lease";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeRestriction;

/// A request of a node, with what is needed to judge it.
#[derive(Clone, Copy)]
struct Case<'a> {
    node: &'a str,
    request: &'a Request<'a>,
    /// `null` if the request brings none.
    object: &'a Value,
    look: &'a dyn Lookup,
}

impl Case<'_> {
    fn refuse<T>(&self, why: impl std::fmt::Display) -> Result<T> {
        Err(self.request.forbidden(Some(self.object), why))
    }

    fn unexpected<T>(&self) -> Result<T> {
        let operation = quote(self.request.operation.as_str());
        self.refuse(format!("unexpected operation {operation}"))
    }

    /// The name of the node in quotes, as most messages have it.
    fn quoted(&self) -> String {
        quote(self.node)
    }

    /// The pod of that name; the text is that of upstream's caches.
    fn pod(&self, name: &str) -> Result<Value> {
        let found = self.look.get("", "pods", self.request.namespace, name);
        found.ok_or_else(|| Status::not_found("", "pod", name))
    }
}

impl Plugin for NodeRestriction {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation != Operation::Connect
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        let user = request.user;
        let is_node = user.groups.iter().any(|group| group == "system:nodes");
        let Some(node) = user.name.strip_prefix(PREFIX).filter(|_| is_node) else {
            return Ok(());
        };
        let case = Case {
            node,
            request,
            object,
            look,
        };
        if node.is_empty() {
            let user = quote(&user.name);
            return case.refuse(format!("could not determine node from user {user}"));
        }
        judge(&case)
    }
}

fn judge(case: &Case<'_>) -> Result<()> {
    let request = case.request;
    match (request.group, request.resource, request.subresource) {
        ("", "pods", "") => pod::whole(case),
        ("", "pods", "status") => pod::status(case),
        ("", "pods", "eviction") => pod::eviction(case),
        ("", "pods", other) => case.refuse(format!(
            "unexpected pod subresource {}, only 'status' and 'eviction' are allowed",
            quote(other)
        )),
        ("", "nodes", _) => node::any(case),
        ("", "persistentvolumeclaims", "status") => claim_status(case),
        ("", "persistentvolumeclaims", _) => case.refuse("may only update PVC status"),
        ("", "serviceaccounts", _) => token::request(case),
        (certificates::GROUP, "podcertificaterequests", _) => identity::pod_certificate(case),
        (certificates::GROUP, certificates::REQUESTS, _) => identity::signing(case),
        ("coordination.k8s.io", "leases", _) => lease(case),
        ("storage.k8s.io", "csinodes", _) => csi_node(case),
        ("resource.k8s.io", "resourceslices", _) => slice(case),
        _ => Ok(()),
    }
}

fn claim_status(case: &Case<'_>) -> Result<()> {
    if case.request.operation != Operation::Update {
        return case.unexpected();
    }
    let strip = |claim: &Value| {
        let mut claim = claim.clone();
        let of_status = [
            "capacity",
            "conditions",
            "allocatedResourceStatuses",
            "allocatedResources",
        ];
        for (part, fields) in [
            ("metadata", &["resourceVersion", "managedFields"][..]),
            ("status", &of_status[..]),
        ] {
            for field in fields {
                tree::set(tree::field(&mut claim, part), field, None);
            }
        }
        claim
    };
    let (old, new) = (strip(case.request.previous()), strip(case.object));
    if old == new {
        return Ok(());
    }
    case.refuse(format!(
        "node {} is not allowed to update fields other than status.quantity and status.conditions: {}",
        case.quoted(),
        difference(&old, &new)
    ))
}

/// The outermost fields that differ. Upstream prints both objects side by side.
fn difference(old: &Value, new: &Value) -> String {
    let mut names = Vec::new();
    for part in ["metadata", "spec", "status"] {
        let fields = tree::entries(&old[part]).chain(tree::entries(&new[part]));
        let differ = fields.filter(|(name, _)| old[part].get(name) != new[part].get(name));
        names.extend(differ.map(|(name, _)| format!("{part}.{name}")));
    }
    names.sort();
    names.dedup();
    names.join(", ")
}

/// The name of the object: of CREATE that in it, otherwise that of the path.
fn name<'a>(case: &Case<'a>) -> &'a str {
    match case.request.operation {
        Operation::Create => object::name(case.object),
        _ => case.request.name,
    }
}

fn lease(case: &Case<'_>) -> Result<()> {
    if case.request.namespace != LEASE_NAMESPACE {
        return case.refuse(format!(
            "can only access leases in the {} system namespace",
            quote(LEASE_NAMESPACE)
        ));
    }
    if name(case) != case.node {
        return case.refuse("can only access node lease with the same name as the requesting node");
    }
    Ok(())
}

fn csi_node(case: &Case<'_>) -> Result<()> {
    if name(case) != case.node {
        return case.refuse("can only access CSINode with the same name as the requesting node");
    }
    if case.request.subresource == "status" {
        return case.refuse("CSIVolumeHealth feature gate is disabled");
    }
    Ok(())
}

fn slice(case: &Case<'_>) -> Result<()> {
    let (object, does) = match case.request.operation {
        Operation::Create => (case.object, "create"),
        Operation::Delete => (case.request.previous(), "delete"),
        Operation::Update | Operation::Connect => return Ok(()),
    };
    if object["spec"]["nodeName"] == case.node {
        return Ok(());
    }
    case.refuse(format!(
        "can only {does} ResourceSlice with the same NodeName as the requesting node"
    ))
}

#[cfg(test)]
mod tests;
