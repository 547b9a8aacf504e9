//! Pods and what is in them; secrets, volumes, limits.

use serde_json::{Map, Value, json};

use super::{Fields, Rule, inner, is_unset, set, text};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("api.core.v1.Container", container),
    ("api.core.v1.EphemeralContainer", container),
    ("api.core.v1.LimitRangeItem", limits),
    ("api.core.v1.NodeStatus", node),
    ("api.core.v1.Pod", pod),
    ("api.core.v1.PodSpec", pod_spec),
    ("api.core.v1.PodStatus", pod_status),
    ("api.core.v1.ReplicationController", replication_controller),
    ("api.core.v1.Volume", volume),
    ("api.core.v1.ImageVolumeSource", image),
];

/// When an image is pulled: always, if its name says no version or the newest.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    let (name, has_digest) = match name.split_once('@') {
        Some((name, _)) => (name, true),
        None => (name, false),
    };
    match name.split_once(':') {
        Some((_, "latest")) => "Always",
        None if !has_digest => "Always",
        _ => "IfNotPresent",
    }
}

fn container(fields: &mut Fields) {
    let policy = pull_policy(text(fields, "image"));
    set(fields, "imagePullPolicy", || policy.into());
}

fn image(fields: &mut Fields) {
    let policy = pull_policy(text(fields, "reference"));
    set(fields, "pullPolicy", || policy.into());
}

/// A volume that says nothing of itself is an empty folder.
fn volume(fields: &mut Fields) {
    let says = fields
        .iter()
        .any(|(name, value)| name != "name" && !value.is_null());
    if !says {
        fields.insert("emptyDir".to_owned(), json!({}));
    }
}

fn pod_spec(fields: &mut Fields) {
    // The old name and the new one say the same.
    if is_unset(fields, "serviceAccountName") {
        let old = text(fields, "serviceAccount").to_owned();
        if !old.is_empty() {
            fields.insert("serviceAccountName".to_owned(), old.into());
        }
    }
    let name = text(fields, "serviceAccountName").to_owned();
    if !name.is_empty() {
        fields.insert("serviceAccount".to_owned(), name.into());
    }
}

fn pod(fields: &mut Fields) {
    let Some(spec) = inner(fields, "spec") else {
        return;
    };
    if spec
        .get("terminationGracePeriodSeconds")
        .and_then(Value::as_i64)
        .is_some_and(|seconds| seconds < 0)
    {
        spec.insert("terminationGracePeriodSeconds".to_owned(), 1.into());
    }
    set(spec, "enableServiceLinks", || true.into());
    let on_host = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            requests(container);
            if on_host {
                host_ports(container);
            }
        }
    }
}

/// What is limited is asked for, unless less is.
fn requests(container: &mut Value) {
    let limits = container["resources"]["limits"].as_object().cloned();
    let Some(limits) = limits else {
        return;
    };
    let resources = container["resources"].as_object_mut();
    let Some(requests) = resources.and_then(|resources| inner(resources, "requests")) else {
        return;
    };
    for (name, limit) in limits {
        requests.entry(name).or_insert(limit);
    }
}

/// On the host's network ports are the host's.
fn host_ports(container: &mut Value) {
    let ports = container.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        if port.get("hostPort").and_then(Value::as_i64).unwrap_or(0) == 0 {
            let own = port.get("containerPort").cloned().unwrap_or_default();
            port.insert("hostPort".to_owned(), own);
        }
    }
}

/// The first of a pod's addresses is its address.
fn pod_status(fields: &mut Fields) {
    let address = text(fields, "podIP").to_owned();
    let first = fields
        .get("podIPs")
        .and_then(|all| all[0]["ip"].as_str())
        .unwrap_or_default()
        .to_owned();
    if !address.is_empty() && first != address {
        fields.insert("podIPs".to_owned(), json!([{"ip": address}]));
    } else if address.is_empty() && !first.is_empty() {
        fields.insert("podIP".to_owned(), first.into());
    }
}

fn node(fields: &mut Fields) {
    if let Some(capacity) = fields.get("capacity").cloned() {
        set(fields, "allocatable", || capacity);
    }
}

fn replication_controller(fields: &mut Fields) {
    let labels = fields
        .get("spec")
        .map(|spec| spec["template"]["metadata"]["labels"].clone());
    let Some(labels @ Value::Object(_)) = labels else {
        return;
    };
    if let Some(spec) = inner(fields, "spec")
        && spec
            .get("selector")
            .and_then(Value::as_object)
            .is_none_or(Map::is_empty)
    {
        spec.insert("selector".to_owned(), labels.clone());
    }
    if let Some(metadata) = inner(fields, "metadata")
        && metadata
            .get("labels")
            .and_then(Value::as_object)
            .is_none_or(Map::is_empty)
    {
        metadata.insert("labels".to_owned(), labels);
    }
}

/// The most that a container may have is what it gets; that, or the least, is what it asks for.
fn limits(fields: &mut Fields) {
    if text(fields, "type") != "Container" {
        return;
    }
    let of = |fields: &Fields, name: &str| {
        fields
            .get(name)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let mut default = of(fields, "default");
    for (name, value) in of(fields, "max") {
        default.entry(name).or_insert(value);
    }
    let mut request = of(fields, "defaultRequest");
    for (name, value) in default.clone().into_iter().chain(of(fields, "min")) {
        request.entry(name).or_insert(value);
    }
    for (name, made) in [("default", default), ("defaultRequest", request)] {
        if !made.is_empty() {
            fields.insert(name.to_owned(), made.into());
        }
    }
}
