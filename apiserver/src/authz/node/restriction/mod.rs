//! What nodes may write (upstream's admission plugin `NodeRestriction`).
//!
//! Authorisation lets nodes write objects of some kinds; here the content is looked at. Every check
//! is a function of the request and of a few objects that are looked up.

mod certificate;
mod node;
mod pod;
mod rest;
mod token;

use std::sync::Arc;

use serde_json::Value;

use crate::authn::User;
use crate::authz::Authorizer;
use crate::authz::quote::quoted;

use super::node_of;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who writes.
    pub user: &'a User,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub operation: &'a str,
    /// The API group, empty for the core group.
    pub group: &'a str,
    /// The version within the group.
    pub version: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// The part of the resource, or empty.
    pub subresource: &'a str,
    /// The namespace, or empty.
    pub namespace: &'a str,
    /// The object's name in the request, or that of the object, or empty.
    pub name: &'a str,
    /// The object as it is to be; null for a deletion.
    pub object: &'a Value,
    /// The object as it is; null for a creation.
    pub old: &'a Value,
}

/// Finds objects by resource (`pods`, `nodes`, `serviceaccounts`, `persistentvolumeclaims`,
/// `persistentvolumes`, `csidrivers`), namespace and name.
pub trait Objects {
    /// The object as it is now, if there is one.
    fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>>;
}

/// A node may not write this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Restricted {
    /// A 403 on the object for this reason; see [`crate::authz::forbidden`].
    #[error("{0}")]
    Forbidden(String),
    /// A 404: something that is needed is not there. Upstream has the kind in lower case where the
    /// resource belongs.
    #[error("{kind} {} not found", quoted(.name))]
    NotFound {
        /// The kind in lower case.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A 500 that may pass: what is known here may lag behind.
    #[error("{0}")]
    Retry(String),
}

/// Allowed, or why not.
type Answer = Result<(), Restricted>;

/// Checks what a user writes; those who are no nodes may, as far as this is concerned.
///
/// # Errors
/// See [`Restricted`].
pub fn check(
    request: &Request<'_>,
    objects: &dyn Objects,
    authorizer: &dyn Authorizer,
) -> Result<(), Restricted> {
    let Some(node) = node_of(request.user) else {
        return Ok(());
    };
    if node.is_empty() {
        let user = quoted(&request.user.name);
        return forbid(format!("could not determine node from user {user}"));
    }
    let checked = Checked {
        node,
        request,
        objects,
        authorizer,
    };
    match (request.group, request.resource) {
        ("", "pods") => checked.pods(),
        ("", "nodes") => checked.nodes(),
        ("", "persistentvolumeclaims") => checked.claims(),
        ("", "serviceaccounts") => checked.tokens(),
        ("certificates.k8s.io", "podcertificaterequests") => checked.pod_certificates(),
        ("certificates.k8s.io", "certificatesigningrequests") => checked.signing_requests(),
        ("coordination.k8s.io", "leases") => checked.leases(),
        ("storage.k8s.io", "csinodes") => checked.csi_nodes(),
        ("resource.k8s.io", "resourceslices") => checked.slices(),
        _ => Ok(()),
    }
}

/// A request of a node, and what it is checked with.
struct Checked<'a> {
    node: &'a str,
    request: &'a Request<'a>,
    objects: &'a dyn Objects,
    authorizer: &'a dyn Authorizer,
}

impl Checked<'_> {
    /// An object that has to be there.
    fn found(
        &self,
        resource: &str,
        kind: &'static str,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, Restricted> {
        let found = self.objects.object(resource, namespace, name);
        found.ok_or_else(|| Restricted::NotFound {
            kind,
            name: name.to_owned(),
        })
    }

    /// Whether the object has the node's name.
    fn has_own_name(&self) -> bool {
        let name = match self.request.operation {
            "CREATE" => self.request.object["metadata"]["name"].as_str(),
            _ => Some(self.request.name),
        };
        name == Some(self.node)
    }
}

fn forbid(why: impl Into<String>) -> Answer {
    Err(Restricted::Forbidden(why.into()))
}

/// Whether two values mean the same: what is null, missing or empty is one.
fn is_same(one: &Value, other: &Value) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    one == other || is_empty(one) && is_empty(other)
}
