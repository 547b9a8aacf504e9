use serde_json::json;

use super::*;

fn catalog() -> Catalog {
    let groups = groups(
        &json!({"versions": ["v1"]}),
        &json!({"groups": [
            {"name": "autoscaling",
             "preferredVersion": {"groupVersion": "autoscaling/v2"},
             "versions": [{"groupVersion": "autoscaling/v1"}, {"groupVersion": "autoscaling/v2"}]},
            {"name": "broken.example",
             "preferredVersion": {"groupVersion": "broken.example/v1"},
             "versions": [{"groupVersion": "broken.example/v1"}]},
        ]}),
    );
    let scalers = |extra: &[&str]| {
        let mut names = vec![
            "horizontalpodautoscalers",
            "horizontalpodautoscalers/status",
        ];
        names.extend(extra);
        let resources: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "kind": format!("K{name}"), "namespaced": true, "verbs": ["list", "delete"]}))
            .collect();
        Ok(json!({"resources": resources}))
    };
    Catalog::assemble(
        &groups,
        BTreeMap::from([
            (
                "v1".to_owned(),
                Ok(
                    json!({"resources": [{"name": "nodes", "kind": "Node", "namespaced": false, "verbs": ["get"]}]}),
                ),
            ),
            ("autoscaling/v1".to_owned(), scalers(&["onlyold"])),
            ("autoscaling/v2".to_owned(), scalers(&[])),
            (
                "broken.example/v1".to_owned(),
                Err("the server is currently unable to handle the request".to_owned()),
            ),
        ]),
    )
}

#[test]
fn the_preferred_version_wins_where_it_has_the_resource() {
    let catalog = catalog();
    let found: Vec<String> = catalog
        .preferred
        .iter()
        .map(|resource| format!("{} {}", resource.api_version(), resource.plural))
        .collect();
    assert_eq!(
        found,
        [
            "v1 nodes",
            "autoscaling/v2 horizontalpodautoscalers",
            "autoscaling/v1 onlyold"
        ]
    );
}

#[test]
fn references_may_name_any_version() {
    let catalog = catalog();
    let old = catalog
        .by_kind("autoscaling/v1", "Khorizontalpodautoscalers")
        .unwrap();
    assert_eq!(old.version, "v1");
    assert!(old.namespaced);
    assert!(old.has_verbs(&["list", "delete"]));
    assert!(!old.has_verbs(&["list", "watch"]));
    assert_eq!(
        catalog.by_kind("autoscaling/v3", "Khorizontalpodautoscalers"),
        None
    );
    assert!(!catalog.by_kind("v1", "Node").unwrap().namespaced);
}

#[test]
fn what_cannot_be_read_is_named_as_upstream_does() {
    assert_eq!(
        catalog().failure().unwrap(),
        "unable to retrieve the complete list of server APIs: broken.example/v1: \
         the server is currently unable to handle the request"
    );
    assert_eq!(Catalog::default().failure(), None);
}
