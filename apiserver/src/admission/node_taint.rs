//! `TaintNodesByCondition`: nothing is scheduled on a new node until it is ready.

use serde_json::{Value, json};

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "TaintNodesByCondition";

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaintNodesByCondition;

impl Plugin for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, _: &dyn Lookup) -> Result<()> {
        if !request.is_whole("", "nodes") {
            return Ok(());
        }
        let is_ours = |taint: &Value| taint["key"] == NOT_READY && taint["effect"] == "NoSchedule";
        let taints = tree::list(tree::field(object, "spec"), "taints");
        if !taints.iter().any(is_ours) {
            taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
