use super::*;

#[test]
fn rules_cover_rules() {
    let rules = |values: &[Value]| -> Vec<Rule> { values.iter().map(Rule::of).collect() };
    let covers =
        |held: &[Value], wanted: &[Value]| uncovered(&rules(held), &rules(wanted)).is_empty();
    let pods = rule(&[""], &["pods"], &["get", "list"]);
    assert!(covers(
        &[rule(&["*"], &["*"], &["*"])],
        std::slice::from_ref(&pods)
    ));
    // Several rules cover one together, piece by piece.
    let halves = [
        rule(&[""], &["pods"], &["get"]),
        rule(&[""], &["pods"], &["list"]),
    ];
    assert!(covers(&halves, std::slice::from_ref(&pods)));
    assert!(!covers(&halves[..1], std::slice::from_ref(&pods)));
    assert!(!covers(
        std::slice::from_ref(&pods),
        &[rule(&["*"], &["pods"], &["get"])]
    ));
    assert!(covers(
        &[rule(&[""], &["*/log"], &["get"])],
        &[rule(&[""], &["pods/log"], &["get"])]
    ));
    assert!(!covers(
        &[rule(&[""], &["*/log"], &["get"])],
        &[rule(&[""], &["pods"], &["get"])]
    ));
    let mut named = pods.clone();
    named["resourceNames"] = json!(["a"]);
    assert!(covers(
        std::slice::from_ref(&pods),
        std::slice::from_ref(&named)
    ));
    assert!(!covers(
        std::slice::from_ref(&named),
        std::slice::from_ref(&pods)
    ));
    let url = |url: &str| json!({"nonResourceURLs": [url], "verbs": ["get"]});
    assert!(covers(&[url("/a/*")], &[url("/a/b")]));
    assert!(covers(&[url("/a/*")], &[url("/a/*")]));
    assert!(!covers(&[url("/a/b")], &[url("/a/*")]));
    assert!(covers(&[], &[]));
    assert!(covers(&[], &[json!({"verbs": ["get"]})]));
}

#[test]
fn compaction_joins_the_verbs_of_one_resource() {
    let rules: Vec<Rule> = [
        rule(&[""], &["pods"], &["get"]),
        rule(&[""], &["pods", "services"], &["get"]),
        rule(&[""], &["pods"], &["list"]),
    ]
    .iter()
    .map(Rule::of)
    .collect();
    let compact: Vec<String> = compacted(&rules).iter().map(Rule::compact).collect();
    assert_eq!(
        compact,
        [
            "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}",
            "{APIGroups:[\"\"], Resources:[\"pods\" \"services\"], Verbs:[\"get\"]}",
        ]
    );
}

#[test]
fn nobody_gives_what_they_do_not_have() {
    let mut rules = cluster();
    let jane = user("jane", &["a", "b"]);
    rules.put(
        "ClusterRoleBinding",
        "",
        "a",
        &binding("ClusterRole", "reader", &[("User", "", "jane")]),
    );
    let wanted = [
        rule(&[""], &["pods"], &["get", "delete", "create"]),
        json!({"nonResourceURLs": ["/metrics"], "verbs": ["get"]}),
    ];
    let why = confirm(&rules, &jane, "dev", &wanted.each_ref().map(Rule::of)).unwrap_err();
    assert_eq!(
        why,
        "user \"jane\" (groups=[\"a\" \"b\"]) is attempting to grant RBAC permissions not currently held:\n\
         {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\" \"create\"]}\n\
         {NonResourceURLs:[\"/metrics\"], Verbs:[\"get\"]}"
    );
    let held = [Rule::of(&rule(&[""], &["pods"], &["get"]))];
    confirm(&rules, &jane, "dev", &held).unwrap();
    rules.put(
        "ClusterRoleBinding",
        "",
        "b",
        &binding("ClusterRole", "gone", &[("User", "", "jane")]),
    );
    let why = confirm(&rules, &jane, "dev", &wanted.each_ref().map(Rule::of)).unwrap_err();
    assert!(why.ends_with(
        "; resolution errors: [clusterrole.rbac.authorization.k8s.io \"gone\" not found]"
    ));
}

