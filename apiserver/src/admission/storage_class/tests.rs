use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, told};

fn class(name: &str, made: &str, key: &str) -> Value {
    json!({"metadata": {
        "name": name,
        "creationTimestamp": made,
        "annotations": {key: "true"},
    }})
}

fn cluster() -> Cluster {
    let old = "storageclass.beta.kubernetes.io/is-default-class";
    let new = "storageclass.kubernetes.io/is-default-class";
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let add = |cluster: Cluster, class| cluster.with("storage.k8s.io", "storageclasses", class);
    [
        class("a", early, new),
        class("c", late, new),
        class("b", late, old),
        class("d", "2026-01-03T00:00:00Z", "other"),
    ]
    .into_iter()
    .fold(Cluster::default(), add)
}

fn chosen(claim: Value, cluster: &Cluster) -> Value {
    let kind = "PersistentVolumeClaim";
    let told = told(Operation::Create, "", "persistentvolumeclaims", kind);
    let made = told.admit(&DefaultStorageClass, claim, cluster);
    made.unwrap()["spec"]["storageClassName"].take()
}

#[test]
fn the_newest_default_is_taken_and_the_first_by_name_of_several() {
    assert_eq!(chosen(json!({"spec": {}}), &cluster()), "b");
}

#[test]
fn what_names_a_class_keeps_it() {
    let named = json!({"spec": {"storageClassName": ""}});
    assert_eq!(chosen(named, &cluster()), "");
    let old = json!({"metadata": {"annotations": {OLD_CLASS: "z"}}, "spec": {}});
    assert!(chosen(old, &cluster()).is_null());
    assert!(chosen(json!({"spec": {}}), &Cluster::default()).is_null());
}
