//! `CertificateApproval`: only who may `approve` for a signer approves or denies requests to it.

use api::status::text::quote;
use serde_json::Value;

use super::{GROUP, REQUESTS, may};
use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "CertificateApproval";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateApproval;

impl Plugin for CertificateApproval {
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
        if request.subresource != "approval" || !request.is_of(GROUP, REQUESTS) {
            return Ok(());
        }
        let signer = tree::text(&request.previous()["spec"]["signerName"]);
        if may(request, "approve", signer) {
            return Ok(());
        }
        let why = format!(
            "user not permitted to approve requests with signerName {}",
            quote(signer)
        );
        Err(request.forbidden(object, why))
    }
}
