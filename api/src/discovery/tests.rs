use serde_json::json;

use super::*;
use crate::resources::custom;

#[test]
fn the_core_group_is_told_by_its_versions() {
    let all = Registry::builtin();
    assert_eq!(
        versions(&all, "10.0.0.1:6443"),
        json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0", "serverAddress": "10.0.0.1:6443"}
            ],
        })
    );
    let list = resources(&all, "", "v1").unwrap();
    assert_eq!(list.get("apiVersion"), None);
    assert_eq!(list["resources"][0]["name"], "bindings");
    let entries = list["resources"].as_array().unwrap();
    let find = |name: &str| entries.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(
        *find("pods"),
        json!({
            "name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod",
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            "shortNames": ["po"], "categories": ["all"], "storageVersionHash": "xPOwRZ+Yhw8=",
        })
    );
    assert_eq!(
        *find("pods/eviction"),
        json!({
            "name": "pods/eviction", "singularName": "", "namespaced": true, "group": "policy",
            "version": "v1", "kind": "Eviction", "verbs": ["create"],
        })
    );
}

#[test]
fn groups_stand_in_upstreams_order_with_their_preferred_version() {
    let list = groups(&Registry::builtin());
    let names: Vec<_> = list["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "apiregistration.k8s.io",
            "apps",
            "events.k8s.io",
            "authentication.k8s.io",
            "authorization.k8s.io",
            "autoscaling",
            "batch",
            "certificates.k8s.io",
            "networking.k8s.io",
            "policy",
            "rbac.authorization.k8s.io",
            "storage.k8s.io",
            "admissionregistration.k8s.io",
            "apiextensions.k8s.io",
            "scheduling.k8s.io",
            "coordination.k8s.io",
            "node.k8s.io",
            "discovery.k8s.io",
            "resource.k8s.io",
            "flowcontrol.apiserver.k8s.io",
            "storagemigration.k8s.io",
        ]
    );
    let one = group(&Registry::builtin(), "autoscaling").unwrap();
    assert_eq!(
        one,
        json!({
            "kind": "APIGroup", "apiVersion": "v1", "name": "autoscaling",
            "preferredVersion": {"groupVersion": "autoscaling/v2", "version": "v2"},
            "versions": [
                {"groupVersion": "autoscaling/v2", "version": "v2"},
                {"groupVersion": "autoscaling/v1", "version": "v1"},
            ],
        })
    );
    assert_eq!(group(&Registry::builtin(), "no"), None);
    assert_eq!(group(&Registry::builtin(), ""), None);
    assert_eq!(resources(&Registry::builtin(), "apps", "v2"), None);
}

#[test]
fn one_document_holds_all() {
    let all = Registry::builtin();
    let core = aggregated_core(&all, Aggregated::V2);
    assert_eq!(core["items"].as_array().unwrap().len(), 1);
    assert_eq!(core["items"][0]["metadata"], json!({}));
    let groups = aggregated_groups(&all, Aggregated::V2Beta1);
    assert_eq!(groups["apiVersion"], "apidiscovery.k8s.io/v2beta1");
    let apps = &groups["items"][1];
    assert_eq!(apps["metadata"], json!({"name": "apps"}));
    let deployments = &apps["versions"][0]["resources"][2];
    assert_eq!(
        *deployments,
        json!({
            "resource": "deployments", "singularResource": "deployment", "scope": "Namespaced",
            "responseKind": {"group": "", "version": "", "kind": "Deployment"},
            "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            "shortNames": ["deploy"], "categories": ["all"],
            "subresources": [
                {"subresource": "scale", "verbs": ["get", "patch", "update"],
                 "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"}},
                {"subresource": "status", "verbs": ["get", "patch", "update"],
                 "responseKind": {"group": "", "version": "", "kind": "Deployment"}},
            ],
        })
    );
}

#[test]
fn custom_resources_show_their_whole_kind() {
    let definition = json!({
        "spec": {
            "group": "example.com", "scope": "Cluster", "names": {"kind": "Foo"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}}],
        },
        "status": {
            "acceptedNames": {"plural": "foos", "singular": "foo", "kind": "Foo"},
            "conditions": [{"type": "Established", "status": "True"}],
        },
    });
    let all = Registry::builtin().with(custom(&definition));
    let groups = aggregated_groups(&all, Aggregated::V2);
    let last = groups["items"].as_array().unwrap().last().unwrap();
    let kind = json!({"group": "example.com", "version": "v1", "kind": "Foo"});
    assert_eq!(
        *last,
        json!({
            "metadata": {"name": "example.com"},
            "versions": [{"version": "v1", "freshness": "Current", "resources": [{
                "resource": "foos", "singularResource": "foo", "scope": "Cluster", "responseKind": kind,
                "verbs": ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
                "subresources": [
                    {"subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"]}
                ],
            }]}],
        })
    );
}

#[test]
fn a_tag_is_a_hash_in_upper_case() {
    let tag = etag(b"");
    assert_eq!(tag.len(), 128);
    assert!(
        tag.starts_with("CF83E1357EEFB8BDF1542850D66D8007D620E405"),
        "{tag}"
    );
}
