//! What the spec of a pod refers to: secrets, config maps, and other objects that a node cannot know
//! without the server (kubernetes' `pkg/api/pod`).

use serde_json::Value;

use crate::admission::tree;

const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Volumes that refer to a secret by `secretRef`, by the name of their kind.
const BY_SECRET_REF: [&str; 7] = [
    "cephfs",
    "cinder",
    "flexVolume",
    "rbd",
    "scaleIO",
    "iscsi",
    "storageos",
];

/// Volumes for which a node needs nothing of the server.
const SELF_CONTAINED: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "cephfs",
    "cinder",
    "downwardAPI",
    "emptyDir",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

/// Other volumes, and how messages call what they refer to.
const REFERRING: [(&str, &str); 7] = [
    ("configMap", "configmaps (via configmap volumes)"),
    ("secret", "secrets (via secret volumes)"),
    ("csi", "csidrivers (via CSI volumes)"),
    ("glusterfs", "endpoints (via glusterFS volumes)"),
    ("persistentVolumeClaim", "persistentvolumeclaims"),
    (
        "ephemeral",
        "persistentvolumeclaims (via ephemeral volumes)",
    ),
    ("azureFile", "secrets (via azureFile volumes)"),
];

/// Sources of projected volumes, and how messages call what they refer to.
const PROJECTED: [(&str, &str); 5] = [
    ("configMap", "configmaps (via projected volumes)"),
    ("secret", "secrets (via projected volumes)"),
    (
        "serviceAccountToken",
        "serviceaccounts (via projected volumes)",
    ),
    ("clusterTrustBundle", "clustertrustbundles"),
    ("podCertificate", "podcertificates"),
];

fn is_named(value: &Value, key: &str) -> bool {
    !tree::text(&value[key]).is_empty()
}

fn sources(volume: &Value) -> impl Iterator<Item = &Value> {
    tree::items(&volume["projected"]["sources"])
}

/// Whether the environment of a container comes from such an object.
fn in_environment(spec: &Value, from: &str, key: &str) -> bool {
    let mut containers = CONTAINERS
        .iter()
        .flat_map(|field| tree::items(&spec[*field]));
    containers.any(|container| {
        tree::items(&container["envFrom"]).any(|source| is_named(&source[from], "name"))
            || tree::items(&container["env"]).any(|env| is_named(&env["valueFrom"][key], "name"))
    })
}

/// Whether a pod's spec names a secret.
#[must_use]
pub fn has_secrets(spec: &Value) -> bool {
    let by_volume = |volume: &Value| {
        is_named(&volume["azureFile"], "secretName")
            || is_named(&volume["secret"], "secretName")
            || is_named(&volume["csi"]["nodePublishSecretRef"], "name")
            || BY_SECRET_REF
                .iter()
                .any(|kind| is_named(&volume[*kind]["secretRef"], "name"))
            || sources(volume).any(|source| is_named(&source["secret"], "name"))
    };
    tree::items(&spec["imagePullSecrets"]).any(|secret| is_named(secret, "name"))
        || in_environment(spec, "secretRef", "secretKeyRef")
        || tree::items(&spec["volumes"]).any(by_volume)
}

/// Whether a pod's spec names a config map.
#[must_use]
pub fn has_config_maps(spec: &Value) -> bool {
    let by_volume = |volume: &Value| {
        is_named(&volume["configMap"], "name")
            || sources(volume).any(|source| is_named(&source["configMap"], "name"))
    };
    in_environment(spec, "configMapRef", "configMapKeyRef")
        || tree::items(&spec["volumes"]).any(by_volume)
}

/// The first kind of object that a pod's spec refers to, as messages call it; `None` if a node can run it
/// without the server.
///
/// # Errors
/// A volume of no known kind.
pub fn to_api(spec: &Value) -> Result<Option<&'static str>, String> {
    if is_named(spec, "serviceAccountName") {
        return Ok(Some("serviceaccounts"));
    }
    if has_secrets(spec) {
        return Ok(Some("secrets"));
    }
    if has_config_maps(spec) {
        return Ok(Some("configmaps"));
    }
    if tree::items(&spec["resourceClaims"]).next().is_some() {
        return Ok(Some("resourceclaims"));
    }
    let known = |of: &Value, kinds: &[(&str, &'static str)]| {
        let found = kinds.iter().find(|(kind, _)| of[*kind].is_object());
        found.map(|(_, called)| *called)
    };
    for volume in tree::items(&spec["volumes"]) {
        let name = || api::status::text::quote(tree::text(&volume["name"]));
        if SELF_CONTAINED.iter().any(|kind| volume[*kind].is_object()) {
            continue;
        }
        if let Some(called) = known(volume, &REFERRING) {
            return Ok(Some(called));
        }
        if !volume["projected"].is_object() {
            return Err(format!("unknown volume type for volume  {}", name()));
        }
        for source in sources(volume) {
            if let Some(called) = known(source, &PROJECTED) {
                return Ok(Some(called));
            }
            if !source["downwardAPI"].is_object() {
                return Err(format!("unknown source for projected volume {}", name()));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
