//! `LimitPodHardAntiAffinityTopology`: pods keep others away from their node only, not from whole zones.

use serde_json::Value;

use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::{Result, Status};
use crate::object;

/// The plugin's name.
pub const NAME: &str = "LimitPodHardAntiAffinityTopology";

const ALLOWED: &str = "kubernetes.io/hostname";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimitPodHardAntiAffinityTopology;

impl Plugin for LimitPodHardAntiAffinityTopology {
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
        let Some(pod) = object.filter(|_| request.is_whole("", "pods")) else {
            return Ok(());
        };
        let affinity = &pod["spec"]["affinity"]["podAntiAffinity"];
        let terms = tree::items(&affinity["requiredDuringSchedulingIgnoredDuringExecution"]);
        let mut keys = terms.map(|term| tree::text(&term["topologyKey"]));
        let Some(key) = keys.find(|key| *key != ALLOWED) else {
            return Ok(());
        };
        let why = format!(
            "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey {key} but only key {ALLOWED} \
             is allowed"
        );
        let (group, resource) = (request.group, request.resource);
        Err(Status::forbidden(group, resource, object::name(pod), why))
    }
}
