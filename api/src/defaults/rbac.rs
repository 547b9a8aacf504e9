//! Roles' bindings, network policies.

use serde_json::{Value, json};

use super::{Fields, Rule, inner, set, text};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) const RULES: &[(&str, Rule)] = &[
    ("api.networking.v1.NetworkPolicySpec", network_policy),
    ("api.rbac.v1.ClusterRoleBinding", binding),
    ("api.rbac.v1.RoleBinding", binding),
    ("api.rbac.v1.Subject", subject),
];

fn binding(fields: &mut Fields) {
    if let Some(role) = inner(fields, "roleRef") {
        set(role, "apiGroup", || GROUP.into());
    }
}

fn subject(fields: &mut Fields) {
    if matches!(text(fields, "kind"), "User" | "Group") {
        set(fields, "apiGroup", || GROUP.into());
    }
}

fn network_policy(fields: &mut Fields) {
    if fields
        .get("policyTypes")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty)
    {
        let has_egress = fields
            .get("egress")
            .and_then(Value::as_array)
            .is_some_and(|rules| !rules.is_empty());
        let types = if has_egress {
            json!(["Ingress", "Egress"])
        } else {
            json!(["Ingress"])
        };
        fields.insert("policyTypes".to_owned(), types);
    }
}
