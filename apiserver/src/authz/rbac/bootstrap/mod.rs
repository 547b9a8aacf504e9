//! The roles and bindings that every cluster has (Kubernetes 1.37, features as they are by default).
//!
//! The facts stand in `v1_37.txt`, one object per paragraph, what is indented belongs to the line
//! above:
//!
//! ```text
//! ClusterRole NAME                    Role NAMESPACE NAME
//!   is ROLE                             a part of the role ROLE (label aggregate-to-ROLE)
//!   of ROLE                             made of the parts of ROLE (aggregationRule)
//!   GROUPS RESOURCES VERBS [NAMES]      a rule; lists by commas, - is the core group
//!   url PATHS VERBS                     a rule on paths
//! ClusterRoleBinding NAME ROLE        RoleBinding NAMESPACE NAME ROLE
//!   User NAME | Group NAME | ServiceAccount NAMESPACE NAME
//! ```

use serde_json::{Map, Value, json};

use super::{GROUP, Rule};

const FACTS: &str = include_str!("v1_37.txt");

/// All objects: cluster roles, roles, bindings of the cluster, bindings; in the order in which they
/// are to be made.
#[must_use]
pub fn objects() -> Vec<Value> {
    let mut objects: Vec<Value> = Vec::new();
    for line in FACTS.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (line.starts_with(' '), objects.last_mut()) {
            (true, Some(object)) => add(object, &words),
            _ => objects.extend(begun(&words)),
        }
    }
    objects
}

/// What a node may do besides what [`super::super::node`] decides: the rules of `system:node`.
#[must_use]
pub fn node_rules() -> Vec<Rule> {
    let mut objects = objects().into_iter();
    let node = objects.find(|object| {
        object["kind"] == "ClusterRole" && object["metadata"]["name"] == "system:node"
    });
    node.as_ref().map(Rule::list_of).unwrap_or_default()
}

fn begun(words: &[&str]) -> Option<Value> {
    let (kind, namespace, name, role) = match *words {
        [kind @ "ClusterRole", name] => (kind, None, name, None),
        [kind @ "Role", namespace, name] => (kind, Some(namespace), name, None),
        [kind @ "ClusterRoleBinding", name, role] => (kind, None, name, Some(role)),
        [kind @ "RoleBinding", namespace, name, role] => (kind, Some(namespace), name, Some(role)),
        _ => return None,
    };
    let mut object = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": kind,
        "metadata": {
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "name": name,
        },
    });
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = namespace.into();
    }
    match role {
        Some(role) => {
            let kind = kind.trim_end_matches("Binding");
            object["roleRef"] = json!({"apiGroup": GROUP, "kind": kind, "name": role});
        }
        None => object["rules"] = Value::Null,
    }
    Some(object)
}

fn add(object: &mut Value, words: &[&str]) {
    let part = |role: &str| format!("{GROUP}/aggregate-to-{role}");
    match *words {
        ["is", role] => object["metadata"]["labels"][part(role)] = "true".into(),
        ["of", role] => {
            let labels: Map<String, Value> = [(part(role), "true".into())].into_iter().collect();
            let selectors = json!([{"matchLabels": labels}]);
            object["aggregationRule"] = json!({"clusterRoleSelectors": selectors});
        }
        ["url", urls, verbs] => push(
            object,
            "rules",
            json!({"nonResourceURLs": list(urls), "verbs": list(verbs)}),
        ),
        ["ServiceAccount", namespace, name] => push(
            object,
            "subjects",
            json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}),
        ),
        [kind @ ("User" | "Group"), name] => push(
            object,
            "subjects",
            json!({"apiGroup": GROUP, "kind": kind, "name": name}),
        ),
        [groups, resources, verbs, ref names @ ..] => {
            let mut rule = json!({
                "apiGroups": list(groups),
                "resources": list(resources),
                "verbs": list(verbs),
            });
            if let [names] = names {
                rule["resourceNames"] = list(names);
            }
            push(object, "rules", rule);
        }
        _ => {}
    }
}

fn list(words: &str) -> Value {
    let words = words.split(',');
    words
        .map(|word| if word == "-" { "" } else { word })
        .collect()
}

fn push(object: &mut Value, key: &str, item: Value) {
    match &mut object[key] {
        Value::Array(items) => items.push(item),
        empty => *empty = vec![item].into(),
    }
}
