use serde_json::{Value, json};

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, namespace, refusal};

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_order_is_that_of_upstream_whatever_that_of_the_flag() {
    let enabled = names(&["NodeRestriction", "AlwaysAdmit"]);
    let chain = Chain::new(&enabled, &names(&["Priority"])).unwrap();
    let order: Vec<_> = chain.names().collect();
    assert_eq!(
        order,
        [
            "NamespaceLifecycle",
            "LimitRanger",
            "ServiceAccount",
            "NodeRestriction",
            "TaintNodesByCondition",
            "PodSecurity",
            "DefaultTolerationSeconds",
            "DefaultStorageClass",
            "StorageObjectInUseProtection",
            "PersistentVolumeClaimResize",
            "RuntimeClass",
            "CertificateApproval",
            "CertificateSigning",
            "ClusterTrustBundleAttest",
            "CertificateSubjectRestriction",
            "DefaultIngressClass",
            "PodTopologyLabels",
            "PodResizeValidator",
            "ResourceQuota",
        ]
    );
    assert!(chain.counts());
}

#[test]
fn twenty_five_are_on_by_default_and_node_restriction_is_not() {
    assert_eq!(Chain::defaults().count(), 25);
    assert!(!Chain::defaults().any(|name| name == "NodeRestriction"));
    assert_eq!(Chain::known().len(), 39);
}

#[test]
fn unknown_names_are_told_as_upstream_does() {
    let error = |enabled: &[&str], disabled: &[&str]| {
        let made = Chain::new(&names(enabled), &names(disabled));
        made.unwrap_err().to_string()
    };
    assert_eq!(
        error(&["Nope"], &[]),
        "enable-admission-plugins plugin \"Nope\" is unknown"
    );
    assert_eq!(
        error(&[], &["Nope"]),
        "disable-admission-plugins plugin \"Nope\" is unknown"
    );
    assert_eq!(
        error(&["Priority", "LimitRanger"], &["LimitRanger", "Priority"]),
        "[LimitRanger Priority] in enable-admission-plugins and disable-admission-plugins overlapped"
    );
}

#[test]
fn a_pod_gets_all_that_a_cluster_gives_it() {
    let chain = Chain::new(&[], &[]).unwrap();
    let cluster = Cluster::default()
        .with("", "namespaces", namespace("n", json!({})))
        .with(
            "",
            "serviceaccounts",
            json!({"metadata": {"name": "default", "namespace": "n"}}),
        );
    let told = creates_pod();
    let mut pod = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c"}]}});
    chain.admit(&told.request(), &mut pod, &cluster).unwrap();
    chain
        .validate(&told.request(), Some(&pod), &cluster)
        .unwrap();
    let spec = &pod["spec"];
    assert_eq!(spec["serviceAccountName"], "default");
    assert_eq!(spec["priority"], 0);
    assert_eq!(spec["preemptionPolicy"], "PreemptLowerPriority");
    assert_eq!(spec["tolerations"].as_array().map(Vec::len), Some(2));
    let volume = spec["volumes"][0]["name"].as_str().unwrap();
    assert!(volume.starts_with("kube-api-access-") && volume.len() == 21);
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], volume);
}

#[test]
fn what_is_judged_goes_by_the_name_that_was_made() {
    let chain = Chain::new(&[], &[]).unwrap();
    let labels = json!({"pod-security.kubernetes.io/enforce": "baseline"});
    let cluster = Cluster::default()
        .with("", "namespaces", namespace("n", labels))
        .with(
            "",
            "serviceaccounts",
            json!({"metadata": {"name": "default", "namespace": "n"}}),
        );
    let pod = json!({
        "metadata": {"generateName": "x-", "name": "x-1"},
        "spec": {"hostNetwork": true, "serviceAccountName": "default"},
    });
    let told = creates_pod().named("");
    let outcome = chain.validate(&told.request(), Some(&pod), &cluster);
    assert_eq!(
        refusal(outcome).1,
        "pods \"x-1\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces \
         (hostNetwork=true)"
    );
}

#[test]
fn no_tree_whatsoever_stops_the_server() {
    let chain = Chain::new(&names(&["NodeRestriction"]), &[]).unwrap();
    let cluster = Cluster::default();
    let told = creates_pod().by("system:node:a", &["system:nodes"]);
    let odd = [
        json!(null),
        json!([]),
        json!("x"),
        json!({"spec": 1, "metadata": 2}),
        json!({"spec": {"containers": "x", "volumes": 3, "tolerations": {}}}),
        json!({"spec": {"containers": [1, null, {"resources": []}]}}),
    ];
    for mut object in odd {
        let _ = chain.admit(&told.request(), &mut object, &cluster);
        let _ = chain.validate(&told.request(), Some(&object), &cluster);
        let _ = chain.validate(&told.request(), None, &cluster);
        for plugin in &chain.plugins {
            let mut object: Value = object.clone();
            let _ = plugin.admit(&told.request(), &mut object, &cluster);
            let _ = plugin.validate(&told.request(), Some(&object), &cluster);
        }
    }
}
