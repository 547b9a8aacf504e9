//! `PodTopologyLabels`: a pod bears the labels that say where its node stands.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "PodTopologyLabels";

const LABELS: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

/// See the module. Those of a `pods/binding` become the pod's when it is bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodTopologyLabels;

impl Plugin for PodTopologyLabels {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        if !request.is_of("", "pods") {
            return Ok(());
        }
        let node = match request.subresource {
            "" => tree::text(&object["spec"]["nodeName"]),
            "binding" if object["target"]["kind"] == "Node" => {
                tree::text(&object["target"]["name"])
            }
            _ => "",
        };
        if node.is_empty() {
            return Ok(());
        }
        let Some(node) = look.get("", "nodes", "", node) else {
            return Ok(());
        };
        for key in LABELS {
            if let Some(value) = tree::label(&node, key) {
                let labels = tree::map(tree::field(object, "metadata"), "labels");
                labels.insert(key.to_owned(), value.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
