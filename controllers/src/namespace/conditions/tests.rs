use super::*;

fn find<'a>(status: &'a Value, kind: &str) -> &'a Value {
    let conditions = status["conditions"].as_array().unwrap();
    conditions.iter().find(|one| one["type"] == kind).unwrap()
}

#[test]
fn all_is_well_in_upstreams_words() {
    let mut status = json!({"phase": "Terminating"});
    assert!(update(&mut status, &Outcome::default(), "t1"));
    let found: Vec<(&str, &str, &str)> = status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap();
            (text("type"), text("reason"), text("message"))
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "NamespaceDeletionDiscoveryFailure",
                "ResourcesDiscovered",
                "All resources successfully discovered"
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed"
            ),
            (
                "NamespaceDeletionContentFailure",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization"
            ),
            (
                "NamespaceContentRemaining",
                "ContentRemoved",
                "All content successfully removed"
            ),
            (
                "NamespaceFinalizersRemaining",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished"
            ),
        ]
    );
    assert!(!update(&mut status, &Outcome::default(), "t2"));
    assert_eq!(status["phase"], "Terminating");
}

#[test]
fn what_is_left_is_counted() {
    let mut outcome = Outcome::default();
    outcome.remain("pods", "", 2);
    outcome.remain("deployments", "apps", 1);
    outcome.finalizers.insert("b.example/x".to_owned(), 3);
    outcome.finalizers.insert("a.example/x".to_owned(), 1);
    let mut status = json!({});
    assert!(update(&mut status, &outcome, "t"));
    let remaining = find(&status, "NamespaceContentRemaining");
    assert_eq!(remaining["status"], "True");
    assert_eq!(remaining["reason"], "SomeResourcesRemain");
    assert_eq!(
        remaining["message"],
        "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances"
    );
    let finalizers = find(&status, "NamespaceFinalizersRemaining");
    assert_eq!(finalizers["reason"], "SomeFinalizersRemain");
    assert_eq!(
        finalizers["message"],
        "Some content in the namespace has finalizers remaining: a.example/x in 1 resource instances, b.example/x in 3 resource instances"
    );
}

#[test]
fn failures_are_told() {
    let outcome = Outcome {
        discovery: Some((1, "unable".to_owned())),
        parsing: Some("odd".to_owned()),
        content: vec!["z".to_owned(), "a".to_owned()],
        ..Outcome::default()
    };
    let mut status = json!({"conditions": null});
    assert!(update(&mut status, &outcome, "t"));
    assert_eq!(
        find(&status, "NamespaceDeletionDiscoveryFailure")["message"],
        "Discovery failed for some groups, 1 failing: unable"
    );
    assert_eq!(
        find(&status, "NamespaceDeletionGroupVersionParsingFailure")["reason"],
        "GroupVersionParsingFailed"
    );
    assert_eq!(
        find(&status, "NamespaceDeletionContentFailure")["message"],
        "Failed to delete all resource types, 2 remaining: a, z"
    );
}

#[test]
fn the_time_moves_with_the_status_only() {
    let mut outcome = Outcome::default();
    let mut status = json!({"conditions": [{"type": "Other", "status": "True"}]});
    update(&mut status, &outcome, "t1");
    outcome.remain("pods", "", 2);
    assert!(update(&mut status, &outcome, "t2"));
    outcome.remain("pods", "", 1);
    assert!(update(&mut status, &outcome, "t3"));
    let condition = find(&status, "NamespaceContentRemaining");
    assert_eq!(condition["lastTransitionTime"], "t2");
    assert_eq!(
        condition["message"],
        "Some resources are remaining: pods. has 1 resource instances"
    );
    assert_eq!(find(&status, "Other")["status"], "True");
}
