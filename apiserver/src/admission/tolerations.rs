//! `DefaultTolerationSeconds`: pods stay for a while on nodes that are not ready or cannot be reached.

use serde_json::{Value, json};

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "DefaultTolerationSeconds";

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultTolerationSeconds {
    /// How long on nodes that are not ready, in seconds (`--default-not-ready-toleration-seconds`).
    pub not_ready: i64,
    /// How long on nodes that cannot be reached, in seconds
    /// (`--default-unreachable-toleration-seconds`).
    pub unreachable: i64,
}

impl Default for DefaultTolerationSeconds {
    fn default() -> Self {
        Self {
            not_ready: 300,
            unreachable: 300,
        }
    }
}

impl Plugin for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, _: &dyn Lookup) -> Result<()> {
        if !request.is_whole("", "pods") {
            return Ok(());
        }
        let tolerations = tree::list(tree::field(object, "spec"), "tolerations");
        let tolerates = |of: &Value, key: &str| {
            let (its, effect) = (tree::text(&of["key"]), tree::text(&of["effect"]));
            (its.is_empty() || its == key) && (effect.is_empty() || effect == "NoExecute")
        };
        let wanted = [(NOT_READY, self.not_ready), (UNREACHABLE, self.unreachable)];
        let missing = wanted.map(|(key, _)| !tolerations.iter().any(|of| tolerates(of, key)));
        for ((key, seconds), missing) in wanted.into_iter().zip(missing) {
            if missing {
                tolerations.push(json!({
                    "key": key,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": seconds,
                }));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
