use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, namespace, refusal, told};
use crate::admission::request::Operation;

const PLUGIN: NamespaceLifecycle = NamespaceLifecycle;

fn going() -> Cluster {
    let mut going = namespace("n", json!({}));
    going["status"]["phase"] = "Terminating".into();
    Cluster::default().with("", "namespaces", going)
}

#[test]
fn nothing_is_made_in_a_namespace_that_goes() {
    let outcome = creates_pod().admit(&PLUGIN, json!({}), &going());
    let status = outcome.unwrap_err();
    assert_eq!(status.code, 403);
    assert_eq!(
        status.message,
        "pods \"x\" is forbidden: unable to create new content in namespace n because it is being \
         terminated"
    );
    let details = status.details.unwrap();
    assert_eq!(details.causes.len(), 1);
    assert_eq!(details.causes[0].reason, "NamespaceTerminating");
    assert_eq!(details.causes[0].message, "namespace n is being terminated");
    assert_eq!(details.causes[0].field, "metadata.namespace");
}

#[test]
fn nothing_is_made_where_there_is_no_namespace() {
    let outcome = creates_pod().admit(&PLUGIN, json!({}), &Cluster::default());
    let expected = (404, "namespaces \"n\" not found".to_owned());
    assert_eq!(refusal(outcome), expected);
}

#[test]
fn what_is_there_may_change_and_go() {
    for operation in [Operation::Update, Operation::Delete] {
        let told = told(operation, "", "pods", "Pod");
        assert!(told.admit(&PLUGIN, json!({}), &going()).is_ok());
    }
}

#[test]
fn reviews_and_what_lies_in_no_namespace_do_not_matter() {
    let none = Cluster::default();
    let review = told(
        Operation::Create,
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
    );
    assert!(review.admit(&PLUGIN, json!({}), &none).is_ok());
    let node = told(Operation::Create, "", "nodes", "Node").within("");
    assert!(node.admit(&PLUGIN, json!({}), &none).is_ok());
    let namespace = told(Operation::Create, "", "namespaces", "Namespace");
    assert!(namespace.admit(&PLUGIN, json!({}), &none).is_ok());
}

#[test]
fn three_namespaces_stay() {
    for name in ["default", "kube-system", "kube-public"] {
        let told = told(Operation::Delete, "", "namespaces", "Namespace").named(name);
        let (code, text) = refusal(told.admit(&PLUGIN, json!(null), &Cluster::default()));
        assert_eq!(code, 403);
        assert_eq!(
            text,
            format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted")
        );
    }
    let told = told(Operation::Delete, "", "namespaces", "Namespace").named("other");
    assert!(
        told.admit(&PLUGIN, json!(null), &Cluster::default())
            .is_ok()
    );
}
