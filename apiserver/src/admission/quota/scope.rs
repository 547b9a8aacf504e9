//! Scopes: of which objects of a namespace a quota counts what they use.

use serde_json::Value;

use crate::admission::resources;
use crate::admission::tree;

/// A scope of a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope<'a> {
    name: &'a str,
    operator: &'a str,
    values: Vec<&'a str>,
}

/// The scopes of a quota; all of them have to hold.
pub(super) fn of(quota: &Value) -> Vec<Scope<'_>> {
    let spec = &quota["spec"];
    let plain = tree::items(&spec["scopes"]).map(|name| Scope {
        name: tree::text(name),
        operator: "Exists",
        values: Vec::new(),
    });
    let selected = tree::items(&spec["scopeSelector"]["matchExpressions"]).map(|term| Scope {
        name: tree::text(&term["scopeName"]),
        operator: tree::text(&term["operator"]),
        values: tree::items(&term["values"]).map(tree::text).collect(),
    });
    plain.chain(selected).collect()
}

/// Whether a pod ends by itself after some time.
pub(super) fn is_terminating(pod: &Value) -> bool {
    let deadline = pod["spec"]["activeDeadlineSeconds"].as_i64();
    deadline.is_some_and(|seconds| seconds >= 0)
}

/// Whether a pod asks for nothing in particular.
fn is_best_effort(pod: &Value) -> bool {
    let class = tree::text(&pod["status"]["qosClass"]);
    if !class.is_empty() {
        return class == "BestEffort";
    }
    let asks_nothing = |of: &Value| {
        ["requests", "limits"].iter().all(|kind| {
            let amounts = &of["resources"][*kind];
            let mut compute = ["cpu", "memory"].iter().map(|name| &amounts[*name]);
            compute.all(|amount| resources::quantity(amount).is_none_or(|it| it.is_zero()))
        })
    };
    if resources::has_pod_level(pod) {
        return asks_nothing(&pod["spec"]);
    }
    let all = ["initContainers", "containers"];
    let mut all = all
        .iter()
        .flat_map(|field| tree::items(&pod["spec"][*field]));
    all.all(asks_nothing)
}

/// Whether a pod wants to be near or far from pods of other namespaces.
fn crosses_namespaces(pod: &Value) -> bool {
    let crosses = |term: &Value| {
        tree::items(&term["namespaces"]).next().is_some() || term["namespaceSelector"].is_object()
    };
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let of = &pod["spec"]["affinity"][*kind];
        tree::items(&of["requiredDuringSchedulingIgnoredDuringExecution"]).any(crosses)
            || tree::items(&of["preferredDuringSchedulingIgnoredDuringExecution"])
                .any(|weighted| crosses(&weighted["podAffinityTerm"]))
    })
}

impl Scope<'_> {
    /// Whether one of several names is as the scope wants it.
    fn selects(&self, names: &[&str]) -> bool {
        let is_listed = |name: &&str| self.values.contains(name);
        match self.operator {
            "Exists" => !names.is_empty(),
            "DoesNotExist" => names.is_empty(),
            "In" => names.iter().any(is_listed),
            "NotIn" => names.is_empty() || !names.iter().all(is_listed),
            _ => false,
        }
    }

    pub(super) fn takes_pod(&self, pod: &Value) -> bool {
        match self.name {
            "Terminating" => is_terminating(pod),
            "NotTerminating" => !is_terminating(pod),
            "BestEffort" => is_best_effort(pod),
            "NotBestEffort" => !is_best_effort(pod),
            "PriorityClass" => {
                let name = tree::text(&pod["spec"]["priorityClassName"]);
                let names = [name];
                self.selects(if name.is_empty() { &[] } else { &names })
            }
            "CrossNamespacePodAffinity" => crosses_namespaces(pod),
            _ => false,
        }
    }

    pub(super) fn takes_volume_claim(&self, claim: &Value) -> bool {
        let names = [
            &claim["spec"]["volumeAttributesClassName"],
            &claim["status"]["currentVolumeAttributesClassName"],
            &claim["status"]["modifyVolumeStatus"]["targetVolumeAttributesClassName"],
        ];
        let names = names.into_iter().map(tree::text);
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        self.name == "VolumeAttributesClass" && self.selects(&names)
    }
}
