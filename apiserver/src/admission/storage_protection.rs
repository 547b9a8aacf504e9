//! `StorageObjectInUseProtection`: volumes and their claims do not go while they are in use.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "StorageObjectInUseProtection";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct StorageObjectInUseProtection;

impl Plugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, _: &dyn Lookup) -> Result<()> {
        let finalizer = match (request.group, request.resource, request.subresource) {
            ("", "persistentvolumes", "") => "kubernetes.io/pv-protection",
            ("", "persistentvolumeclaims", "") => "kubernetes.io/pvc-protection",
            ("storage.k8s.io", "volumeattributesclasses", "") => "kubernetes.io/vac-protection",
            _ => return Ok(()),
        };
        tree::add_finalizer(object, finalizer);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
