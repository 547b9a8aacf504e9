//! `CertificateSigning`: only who may `sign` for a signer issues certificates in its name.

use api::status::text::quote;
use serde_json::Value;

use super::{GROUP, REQUESTS, may};
use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "CertificateSigning";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateSigning;

impl Plugin for CertificateSigning {
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
        _: &dyn Lookup,
    ) -> Result<()> {
        if request.subresource != "status" || !request.is_of(GROUP, REQUESTS) {
            return Ok(());
        }
        let old = request.previous();
        let new = object.unwrap_or(&tree::NULL);
        let is_same = |field: &str| old["status"][field] == new["status"][field];
        if is_same("certificate") && is_same("conditions") {
            return Ok(());
        }
        let signer = tree::text(&old["spec"]["signerName"]);
        if may(request, "sign", signer) {
            return Ok(());
        }
        let why = format!(
            "user not permitted to sign requests with signerName {}",
            quote(signer)
        );
        Err(request.forbidden(object, why))
    }
}
