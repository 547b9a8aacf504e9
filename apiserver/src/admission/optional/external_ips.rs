//! `DenyServiceExternalIPs`: services take no more addresses that the cluster has not given them.

use serde_json::Value;

use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "DenyServiceExternalIPs";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyServiceExternalIPs;

impl Plugin for DenyServiceExternalIPs {
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
        let Some(service) = object.filter(|_| request.is_whole("", "services")) else {
            return Ok(());
        };
        let is_old = |ip: &Value| {
            let mut old = tree::items(&request.previous()["spec"]["externalIPs"]);
            old.any(|found| found == ip)
        };
        if tree::items(&service["spec"]["externalIPs"]).all(is_old) {
            return Ok(());
        }
        let why = "Use of external IPs is denied by admission control";
        Err(request.forbidden(object, why))
    }
}
