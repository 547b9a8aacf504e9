//! `AlwaysDeny`: nothing changes any more.

use serde_json::Value;

use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "AlwaysDeny";

const WHY: &str = "admission control is denying all modifications";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlwaysDeny;

impl Plugin for AlwaysDeny {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, _: Operation) -> bool {
        true
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, _: &dyn Lookup) -> Result<()> {
        Err(request.forbidden(Some(object), WHY))
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        _: &dyn Lookup,
    ) -> Result<()> {
        Err(request.forbidden(object, WHY))
    }
}
