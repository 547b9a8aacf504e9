use super::*;

#[test]
fn built_in_resources_are_found_by_path() {
    let registry = Registry::builtin();
    let pods = registry.find("", "v1", "pods").unwrap();
    assert!(pods.namespaced && pods.offers("watch") && pods.has_protobuf());
    assert_eq!(pods.rest("default", "web"), "default/web");
    let eviction = pods.part("eviction").unwrap();
    assert_eq!(eviction.kind, Gvk::new("policy", "v1", "Eviction"));
    let endpoints = registry.find("", "v1", "endpoints").unwrap();
    assert_eq!((&*endpoints.singular, &*endpoints.folder), ("endpoints", "services/endpoints"));
    let deployments = registry.find("apps", "v1", "deployments").unwrap();
    assert_eq!(deployments.short, ["deploy"]);
    assert_eq!(deployments.part("scale").unwrap().kind, Gvk::new("autoscaling", "v1", "Scale"));
    assert!(registry.find("apps", "v1", "pods").is_none());
    // All 72 that are generally available in 1.37, and the versions some have twice.
    assert!(registry.iter().count() >= 72);
}
