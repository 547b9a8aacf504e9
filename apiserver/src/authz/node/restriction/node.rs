//! The node's own object: which labels it may give itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::authz::quote::quoted;

use super::{Answer, Checked, forbid, is_same};

/// Labels of Kubernetes that a kubelet may set.
const OWN: &[&str] = &[
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];

impl Checked<'_> {
    pub(super) fn nodes(&self) -> Answer {
        let request = self.request;
        let node = quoted(self.node);
        if request.name != self.node {
            let name = quoted(request.name);
            return forbid(format!("node {node} is not allowed to modify node {name}"));
        }
        let (new, old) = (request.object, request.old);
        let forbidden = forbidden_labels(&new["metadata"]["labels"], &old["metadata"]["labels"]);
        let labels: Vec<&str> = forbidden.into_iter().collect();
        let labels = labels.join(", ");
        let source = &new["spec"]["configSource"];
        match request.operation {
            "CREATE" if !source.is_null() => forbid(format!(
                "node {node} is not allowed to create pods with a non-nil configSource"
            )),
            "CREATE" if !labels.is_empty() => forbid(format!(
                "node {node} is not allowed to set the following labels: {labels}"
            )),
            "UPDATE" if !source.is_null() && *source != old["spec"]["configSource"] => {
                forbid(format!(
                    "node {node} is not allowed to update configSource to a new non-nil configSource"
                ))
            }
            "UPDATE" if !is_same(&new["spec"]["taints"], &old["spec"]["taints"]) => {
                forbid(format!("node {node} is not allowed to modify taints"))
            }
            "UPDATE"
                if !is_same(
                    &new["metadata"]["ownerReferences"],
                    &old["metadata"]["ownerReferences"],
                ) =>
            {
                forbid(format!(
                    "node {node} is not allowed to modify ownerReferences"
                ))
            }
            "UPDATE" if !labels.is_empty() => {
                forbid(format!("is not allowed to modify labels: {labels}"))
            }
            _ => Ok(()),
        }
    }
}

/// The labels that differ and that are not for nodes to set.
fn forbidden_labels<'a>(new: &'a Value, old: &'a Value) -> BTreeSet<&'a str> {
    let keys = [new, old].into_iter().filter_map(Value::as_object);
    let keys = keys.flat_map(|labels| labels.keys().map(String::as_str));
    keys.filter(|key| new.get(key) != old.get(key) && is_forbidden(key))
        .collect()
}

fn is_forbidden(label: &str) -> bool {
    let space = label.split_once('/').map_or("", |(space, _)| space);
    let is_in = |domain: &str| {
        let rest = space.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let is_own =
        OWN.contains(&label) || is_in("kubelet.kubernetes.io") || is_in("node.kubernetes.io");
    is_in("node-restriction.kubernetes.io")
        || (is_in("kubernetes.io") || is_in("k8s.io")) && !is_own
}
