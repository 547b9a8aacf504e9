//! `ClusterTrustBundleAttest`: only who may `attest` for a signer says which certificates are its own.

use api::status::text::quote;
use serde_json::Value;

use super::{GROUP, may};
use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "ClusterTrustBundleAttest";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterTrustBundleAttest;

impl Plugin for ClusterTrustBundleAttest {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        _: &dyn Lookup,
    ) -> Result<()> {
        let concerned = request.is_of(GROUP, "clustertrustbundles");
        let Some(bundle) = object.filter(|_| concerned) else {
            return Ok(());
        };
        let signer = tree::text(&bundle["spec"]["signerName"]);
        let is_collected =
            request.operation == Operation::Update && strip(bundle) == strip(request.previous());
        if signer.is_empty() || is_collected || may(request, "attest", signer) {
            return Ok(());
        }
        let why = format!(
            "user not permitted to attest for signerName {}",
            quote(signer)
        );
        Err(request.forbidden(object, why))
    }
}

/// An object without what the garbage collector changes.
fn strip(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata") {
        for field in ["ownerReferences", "finalizers", "managedFields"] {
            tree::set(metadata, field, None);
        }
    }
    object
}
