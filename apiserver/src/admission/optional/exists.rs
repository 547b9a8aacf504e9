//! `NamespaceExists`: nothing is done in a namespace that is not there.

use serde_json::Value;

use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::fault::{Result, Status};

/// The plugin's name.
pub const NAME: &str = "NamespaceExists";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct NamespaceExists;

impl Plugin for NamespaceExists {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation != Operation::Connect
    }

    fn validate(&self, request: &Request<'_>, _: Option<&Value>, look: &dyn Lookup) -> Result<()> {
        let name = request.namespace;
        let is_namespace = request.group.is_empty() && request.kind == "Namespace";
        if name.is_empty() || is_namespace || look.get("", "namespaces", "", name).is_some() {
            return Ok(());
        }
        Err(Status::not_found("", "namespaces", name))
    }
}
