use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, told};

#[test]
fn each_kind_has_its_finalizer_once() {
    for (group, resource, kind, finalizer) in [
        (
            "",
            "persistentvolumes",
            "PersistentVolume",
            "kubernetes.io/pv-protection",
        ),
        (
            "",
            "persistentvolumeclaims",
            "PersistentVolumeClaim",
            "kubernetes.io/pvc-protection",
        ),
        (
            "storage.k8s.io",
            "volumeattributesclasses",
            "VolumeAttributesClass",
            "kubernetes.io/vac-protection",
        ),
    ] {
        let told = told(Operation::Create, group, resource, kind);
        let none = Cluster::default();
        let object = json!({"metadata": {"finalizers": ["a/b"]}});
        let made = told.admit(&StorageObjectInUseProtection, object, &none);
        let made = made.unwrap();
        assert_eq!(made["metadata"]["finalizers"], json!(["a/b", finalizer]));
        let again = told.admit(&StorageObjectInUseProtection, made.clone(), &none);
        assert_eq!(again.unwrap(), made);
    }
}
