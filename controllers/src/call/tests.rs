use super::*;

#[test]
fn paths_follow_group_and_scope() {
    let pods = Resource::core("pods", "Pod", true);
    assert_eq!(pods.collection(""), "/api/v1/pods");
    assert_eq!(pods.collection("a"), "/api/v1/namespaces/a/pods");
    assert_eq!(pods.object("a", "b"), "/api/v1/namespaces/a/pods/b");
    let roles = Resource {
        group: "rbac.authorization.k8s.io".to_owned(),
        ..Resource::core("clusterroles", "ClusterRole", false)
    };
    assert_eq!(
        roles.object("ignored", "system:a/b%"),
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%2Fb%25"
    );
}

#[test]
fn deletions_name_their_conditions() {
    let none = delete_options(Propagation::Background, "", "");
    assert_eq!(none.get("preconditions"), None);
    assert_eq!(none["propagationPolicy"], "Background");
    let both = delete_options(Propagation::Orphan, "u", "7");
    assert_eq!(
        both["preconditions"],
        json!({"uid": "u", "resourceVersion": "7"})
    );
}

#[test]
fn absent_fields_are_empty() {
    let object = json!({"metadata": {"name": "a", "finalizers": ["x"]}});
    assert_eq!(text(&object, "/metadata/name"), "a");
    assert_eq!(text(&object, "/metadata/finalizers"), "");
    assert_eq!(text(&object, "/spec/x"), "");
    assert_eq!(array(&object, "/metadata/finalizers").len(), 1);
    assert!(array(&object, "/metadata/name").is_empty());
}
