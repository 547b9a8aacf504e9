//! The rules that the level `restricted` adds.

use std::collections::BTreeSet;

use serde_json::Value;

use super::baseline;
use super::checks::{Found, Pod, called, found, join, join_set, plural, setters};
use crate::admission::tree;

/// Volumes that say nothing of the node.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
/// Other kinds of volumes.
const OTHER_VOLUMES: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

pub(super) fn escalation(pod: Pod<'_>) -> Found {
    let containers =
        pod.named(|container| container["securityContext"]["allowPrivilegeEscalation"] != false);
    if containers.is_empty() {
        return None;
    }
    let who = called(&containers);
    found(
        "allowPrivilegeEscalation != false",
        format!("{who} must set securityContext.allowPrivilegeEscalation=false"),
    )
}

pub(super) fn capabilities(pod: Pod<'_>) -> Found {
    let of = |container: &Value, field: &str| -> Vec<String> {
        let all = tree::items(&container["securityContext"]["capabilities"][field]);
        all.map(|name| tree::text(name).to_owned()).collect()
    };
    let keeping = pod.named(|container| !of(container, "drop").iter().any(|name| name == "ALL"));
    let bad = |container: &Value| {
        let mut added = of(container, "add");
        added.retain(|name| name != "NET_BIND_SERVICE");
        added
    };
    let adding = pod.named(|container| !bad(container).is_empty());
    let added: BTreeSet<String> = pod.containers().flat_map(bad).collect();
    let mut details = Vec::new();
    if !keeping.is_empty() {
        let who = called(&keeping);
        details.push(format!(
            "{who} must set securityContext.capabilities.drop=[\"ALL\"]"
        ));
    }
    if !adding.is_empty() {
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            called(&adding),
            join_set(&added)
        ));
    }
    if details.is_empty() {
        return None;
    }
    found("unrestricted capabilities", details.join("; "))
}

pub(super) fn volumes(pod: Pod<'_>) -> Found {
    let has = |volume: &Value, kind: &str| volume[kind].is_object();
    let volumes = tree::items(&pod.spec["volumes"]);
    let bad = volumes.filter(|volume| !VOLUMES.iter().any(|kind| has(volume, kind)));
    let bad: Vec<&Value> = bad.collect();
    if bad.is_empty() {
        return None;
    }
    let kinds = bad.iter().map(|volume| {
        let kind = OTHER_VOLUMES.iter().find(|kind| has(volume, kind));
        (*kind.unwrap_or(&"unknown")).to_owned()
    });
    let kinds: BTreeSet<String> = kinds.collect();
    let names: Vec<&str> = bad.iter().map(|it| tree::text(&it["name"])).collect();
    let detail = format!(
        "{} {} {} {} {}",
        plural(names.len(), "volume", "volumes"),
        join(&names),
        plural(names.len(), "uses", "use"),
        plural(
            kinds.len(),
            "restricted volume type",
            "restricted volume types"
        ),
        join_set(&kinds)
    );
    found("restricted volume types", detail)
}

pub(super) fn non_root(pod: Pod<'_>) -> Found {
    const REASON: &str = "runAsNonRoot != true";
    let set = |of: &Value| of["securityContext"]["runAsNonRoot"].as_bool();
    let by_pod = set(pod.spec);
    let who = setters(
        by_pod == Some(false),
        &pod.named(|it| set(it) == Some(false)),
    );
    if !who.is_empty() {
        return found(
            REASON,
            format!("{who} must not set securityContext.runAsNonRoot=false"),
        );
    }
    let silent = pod.named(|container| set(container).is_none() && by_pod != Some(true));
    if silent.is_empty() {
        return None;
    }
    let who = called(&silent);
    found(
        REASON,
        format!("pod or {who} must set securityContext.runAsNonRoot=true"),
    )
}

pub(super) fn user(pod: Pod<'_>) -> Found {
    let is_root = |of: &Value| of["securityContext"]["runAsUser"].as_i64() == Some(0);
    let who = setters(is_root(pod.spec), &pod.named(is_root));
    if who.is_empty() {
        return None;
    }
    found("runAsUser=0", format!("{who} must not set runAsUser=0"))
}

pub(super) fn seccomp(pod: Pod<'_>) -> Found {
    if let Some(bad) = baseline::seccomp(pod) {
        return Some(bad);
    }
    let has = |of: &Value| baseline::seccomp_profile(of).is_some();
    if has(pod.spec) {
        return None;
    }
    let silent = pod.named(|container| !has(container));
    if silent.is_empty() {
        return None;
    }
    let who = called(&silent);
    let detail = format!(
        "pod or {who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""
    );
    found("seccompProfile", detail)
}
