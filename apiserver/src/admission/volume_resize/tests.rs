use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, refusal, told};

fn claim(size: &str, phase: &str, class: &str) -> Value {
    json!({
        "metadata": {"name": "x"},
        "spec": {"resources": {"requests": {"storage": size}}, "storageClassName": class},
        "status": {"phase": phase},
    })
}

fn outcome(old: Value, new: &Value) -> Result<()> {
    let class = |name: &str, grows: bool| json!({"metadata": {"name": name}, "allowVolumeExpansion": grows});
    let cluster = Cluster::default()
        .with("storage.k8s.io", "storageclasses", class("grows", true))
        .with("storage.k8s.io", "storageclasses", class("fixed", false));
    let kind = "PersistentVolumeClaim";
    let told = told(Operation::Update, "", "persistentvolumeclaims", kind).over(old);
    told.validate(&PersistentVolumeClaimResize, new, &cluster)
}

#[test]
fn bound_claims_grow_where_their_class_lets_them() {
    let (old, new) = (
        claim("1Gi", "Bound", "grows"),
        claim("2Gi", "Bound", "grows"),
    );
    assert!(outcome(old, &new).is_ok());
    let (old, new) = (
        claim("1Gi", "Pending", "fixed"),
        claim("1024Mi", "", "fixed"),
    );
    assert!(outcome(old, &new).is_ok());
}

#[test]
fn others_do_not() {
    let new = claim("2Gi", "Bound", "grows");
    assert_eq!(
        refusal(outcome(claim("1Gi", "Pending", "grows"), &new)).1,
        "persistentvolumeclaims \"x\" is forbidden: Only bound persistent volume claims can be expanded"
    );
    for (old, new) in [
        ("fixed", "fixed"),
        ("", ""),
        ("grows", "fixed"),
        ("gone", "gone"),
    ] {
        let text = refusal(outcome(
            claim("1Gi", "Bound", old),
            &claim("2Gi", "Bound", new),
        ));
        assert_eq!(
            text.1,
            "persistentvolumeclaims \"x\" is forbidden: only dynamically provisioned pvc can be resized \
             and the storageclass that provisions the pvc must support resize"
        );
    }
}
