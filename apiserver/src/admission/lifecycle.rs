//! `NamespaceLifecycle`: nothing is made in a namespace that is not there or is going, and three
//! namespaces stay.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::{Result, Status};

/// The plugin's name.
pub const NAME: &str = "NamespaceLifecycle";

/// Namespaces that cannot be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// See the module. A namespace that has just been made or has just begun to go may not be known to the
/// lookup yet: upstream waits 50 ms and asks the store where its cache knows none, and asks the store for
/// 30 s after it has seen a DELETE. A lookup that reads as new as the store needs neither.
#[derive(Clone, Copy, Debug, Default)]
pub struct NamespaceLifecycle;

impl Plugin for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation != Operation::Connect
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        let is_namespace = request.group.is_empty() && request.kind == "Namespace";
        if is_namespace {
            if request.operation == Operation::Delete && IMMORTAL.contains(&request.name) {
                return Err(request.forbidden(Some(object), "this namespace may not be deleted"));
            }
            return Ok(());
        }
        let is_review = request.is_of("authorization.k8s.io", "localsubjectaccessreviews");
        if request.namespace.is_empty() || request.operation != Operation::Create || is_review {
            return Ok(());
        }
        let name = request.namespace;
        let Some(namespace) = look.get("", "namespaces", "", name) else {
            return Err(Status::not_found("", "namespaces", name));
        };
        if tree::text(&namespace["status"]["phase"]) != "Terminating" {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {name} because it is being terminated"
        );
        let mut status = request.forbidden(Some(object), why);
        let cause = api::status::Cause {
            reason: "NamespaceTerminating".into(),
            message: format!("namespace {name} is being terminated"),
            field: "metadata.namespace".into(),
        };
        status.details.get_or_insert_default().causes.push(cause);
        Err(status)
    }
}

#[cfg(test)]
mod tests;
