//! What pods and volumes refer to.

use serde_json::Value;

const NOTHING: &[Value] = &[];

pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    let found = value.get(key).and_then(Value::as_array);
    found.map_or(NOTHING, Vec::as_slice)
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    let kinds = ["initContainers", "containers", "ephemeralContainers"];
    kinds.into_iter().flat_map(|kind| list(spec, kind))
}

/// What the containers of a pod take their environment from: `secret` or `configMap`.
fn environment<'a>(spec: &'a Value, kind: &str) -> impl Iterator<Item = &'a str> {
    let (whole, one) = (format!("{kind}Ref"), format!("{kind}KeyRef"));
    containers(spec).flat_map(move |container| {
        let from = list(container, "envFrom").iter();
        let from = from.map(|source| text(&source[&whole], "name"));
        let single = list(container, "env").iter();
        let single = single.map(|variable| text(&variable["valueFrom"][&one], "name"));
        from.chain(single).collect::<Vec<_>>()
    })
}

/// The sources of projected volumes of this kind.
fn projected<'a>(spec: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a str> {
    let volumes = list(spec, "volumes").iter();
    let sources = volumes.flat_map(|volume| list(&volume["projected"], "sources"));
    sources.map(move |source| text(&source[kind], "name"))
}

/// The names of the secrets that a pod refers to; may repeat.
pub(super) fn secrets(spec: &Value) -> Vec<&str> {
    let pulls = list(spec, "imagePullSecrets").iter();
    let pulls = pulls.map(|reference| text(reference, "name"));
    let volumes = list(spec, "volumes").iter().flat_map(|volume| {
        let by_reference = [
            "cephfs",
            "cinder",
            "flexVolume",
            "rbd",
            "scaleIO",
            "iscsi",
            "storageos",
        ];
        let by_reference = by_reference.map(|kind| text(&volume[kind]["secretRef"], "name"));
        let others = [
            text(&volume["azureFile"], "secretName"),
            text(&volume["secret"], "secretName"),
            text(&volume["csi"]["nodePublishSecretRef"], "name"),
        ];
        by_reference.into_iter().chain(others)
    });
    let all = pulls.chain(environment(spec, "secret"));
    let all = all.chain(volumes).chain(projected(spec, "secret"));
    all.filter(|name| !name.is_empty()).collect()
}

/// The names of the config maps that a pod refers to; may repeat.
pub(super) fn config_maps(spec: &Value) -> Vec<&str> {
    let volumes = list(spec, "volumes").iter();
    let volumes = volumes.map(|volume| text(&volume["configMap"], "name"));
    let all = environment(spec, "configMap").chain(volumes);
    let all = all.chain(projected(spec, "configMap"));
    all.filter(|name| !name.is_empty()).collect()
}

/// The names of the persistent volume claims of a pod.
pub(super) fn claims(pod: &str, spec: &Value) -> Vec<String> {
    let volumes = list(spec, "volumes").iter();
    volumes.filter_map(|volume| claim_of(pod, volume)).collect()
}

/// The persistent volume claim behind a volume of a pod, if there is one.
pub(super) fn claim_of(pod: &str, volume: &Value) -> Option<String> {
    let claim = &volume["persistentVolumeClaim"];
    let name = match (claim.is_object(), volume["ephemeral"].is_object()) {
        (true, _) => text(claim, "claimName").to_owned(),
        (false, true) => format!("{pod}-{}", text(volume, "name")),
        (false, false) => return None,
    };
    (!name.is_empty()).then_some(name)
}

