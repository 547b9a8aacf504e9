use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, told};

fn chosen(ingress: Value) -> Value {
    let mark = json!({"ingressclass.kubernetes.io/is-default-class": "true"});
    let class = json!({"metadata": {"name": "c", "annotations": mark}});
    let other = json!({"metadata": {"name": "a"}});
    let cluster = Cluster::default()
        .with("networking.k8s.io", "ingressclasses", other)
        .with("networking.k8s.io", "ingressclasses", class);
    let told = told(
        Operation::Create,
        "networking.k8s.io",
        "ingresses",
        "Ingress",
    );
    let made = told.admit(&DefaultIngressClass, ingress, &cluster);
    made.unwrap()["spec"]["ingressClassName"].take()
}

#[test]
fn only_what_names_no_class_gets_the_default_one() {
    assert_eq!(chosen(json!({"spec": {}})), "c");
    assert_eq!(chosen(json!({"spec": {"ingressClassName": "z"}})), "z");
    let old = json!({"metadata": {"annotations": {"kubernetes.io/ingress.class": "z"}}});
    assert!(chosen(old).is_null());
}
