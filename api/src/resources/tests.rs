use serde_json::json;

use super::*;

#[test]
fn the_table_is_whole() {
    let all = Registry::builtin();
    let pods = all.get("", "v1", "pods").unwrap();
    assert_eq!((&*pods.kind, &*pods.singular), ("Pod", "pod"));
    assert!(pods.namespaced && pods.verbs.has(Verb::Watch) && pods.type_id.is_some());
    assert_eq!(pods.storage_hash.as_deref(), Some("xPOwRZ+Yhw8="));
    assert_eq!(pods.categories, vec!["all".into()]);
    let eviction = pods.subresource("eviction").unwrap();
    assert_eq!((&*eviction.group, &*eviction.kind), ("policy", "Eviction"));
    assert!(eviction.foreign && eviction.verbs.has(Verb::Create) && !eviction.verbs.has(Verb::Get));
    assert_eq!(all.resources().count(), 72);
    assert!(all.resources().all(|it| it.type_id.is_some()));
    assert!(all.get("apps", "v1", "pods").is_none());
    assert_eq!(
        &*all
            .kind("autoscaling", "v2", "HorizontalPodAutoscaler")
            .unwrap()
            .plural,
        "horizontalpodautoscalers"
    );
}

#[test]
fn a_bad_table_is_told() {
    assert_eq!(
        table::read("v1\n pods\n").unwrap_err(),
        "line 2: no name and kind"
    );
    assert_eq!(
        table::read("v1\n  pods/x Pod verbs:get\n").unwrap_err(),
        "line 2: a subresource of nothing"
    );
    assert!(table::read("v1\n pods Pod verbs:eat\n").is_err());
}

#[test]
fn versions_have_an_order() {
    let sorted = [
        "zoo", "bar", "v1alpha1", "v1alpha2", "v2alpha1", "v1beta1", "v10beta3", "v1", "v2", "v11",
    ];
    for (at, version) in sorted.iter().enumerate() {
        for (other, than) in sorted.iter().enumerate() {
            assert_eq!(
                compare_versions(version, than),
                at.cmp(&other),
                "{version} {than}"
            );
        }
    }
}

fn definition() -> serde_json::Value {
    json!({
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"kind": "CronTab"},
            "versions": [
                {"name": "v1", "served": true, "storage": true,
                 "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas"}}},
                {"name": "v1beta1", "served": true, "storage": false},
                {"name": "v1alpha1", "served": false, "storage": false},
            ],
        },
        "status": {
            "acceptedNames": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab",
                              "shortNames": ["ct"], "categories": ["all"]},
            "conditions": [{"type": "Established", "status": "True"}],
        },
    })
}

#[test]
fn a_definition_adds_the_versions_it_serves_and_takes_them_away() {
    let builtin = Registry::builtin();
    let more = builtin.with(custom(&definition()));
    let last = more.groups().last().unwrap();
    assert_eq!(&*last.name, "example.com");
    let versions: Vec<_> = last.versions.iter().map(|it| &*it.name).collect();
    assert_eq!(versions, ["v1", "v1beta1"]);
    let tabs = more.get("example.com", "v1", "crontabs").unwrap();
    assert_eq!(&*tabs.subresource("scale").unwrap().group, "autoscaling");
    assert!(tabs.custom && tabs.namespaced && tabs.type_id.is_none());
    // The same for each version.
    assert_eq!(
        more.get("example.com", "v1beta1", "crontabs")
            .unwrap()
            .storage_hash,
        tabs.storage_hash
    );
    assert_eq!(tabs.storage_hash.as_deref().map(str::len), Some(12));
    let fewer = more.without("example.com", "crontabs");
    assert!(fewer.group("example.com").is_none());
    assert_eq!(fewer.resources().count(), builtin.resources().count());
    // Adding again replaces.
    assert_eq!(
        more.with(custom(&definition())).resources().count(),
        more.resources().count()
    );
}

#[test]
fn a_definition_that_is_not_established_adds_nothing_and_a_dying_one_takes_no_writes() {
    let mut it = definition();
    it["status"]["conditions"] = json!([
        {"type": "Established", "status": "True"}, {"type": "Terminating", "status": "True"}
    ]);
    let dying = custom(&it);
    assert!(!dying[0].verbs.has(Verb::Create) && dying[0].verbs.has(Verb::Delete));
    it["status"]["conditions"] = json!([{"type": "Established", "status": "False"}]);
    assert!(custom(&it).is_empty());
    assert!(custom(&json!(null)).is_empty());
}

#[test]
fn the_hash_of_a_stored_version_is_upstreams() {
    // deployments.apps of the table, which was taken from a server.
    let mut it = definition();
    it["spec"]["group"] = json!("apps");
    it["spec"]["names"]["kind"] = json!("Deployment");
    assert_eq!(custom(&it)[0].storage_hash.as_deref(), Some("8aSe+NMegvE="));
}
