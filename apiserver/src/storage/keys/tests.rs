use super::*;

#[test]
fn folders_are_upstreams() {
    for (group, resource, expected) in [
        ("", "pods", "pods"),
        ("", "nodes", "minions"),
        ("", "services", "services/specs"),
        ("", "endpoints", "services/endpoints"),
        ("", "replicationcontrollers", "controllers"),
        ("apps", "deployments", "deployments"),
        ("networking.k8s.io", "ingresses", "ingress"),
        ("rbac.authorization.k8s.io", "clusterroles", "clusterroles"),
        (
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "apiextensions.k8s.io/customresourcedefinitions",
        ),
        (
            "apiregistration.k8s.io",
            "apiservices",
            "apiregistration.k8s.io/apiservices",
        ),
        ("example.com", "widgets", "example.com/widgets"),
        (
            "gateway.networking.k8s.io",
            "gateways",
            "gateway.networking.k8s.io/gateways",
        ),
    ] {
        assert_eq!(folder(group, resource), expected);
        let key = format!("{expected}/ns/name");
        assert_eq!(split(&key), Some((expected, "ns/name")));
    }
    assert_eq!(split("health"), None);
}

#[test]
fn a_range_ends_after_its_prefix() {
    assert_eq!(after_prefix(b"/registry/"), b"/registry0");
    assert_eq!(after_prefix(b"a\xff"), b"b");
    assert_eq!(after_prefix(b"\xff"), [0]);
}
