//! `CertificateSubjectRestriction`: no certificate makes anybody a `system:masters`.

use serde_json::Value;

use super::{GROUP, REQUESTS, subject};
use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "CertificateSubjectRestriction";

const SIGNER: &str = "kubernetes.io/kube-apiserver-client";
const MASTERS: &str = "system:masters";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateSubjectRestriction;

impl Plugin for CertificateSubjectRestriction {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        _: &dyn Lookup,
    ) -> Result<()> {
        let Some(spec) = object.filter(|_| request.is_whole(GROUP, REQUESTS)) else {
            return Ok(());
        };
        let spec = &spec["spec"];
        if spec["signerName"] != SIGNER {
            return Ok(());
        }
        match subject(&spec["request"]) {
            Err(error) => Err(request.forbidden(object, format!("failed to parse CSR: {error}"))),
            Ok(of) if of.organizations.iter().any(|group| group == MASTERS) => {
                let why = format!("use of {SIGNER} signer with {MASTERS} group is not allowed");
                Err(request.forbidden(object, why))
            }
            Ok(_) => Ok(()),
        }
    }
}
