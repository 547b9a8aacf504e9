//! `ExtendedResourceToleration`: pods that want a resource of some nodes tolerate the taint that keeps
//! others away from them, which is called like the resource.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "ExtendedResourceToleration";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExtendedResourceToleration;

impl Plugin for ExtendedResourceToleration {
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
        let containers = ["containers", "initContainers"].iter();
        let containers = containers.flat_map(|field| tree::items(&object["spec"][*field]));
        let names = containers.flat_map(|it| tree::entries(&it["resources"]["requests"]));
        let names: BTreeSet<String> = names
            .map(|(name, _)| name.clone())
            .filter(|name| is_extended(name))
            .collect();
        for name in names {
            let ours = json!({"key": name, "operator": "Exists", "effect": "NoSchedule"});
            let is_same = |found: &Value| {
                let fields = ["key", "operator", "effect", "value"];
                let text = |of: &Value, field: &str| tree::text(&of[field]).to_owned();
                fields
                    .iter()
                    .all(|field| text(found, field) == text(&ours, field))
            };
            let list = tree::list(tree::field(object, "spec"), "tolerations");
            let mut is_there = false;
            for found in list.iter_mut().filter(|found| is_same(found)) {
                found.clone_from(&ours);
                is_there = true;
            }
            if !is_there {
                list.push(ours);
            }
        }
        Ok(())
    }
}

/// Whether a resource is none of Kubernetes' own.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}
