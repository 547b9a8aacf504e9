//! Services.

use serde_json::{Value, json};

use super::{Fields, Rule, set, text};

/// How long a client keeps its pod, in seconds.
const AFFINITY_SECONDS: i64 = 10_800;

pub(super) const RULES: &[(&str, Rule)] = &[
    ("api.core.v1.ServicePort", port),
    ("api.core.v1.ServiceSpec", spec),
];

fn port(fields: &mut Fields) {
    let target = fields.get("targetPort");
    if target.is_none_or(|target| *target == json!(0) || *target == json!("")) {
        let own = fields.get("port").cloned().unwrap_or_default();
        fields.insert("targetPort".to_owned(), own);
    }
}

fn spec(fields: &mut Fields) {
    set(fields, "sessionAffinity", || "None".into());
    match text(fields, "sessionAffinity") {
        "None" => {
            fields.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let config = fields.get("sessionAffinityConfig");
            if config.is_none_or(|config| config["clientIP"]["timeoutSeconds"].is_null()) {
                let config = json!({"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}});
                fields.insert("sessionAffinityConfig".to_owned(), config);
            }
        }
        _ => {}
    }
    set(fields, "type", || "ClusterIP".into());
    let kind = text(fields, "type").to_owned();
    let has_external = fields
        .get("externalIPs")
        .and_then(Value::as_array)
        .is_some_and(|all| !all.is_empty());
    let is_external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || (kind == "ClusterIP" && has_external);
    if is_external {
        set(fields, "externalTrafficPolicy", || "Cluster".into());
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        set(fields, "internalTrafficPolicy", || "Cluster".into());
    }
    if kind == "LoadBalancer" {
        set(fields, "allocateLoadBalancerNodePorts", || true.into());
    }
}
