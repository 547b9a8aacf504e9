//! Pods.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::evaluator::number;
use crate::admission::resources::{self, Amounts};
use crate::admission::tree;
use crate::object;

const NAMES: [&str; 11] = [
    "count/pods",
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
];
/// What each container has to say if a quota counts it.
const REQUIRED: [&str; 6] = [
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
];
const COMPUTE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const DEVICE_CLASS: &str = "deviceclass.resource.kubernetes.io/";

/// Whether a resource is none of Kubernetes' own.
fn is_foreign(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

/// Whether pods use what a quota calls so.
pub(super) fn names(name: &str) -> bool {
    let is_huge = ["hugepages-", "requests.hugepages-"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    let is_extended = name
        .strip_prefix("requests.")
        .is_some_and(|rest| is_foreign(name) || rest.starts_with(DEVICE_CLASS));
    NAMES.contains(&name) || is_huge || is_extended
}

/// What a pod uses; one that has ended, or should have gone long ago, counts as an object only.
pub(super) fn usage(pod: &Value, now: Timestamp) -> Amounts {
    let mut used = Amounts::from([("count/pods".to_owned(), number(1))]);
    if is_alive(pod, now) {
        let requests = resources::held(pod, "requests");
        let limits = resources::held(pod, "limits");
        used.extend(named(&requests, &limits));
    }
    used
}

fn is_alive(pod: &Value, now: Timestamp) -> bool {
    if matches!(tree::text(&pod["status"]["phase"]), "Failed" | "Succeeded") {
        return false;
    }
    let deleted: Option<Timestamp> = object::text(pod, "deletionTimestamp").parse().ok();
    let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_i64();
    let (Some(deleted), Some(grace)) = (deleted, grace) else {
        return true;
    };
    now.as_second() <= deleted.as_second().saturating_add(grace)
}

/// Requests and limits by the names of quotas.
fn named(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut used = Amounts::from([("pods".to_owned(), number(1))]);
    for (name, request) in requests {
        let is_compute = COMPUTE.contains(&name.as_str());
        let is_huge = name.starts_with("hugepages-");
        let is_extended = is_foreign(name) && !name.starts_with("requests.");
        if is_compute || is_huge {
            used.insert(name.clone(), request.clone());
        }
        if is_compute || is_huge || is_extended || name.starts_with(DEVICE_CLASS) {
            used.insert(format!("requests.{name}"), request.clone());
        }
    }
    for (name, limit) in limits {
        if COMPUTE.contains(&name.as_str()) {
            used.insert(format!("limits.{name}"), limit.clone());
        }
    }
    used
}

/// Which containers do not say what a quota counts.
pub(super) fn lacks(pod: &Value, restricted: &[String]) -> Option<String> {
    if resources::has_pod_level(pod) {
        return None;
    }
    let wanted = restricted.iter().map(String::as_str);
    let wanted: BTreeSet<&str> = wanted.filter(|name| REQUIRED.contains(name)).collect();
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for field in ["containers", "initContainers"] {
        for container in tree::items(&pod["spec"][field]) {
            let of = |kind: &str| resources::amounts(&container["resources"][kind]);
            let said = named(&of("requests"), &of("limits"));
            for name in wanted.iter().filter(|name| !said.contains_key(**name)) {
                let container = tree::text(&container["name"]);
                missing.entry(name).or_default().insert(container);
            }
        }
    }
    let told = missing.into_iter().map(|(name, containers)| {
        let containers: Vec<&str> = containers.into_iter().collect();
        format!("{name} for: {}", containers.join(","))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("must specify {}", told.join("; ")))
}
