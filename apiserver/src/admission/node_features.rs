//! `NodeDeclaredFeatureValidator`: a placed pod is not changed in a way that its node cannot follow.
//!
//! Of the features that nodes declare, only those matter here that an update may need.

use api::status::text::quote;
use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::{resources, tree};
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "NodeDeclaredFeatureValidator";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeDeclaredFeatureValidator;

impl Plugin for NodeDeclaredFeatureValidator {
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
        look: &dyn Lookup,
    ) -> Result<()> {
        let is_update = request.operation == Operation::Update && request.is_of("", "pods");
        let is_concerned = is_update && matches!(request.subresource, "" | "resize");
        let (true, Some(new), Some(old)) = (is_concerned, object, request.old) else {
            return Ok(());
        };
        let generation = |of: &Value| of["metadata"]["generation"].as_i64();
        let name = tree::text(&new["spec"]["nodeName"]);
        if name.is_empty() || generation(new) == generation(old) {
            return Ok(());
        }
        let needed = needed(&old["spec"], &new["spec"]);
        if needed.is_empty() {
            return Ok(());
        }
        let Some(node) = look.get("", "nodes", "", name) else {
            return Err(request.forbidden(object, format!("node {} not found", quote(name))));
        };
        let declared = |feature: &&str| {
            let mut all = tree::items(&node["status"]["declaredFeatures"]);
            all.any(|found| found == feature)
        };
        let missing: Vec<&str> = needed.into_iter().filter(|it| !declared(it)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let why = format!(
            "pod update requires features {} which are not available on node {}",
            missing.join(", "),
            quote(name)
        );
        Err(request.forbidden(object, why))
    }
}

/// What a node has to be able to for an update, sorted.
fn needed(old: &Value, new: &Value) -> Vec<&'static str> {
    let all = [
        (
            "InPlacePodLevelResourcesVerticalScaling",
            !is_same(&old["resources"], &new["resources"]),
        ),
        (
            "InPlacePodVerticalScalingInitContainers",
            resizes_init_container(old, new),
        ),
        (
            "InPlacePodVerticalScalingMemoryBackedVolumes",
            resizes_memory_volume(old, new),
        ),
    ];
    let needed = all.into_iter().filter(|(_, is_needed)| *is_needed);
    needed.map(|(feature, _)| feature).collect()
}

fn is_same(old: &Value, new: &Value) -> bool {
    let amounts = ["requests", "limits"];
    old.is_null() == new.is_null()
        && amounts
            .iter()
            .all(|kind| resources::equal(&old[*kind], &new[*kind]))
}

fn resizes_init_container(old: &Value, new: &Value) -> bool {
    let new = tree::items(&new["initContainers"]);
    let mut pairs = tree::items(&old["initContainers"]).zip(new);
    pairs.any(|(old, new)| {
        tree::text(&old["restartPolicy"]) != "Always"
            && !is_same(&old["resources"], &new["resources"])
    })
}

fn resizes_memory_volume(old: &Value, new: &Value) -> bool {
    let count = |spec: &Value| tree::items(&spec["volumes"]).count();
    let new_volumes = tree::items(&new["volumes"]);
    let mut pairs = tree::items(&old["volumes"]).zip(new_volumes);
    let resizes = |old: &Value, new: &Value| {
        let size = |of: &Value| resources::quantity(&of["emptyDir"]["sizeLimit"]);
        let sizes = size(old).zip(size(new));
        old["name"] == new["name"]
            && new["emptyDir"]["medium"] == "Memory"
            && sizes.is_some_and(|(old, new)| old != new)
    };
    count(old) == count(new) && pairs.any(|(old, new)| resizes(old, new))
}

#[cfg(test)]
mod tests;