#[test]
fn writers_of_roles_and_bindings_are_checked() {
    let mut rules = cluster();
    let jane = user("jane", &[]);
    let writer = |rules: &Rules, check: &dyn Fn(Writer<'_>) -> Result<(), Refused>| {
        check(Writer {
            rules,
            authorizer: rules,
            user: &jane,
        })
    };
    let secrets = role(&[rule(&[""], &["secrets"], &["get"])]);
    let refused = writer(&rules, &|writer| writer.role("dev", "", &secrets, None));
    assert!(matches!(refused, Err(Refused::Forbidden(_))));
    let missing = binding("ClusterRole", "gone", &[]);
    let refused = writer(&rules, &|writer| writer.binding("dev", &missing));
    let text = "clusterrole.rbac.authorization.k8s.io \"gone\" not found";
    assert_eq!(refused, Err(Refused::NoRole(text.into())));
    let readers = binding("ClusterRole", "reader", &[]);
    let refused = writer(&rules, &|writer| writer.binding("", &readers));
    assert!(matches!(refused, Err(Refused::Forbidden(_))));

    // Those who are masters, or may `bind` and `escalate`, are not held up.
    let of_rbac = rule(
        &["rbac.authorization.k8s.io"],
        &["*"],
        &["bind", "escalate"],
    );
    rules.put("ClusterRole", "", "granter", &role(&[of_rbac]));
    rules.put(
        "RoleBinding",
        "dev",
        "g",
        &binding("ClusterRole", "granter", &[("User", "", "jane")]),
    );
    writer(&rules, &|writer| writer.role("dev", "", &secrets, None)).unwrap();
    writer(&rules, &|writer| writer.binding("dev", &readers)).unwrap();
    writer(&rules, &|writer| writer.binding("", &readers)).unwrap_err();
    let root = user("root", &["system:masters"]);
    let master = Writer {
        rules: &rules,
        authorizer: &rules,
        user: &root,
    };
    master.binding("", &readers).unwrap();
    master.role("", "x", &secrets, None).unwrap();
}

#[test]
fn roles_made_of_others_are_for_those_who_may_do_all() {
    let rules = cluster();
    let jane = user("jane", &[]);
    let writer = Writer {
        rules: &rules,
        authorizer: &rules,
        user: &jane,
    };
    let aggregated = json!({"aggregationRule": {"clusterRoleSelectors": [{}]}});
    let refused = writer.role("", "x", &aggregated, None);
    let why = "must have cluster-admin privileges to use the aggregationRule";
    assert_eq!(refused, Err(Refused::Forbidden(why.into())));
    assert!(writer.role("", "x", &role(&[]), Some(&aggregated)).is_err());
    writer
        .role("", "x", &json!({"aggregationRule": {}}), None)
        .unwrap();
}

#[test]
fn garbage_collection_is_told_from_changes() {
    use crate::authz::rbac::escalation::is_for_collection;
    let old = json!({"metadata": {"name": "a", "finalizers": ["x"]}, "rules": [1]});
    let collected = json!({"metadata": {"name": "a", "ownerReferences": [{}], "managedFields": [{}]}, "rules": [1]});
    assert!(is_for_collection(&collected, &old));
    let mut changed = collected.clone();
    changed["rules"] = json!([2]);
    assert!(!is_for_collection(&changed, &old));
    changed = collected;
    changed["metadata"]["labels"] = json!({"a": "b"});
    assert!(!is_for_collection(&changed, &old));
    assert!(!is_for_collection(&json!(7), &json!(7)));
}

#[test]
fn rules_that_multiply_beyond_measure_are_refused() {
    let many: Vec<String> = (0..3000).map(|number| format!("x{number}")).collect();
    let big = json!({"apiGroups": many, "resources": many, "verbs": many, "resourceNames": many});
    let big = [Rule::of(&big)];
    let jane = user("jane", &[]);
    let why = confirm(&cluster(), &jane, "dev", &big).unwrap_err();
    assert!(
        why.starts_with("the rules are too many to compare: 81000000000000 "),
        "{why}"
    );
    // Who may do all gives anything.
    let mut rules = cluster();
    rules.put(
        "ClusterRole",
        "",
        "all",
        &role(&Rule::all().map(|rule| rule.to_value())),
    );
    rules.put(
        "ClusterRoleBinding",
        "",
        "all",
        &binding("ClusterRole", "all", &[("User", "", "jane")]),
    );
    confirm(&rules, &jane, "dev", &big).unwrap();
    // Rules of names and paths at once are seen piece by piece.
    let mixed = json!({"nonResourceURLs": ["/a"], "resourceNames": ["n"], "verbs": ["get"]});
    let named = json!({"nonResourceURLs": ["*"], "resourceNames": ["n"], "verbs": ["*"]});
    assert_eq!(uncovered(&[Rule::of(&named)], &[Rule::of(&mixed)]).len(), 1);
}
