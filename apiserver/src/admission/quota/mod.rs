//! `ResourceQuota`: what a namespace holds, and asks for, stays within its quotas.
//!
//! A write is charged before the object is stored: [`charge`] says what becomes of the status of which
//! quota, and whoever calls it writes that, each with the resource version of the quota that was judged.
//! If a quota has changed meanwhile, the charge is asked for again with the newest form of the quotas whose
//! writes failed, up to [`TRIES`] times in all. If the object is not stored in the end, or less is needed,
//! the quota controller sets that right: it counts again with [`usage`].

mod charge;
mod count;
mod device;
mod evaluator;
mod pod;
mod scope;
mod volume;

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use crate::fault::Result;

pub use charge::{Charge, charge};
pub use count::{differs, sources, usage};
pub use evaluator::Evaluator;

/// The plugin's name.
pub const NAME: &str = "ResourceQuota";

/// How often upstream tries to charge a quota that others change at the same time.
pub const TRIES: usize = 4;

/// See the module. In the chain it judges nothing by itself, for a charge is a write: see [`charge`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ResourceQuota;

impl Plugin for ResourceQuota {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn validate(&self, _: &Request<'_>, _: Option<&Value>, _: &dyn Lookup) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
