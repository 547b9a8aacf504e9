//! `PersistentVolumeClaimResize`: a claim grows only where its class can make its volume grow.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::storage_class::class_of;
use super::{resources, tree};
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "PersistentVolumeClaimResize";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct PersistentVolumeClaimResize;

impl Plugin for PersistentVolumeClaimResize {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Update
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        look: &dyn Lookup,
    ) -> Result<()> {
        let (true, Some(new), Some(old)) = (
            request.is_whole("", "persistentvolumeclaims"),
            object,
            request.old,
        ) else {
            return Ok(());
        };
        let size = |of: &Value| {
            let requests = &of["spec"]["resources"]["requests"];
            resources::quantity(&requests["storage"]).unwrap_or_default()
        };
        if size(new) <= size(old) {
            return Ok(());
        }
        if tree::text(&old["status"]["phase"]) != "Bound" {
            let why = "Only bound persistent volume claims can be expanded";
            return Err(request.forbidden(object, why));
        }
        let class = class_of(new);
        let grows = !class.is_empty()
            && class == class_of(old)
            && look
                .get("storage.k8s.io", "storageclasses", "", class)
                .is_some_and(|class| class["allowVolumeExpansion"] == true);
        if grows {
            return Ok(());
        }
        let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions \
                   the pvc must support resize";
        Err(request.forbidden(object, why))
    }
}

#[cfg(test)]
mod tests;
