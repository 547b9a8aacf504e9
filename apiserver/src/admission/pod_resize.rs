//! `PodResizeValidator`: a running pod grows only within its node.

use api::status::text::quote;
use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::{resources, tree};
use crate::fault::{Result, Status};

/// The plugin's name.
pub const NAME: &str = "PodResizeValidator";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodResizeValidator;

impl Plugin for PodResizeValidator {
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
        let is_resize = request.is_of("", "pods") && request.subresource == "resize";
        let Some(pod) = object.filter(|_| is_resize) else {
            return Ok(());
        };
        let name = tree::text(&pod["spec"]["nodeName"]);
        let generation = |of: &Value| of["metadata"]["generation"].as_i64();
        if name.is_empty() || generation(pod) == generation(request.previous()) {
            return Ok(());
        }
        let Some(node) = look.get("", "nodes", "", name) else {
            return Err(request.forbidden(object, format!("node {} not found", quote(name))));
        };
        let system = tree::label(&node, "kubernetes.io/os");
        if let Some(system) = system.filter(|system| *system != "linux") {
            let why = format!(
                "pod resize is only supported on linux nodes, node {} is {}",
                quote(name),
                quote(system)
            );
            return Err(caused(
                request.forbidden(object, why),
                "UnsupportedPlatform",
            ));
        }
        let lacks = lacking(pod, &node);
        if lacks.is_empty() {
            return Ok(());
        }
        let why = format!(
            "node didn't have enough allocatable resources: {}",
            lacks.join("; ")
        );
        Err(caused(request.forbidden(object, why), "NodeCapacity"))
    }
}

/// What a pod asks for beyond all that its node has.
fn lacking(pod: &Value, node: &Value) -> Vec<String> {
    let requested = resources::requested(pod);
    let allocatable = resources::amounts(&node["status"]["allocatable"]);
    let mut lacks = Vec::new();
    for name in ["cpu", "memory"] {
        let asked = requested.get(name).cloned().unwrap_or_default();
        let there = allocatable.get(name).cloned().unwrap_or_default();
        if asked > there {
            let (asked, there) = match name {
                "cpu" => (asked.milli_value(), there.milli_value()),
                _ => (asked.value(), there.value()),
            };
            lacks.push(format!("{name}, requested: {asked}, allocatable: {there}"));
        }
    }
    lacks
}

fn caused(mut status: Status, reason: &str) -> Status {
    let cause = api::status::Cause {
        reason: reason.into(),
        ..api::status::Cause::default()
    };
    status.details.get_or_insert_default().causes.push(cause);
    status
}

#[cfg(test)]
mod tests;
