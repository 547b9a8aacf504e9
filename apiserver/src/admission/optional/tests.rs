use serde_json::json;

use super::always_deny::AlwaysDeny;
use super::always_pull::AlwaysPullImages;
use super::anti_affinity::LimitPodHardAntiAffinityTopology;
use super::exists::NamespaceExists;
use super::extended_resources::ExtendedResourceToleration;
use super::external_ips::DenyServiceExternalIPs;
use crate::admission::fixture::{Cluster, creates_pod, namespace, refusal, told};
use crate::admission::request::Operation;

#[test]
fn images_are_always_pulled() {
    let pod = json!({"spec": {
        "containers": [{"name": "c", "image": "i", "imagePullPolicy": "Never"}],
        "volumes": [{"name": "v", "image": {}}, {"name": "w"}],
    }});
    let none = Cluster::default();
    assert_eq!(
        refusal(creates_pod().validate(&AlwaysPullImages, &pod, &none)),
        (
            500,
            "[pods \"x\" is forbidden: spec.containers[0].imagePullPolicy: Unsupported value: \"Never\": \
             supported values: \"Always\", pods \"x\" is forbidden: spec.volumes[0].image.pullPolicy: \
             Unsupported value: \"\": supported values: \"Always\"]"
                .to_owned()
        )
    );
    let update = told(Operation::Update, "", "pods", "Pod").over(pod.clone());
    let same = update.admit(&AlwaysPullImages, pod.clone(), &none).unwrap();
    assert_eq!(same, pod);
    let made = creates_pod().admit(&AlwaysPullImages, pod, &none).unwrap();
    assert!(
        creates_pod()
            .validate(&AlwaysPullImages, &made, &none)
            .is_ok()
    );
}

#[test]
fn services_take_no_new_addresses() {
    let service = |ips: &[&str]| json!({"spec": {"externalIPs": ips}});
    let none = Cluster::default();
    let create = told(Operation::Create, "", "services", "Service");
    let outcome = create.validate(&DenyServiceExternalIPs, &service(&["1.2.3.4"]), &none);
    assert_eq!(
        refusal(outcome).1,
        "services \"x\" is forbidden: Use of external IPs is denied by admission control"
    );
    let update = told(Operation::Update, "", "services", "Service").over(service(&["1.2.3.4"]));
    let judge = |ips: &[&str]| update.validate(&DenyServiceExternalIPs, &service(ips), &none);
    assert!(judge(&["1.2.3.4"]).is_ok());
    assert!(judge(&[]).is_ok());
    assert!(judge(&["1.2.3.4", "5.6.7.8"]).is_err());
}

#[test]
fn pods_tolerate_the_taints_of_what_they_want() {
    let pod = json!({"spec": {
        "containers": [{"resources": {"requests": {"e.com/gpu": "1", "cpu": "1"}}}],
        "tolerations": [
            {"key": "e.com/gpu", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5},
        ],
        "initContainers": [{"resources": {"requests": {"e.com/fpga": "1"}}}],
    }});
    let none = Cluster::default();
    let made = creates_pod().admit(&ExtendedResourceToleration, pod, &none);
    let expected = json!([
        {"key": "e.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "e.com/fpga", "operator": "Exists", "effect": "NoSchedule"},
    ]);
    assert_eq!(made.unwrap()["spec"]["tolerations"], expected);
}

#[test]
fn pods_keep_others_away_from_their_node_only() {
    let pod = |key: &str| {
        let terms = json!([{"topologyKey": key}]);
        json!({"metadata": {"name": "x"}, "spec": {"affinity": {"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": terms,
        }}}})
    };
    let none = Cluster::default();
    let plugin = LimitPodHardAntiAffinityTopology;
    assert!(
        creates_pod()
            .validate(&plugin, &pod("kubernetes.io/hostname"), &none)
            .is_ok()
    );
    assert_eq!(
        refusal(creates_pod().validate(&plugin, &pod("zone"), &none)).1,
        "pods \"x\" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone \
         but only key kubernetes.io/hostname is allowed"
    );
}

#[test]
fn namespaces_are_there_or_nothing_is_done() {
    let there = Cluster::default().with("", "namespaces", namespace("n", json!({})));
    assert!(
        creates_pod()
            .validate(&NamespaceExists, &json!({}), &there)
            .is_ok()
    );
    let outcome = creates_pod().validate(&NamespaceExists, &json!({}), &Cluster::default());
    let expected = (404, "namespaces \"n\" not found".to_owned());
    assert_eq!(refusal(outcome), expected);
}

#[test]
fn nothing_changes_any_more() {
    let outcome = creates_pod().admit(&AlwaysDeny, json!({}), &Cluster::default());
    assert_eq!(
        refusal(outcome).1,
        "pods \"x\" is forbidden: admission control is denying all modifications"
    );
}