/// The names of the resource claims of a pod that are made already.
pub(super) fn resource_claims<'a>(spec: &'a Value, status: &'a Value) -> Vec<&'a str> {
    let made = list(status, "resourceClaimStatuses");
    let wanted =
        list(spec, "resourceClaims")
            .iter()
            .map(|claim| match text(claim, "resourceClaimName") {
                "" => {
                    let name = text(claim, "name");
                    let mut made = made.iter().filter(|made| text(made, "name") == name);
                    made.next()
                        .map_or("", |made| text(made, "resourceClaimName"))
                }
                name => name,
            });
    let extended = text(&status["extendedResourceClaimStatus"], "resourceClaimName");
    let all = wanted.chain([extended]);
    all.filter(|name| !name.is_empty()).collect()
}

/// The secrets that a kubelet needs for a persistent volume: namespace and name.
pub(super) fn secrets_of_volume(spec: &Value) -> Vec<(&str, &str)> {
    let of_claim = text(&spec["claimRef"], "namespace");
    let mut found = Vec::new();
    let file = &spec["azureFile"];
    let namespace = match text(file, "secretNamespace") {
        "" => of_claim,
        namespace => namespace,
    };
    found.push((namespace, text(file, "secretName")));
    for kind in ["cephfs", "flexVolume", "rbd", "scaleIO", "iscsi"] {
        let reference = &spec[kind]["secretRef"];
        let namespace = match text(reference, "namespace") {
            "" => of_claim,
            namespace => namespace,
        };
        found.push((namespace, text(reference, "name")));
    }
    for reference in [
        &spec["cinder"]["secretRef"],
        &spec["storageos"]["secretRef"],
        &spec["csi"]["nodePublishSecretRef"],
        &spec["csi"]["nodeStageSecretRef"],
        &spec["csi"]["nodeExpandSecretRef"],
    ] {
        found.push((text(reference, "namespace"), text(reference, "name")));
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

/// What of the API a pod refers to, in upstream's words; nothing if it stands for itself, as the
/// mirrors of static pods must.
///
/// # Errors
/// A volume is of a kind that is not known here.
pub(super) fn of_api(spec: &Value) -> Result<Option<&'static str>, String> {
    if !text(spec, "serviceAccountName").is_empty() {
        return Ok(Some("serviceaccounts"));
    }
    if !secrets(spec).is_empty() {
        return Ok(Some("secrets"));
    }
    if !config_maps(spec).is_empty() {
        return Ok(Some("configmaps"));
    }
    if !list(spec, "resourceClaims").is_empty() {
        return Ok(Some("resourceclaims"));
    }
    for volume in list(spec, "volumes") {
        if let Some(found) = of_volume(volume)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Volumes that need nothing of the API.
const PLAIN: &[&str] = &[
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

/// Volumes that need something of the API, and what.
const NEEDY: &[(&str, &str)] = &[
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

/// Sources of projected volumes that need something of the API, and what.
const NEEDY_SOURCES: &[(&str, &str)] = &[
    ("configMap", "configmaps (via projected volumes)"),
    ("secret", "secrets (via projected volumes)"),
    (
        "serviceAccountToken",
        "serviceaccounts (via projected volumes)",
    ),
    ("clusterTrustBundle", "clustertrustbundles"),
    ("podCertificate", "podcertificates"),
];

fn of_volume(volume: &Value) -> Result<Option<&'static str>, String> {
    use crate::authz::quote::quoted;
    let has = |value: &Value, kind: &str| value.get(kind).is_some_and(|found| !found.is_null());
    if PLAIN.iter().any(|kind| has(volume, kind)) {
        return Ok(None);
    }
    if let Some((_, found)) = NEEDY.iter().find(|(kind, _)| has(volume, kind)) {
        return Ok(Some(found));
    }
    let name = quoted(text(volume, "name"));
    if !has(volume, "projected") {
        return Err(format!("unknown volume type for volume  {name}"));
    }
    for source in list(&volume["projected"], "sources") {
        match NEEDY_SOURCES.iter().find(|(kind, _)| has(source, kind)) {
            Some((_, found)) => return Ok(Some(found)),
            None if has(source, "downwardAPI") => {}
            None => return Err(format!("unknown source for projected volume {name}")),
        }
    }
    Ok(None)
}
