use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, namespace, refusal, told};
use crate::admission::quota;
use crate::admission::request::Operation;

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
            "AlwaysAdmit",
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
            "NodeDeclaredFeatureValidator",
            "PodResizeValidator",
            "ResourceQuota",
        ]
    );
    assert!(chain.counts());
    assert!(chain.absent().is_empty());
    let chain = Chain::new(&names(&["EventRateLimit"]), &[]).unwrap();
    assert_eq!(chain.absent(), ["EventRateLimit"]);
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
fn the_times_of_tolerations_can_be_set() {
    let times = tolerations::DefaultTolerationSeconds {
        not_ready: 5,
        unreachable: 7,
    };
    let every = |name: &&str| *name != "DefaultTolerationSeconds";
    let others: Vec<_> = Chain::defaults().filter(every).collect();
    let chain = Chain::new(&[], &names(&others)).unwrap();
    let chain = chain.with_tolerations(times);
    let mut pod = json!({});
    let told = creates_pod();
    let none = Cluster::default();
    chain.admit(&told.request(), &mut pod, &none).unwrap();
    let seconds = |at: usize| &pod["spec"]["tolerations"][at]["tolerationSeconds"];
    assert_eq!((seconds(0), seconds(1)), (&json!(5), &json!(7)));
}

#[test]
fn what_is_deleted_is_judged_by_both_halves() {
    let chain = Chain::new(&names(&["NodeRestriction", "NamespaceExists"]), &[]).unwrap();
    let none = Cluster::default();
    let text =
        |told: &crate::admission::fixture::Told| refusal(chain.delete(&told.request(), &none)).1;
    let namespace = told(Operation::Delete, "", "namespaces", "Namespace").named("default");
    assert_eq!(
        text(&namespace),
        "namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
    let pod = told(Operation::Delete, "", "pods", "Pod");
    assert_eq!(text(&pod), "namespaces \"n\" not found");
    let pod = pod.by("system:node:a", &["system:nodes"]);
    assert_eq!(text(&pod), "pod \"x\" not found");
}

/// Texts and keys that plugins look for, and some that they do not.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "",
        "metadata",
        "name",
        "namespace",
        "annotations",
        "labels",
        "ownerReferences",
        "spec",
        "status",
        "containers",
        "initContainers",
        "ephemeralContainers",
        "volumes",
        "resources",
        "requests",
        "limits",
        "cpu",
        "memory",
        "storage",
        "1Gi",
        "-1",
        "Container",
        "Pod",
        "type",
        "max",
        "min",
        "hard",
        "used",
        "pods",
        "tolerations",
        "key",
        "Exists",
        "securityContext",
        "capabilities",
        "add",
        "drop",
        "kubernetes.io/config.mirror",
        "projected",
        "sources",
        "secret",
        "serviceAccountName",
        "nodeName",
        "scopes",
        "scopeSelector",
        "matchExpressions",
        "boundObjectRef",
        "creationTimestamp",
        "a",
        "é/\u{0}",
    ];
    prop::sample::select(known.to_vec()).prop_map(ToOwned::to_owned)
}

/// Any tree, as likely as not of the shape of an object.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 128, 6, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..6);
        let map = prop::collection::hash_map(word(), inner, 0..6);
        prop_oneof![
            list.prop_map(Value::from),
            map.prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn resource() -> impl Strategy<Value = (&'static str, &'static str, &'static str, &'static str)> {
    prop::sample::select(vec![
        ("", "pods", "Pod", ""),
        ("", "pods", "Pod", "status"),
        ("", "pods", "Pod", "resize"),
        ("", "pods", "Pod", "ephemeralcontainers"),
        ("", "nodes", "Node", ""),
        ("", "namespaces", "Namespace", ""),
        ("", "services", "Service", ""),
        ("", "persistentvolumeclaims", "PersistentVolumeClaim", ""),
        (
            "",
            "persistentvolumeclaims",
            "PersistentVolumeClaim",
            "status",
        ),
        ("", "serviceaccounts", "TokenRequest", "token"),
        ("apps", "deployments", "Deployment", ""),
        ("networking.k8s.io", "ingresses", "Ingress", ""),
        ("resource.k8s.io", "resourceclaims", "ResourceClaim", ""),
        (
            "certificates.k8s.io",
            "certificatesigningrequests",
            "CertificateSigningRequest",
            "",
        ),
        (
            "certificates.k8s.io",
            "podcertificaterequests",
            "PodCertificateRequest",
            "",
        ),
        ("scheduling.k8s.io", "priorityclasses", "PriorityClass", ""),
    ])
}

proptest! {
    #[test]
    fn no_tree_whatsoever_stops_the_server(
        object in tree(),
        old in tree(),
        other in tree(),
        resource in resource(),
        operation in prop::sample::select(vec![
            Operation::Create, Operation::Update, Operation::Delete, Operation::Connect,
        ]),
        is_node in any::<bool>(),
    ) {
        let all: Vec<&str> = Chain::known();
        let chain = Chain::new(&names(&all), &[]).unwrap();
        let mut cluster = Cluster::default();
        for kind in ["namespaces", "limitranges", "serviceaccounts", "nodes", "pods"] {
            let mut other = other.clone();
            if other.is_object() {
                other["metadata"] = json!({"name": "n", "namespace": "n"});
            }
            cluster = cluster.with("", kind, other);
        }
        let (group, plural, kind, part) = resource;
        let mut told = told(operation, group, plural, kind).part(part).over(old);
        if is_node {
            told = told.by("system:node:n", &["system:nodes"]);
        }
        let request = told.request();
        for plugin in &chain.plugins {
            let mut object = object.clone();
            let _ = plugin.admit(&request, &mut object, &cluster);
            let _ = plugin.validate(&request, Some(&object), &cluster);
            let _ = plugin.validate(&request, None, &cluster);
        }
        let now = jiff::Timestamp::UNIX_EPOCH;
        let _ = quota::charge(&request, &object, std::slice::from_ref(&other), now);
        let _ = quota::usage(&other, |_, _| Some(vec![object.clone()]), now);
    }
}
