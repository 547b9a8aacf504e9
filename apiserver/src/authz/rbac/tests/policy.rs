use super::*;

#[test]
fn the_bootstrap_policy_is_whole() {
    let objects = bootstrap::objects();
    let count = |kind: &str| {
        objects
            .iter()
            .filter(|object| object["kind"] == kind)
            .count()
    };
    let counts = ["ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"].map(count);
    assert_eq!(counts, [73, 7, 54, 7]);
    let find = |kind: &str, name: &str| {
        let mut found = objects
            .iter()
            .filter(|one| one["kind"] == kind && one["metadata"]["name"] == name);
        found.next().unwrap()
    };
    let group = "rbac.authorization.k8s.io";
    let metadata = |name: &str| {
        json!({
            "name": name,
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
            "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        })
    };
    let mut edit = metadata("edit");
    edit["labels"]["rbac.authorization.k8s.io/aggregate-to-admin"] = "true".into();
    let selector = json!({"matchLabels": {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}});
    assert_eq!(
        *find("ClusterRole", "edit"),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": edit,
            "aggregationRule": {"clusterRoleSelectors": [selector]},
            "rules": null,
        })
    );
    assert_eq!(
        *find("ClusterRoleBinding", "cluster-admin"),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": metadata("cluster-admin"),
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": "system:masters"}],
        })
    );
    let mut reader = metadata("extension-apiserver-authentication-reader");
    reader["namespace"] = "kube-system".into();
    assert_eq!(
        *find("Role", "extension-apiserver-authentication-reader"),
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": reader,
            "rules": [{
                "apiGroups": [""],
                "resources": ["configmaps"],
                "resourceNames": ["extension-apiserver-authentication"],
                "verbs": ["get", "list", "watch"],
            }],
        })
    );
    assert!(
        find("ClusterRoleBinding", "system:node")
            .get("subjects")
            .is_none()
    );
    assert!(bootstrap::node_rules().len() > 10);
}

/// A cluster as it is after its start: all objects, and roles made of others filled.
fn started() -> Rules {
    let mut objects = bootstrap::objects();
    loop {
        let changes = aggregate(&objects);
        if changes.is_empty() {
            break;
        }
        for change in changes {
            let mut roles = objects.iter_mut();
            let role = roles.find(|role| {
                role["kind"] == "ClusterRole" && role["metadata"]["name"] == *change.name
            });
            role.unwrap()["rules"] = change.rules.iter().map(Rule::to_value).collect();
        }
    }
    let mut rules = Rules::new();
    for object in &objects {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
        rules.put(
            object["kind"].as_str().unwrap(),
            text("namespace"),
            text("name"),
            object,
        );
    }
    rules
}

#[test]
fn the_bootstrap_policy_works() {
    let mut rules = started();
    let may = |rules: &Rules, user: &User, verb: &str, namespace: &str, resource: &str| {
        rules
            .authorize(&asked(user, verb, namespace, resource))
            .is_allowed()
    };
    let jane = user("jane", &["system:authenticated"]);
    assert!(!may(&rules, &jane, "get", "dev", "pods"));
    let path = |user: &User, path: &str| {
        rules
            .authorize(&Attributes::of_path(user, "get", path))
            .is_allowed()
    };
    assert!(path(&jane, "/apis") && !path(&jane, "/metrics"));
    let nobody = user("system:anonymous", &["system:unauthenticated"]);
    assert!(path(&nobody, "/healthz") && !path(&nobody, "/apis"));
    let scheduler = user("system:kube-scheduler", &["system:authenticated"]);
    assert!(may(&rules, &scheduler, "list", "", "pods"));
    let collector = user(
        "system:serviceaccount:kube-system:generic-garbage-collector",
        &[],
    );
    assert!(may(&rules, &collector, "delete", "dev", "secrets"));

    rules.put(
        "RoleBinding",
        "dev",
        "a",
        &binding("ClusterRole", "admin", &[("User", "", "jane")]),
    );
    assert!(may(&rules, &jane, "create", "dev", "secrets"));
    assert!(may(&rules, &jane, "list", "dev", "pods"));
    assert!(!may(&rules, &jane, "list", "", "pods"));
    assert!(!may(&rules, &jane, "list", "other", "pods"));
    rules.put(
        "RoleBinding",
        "dev",
        "a",
        &binding("ClusterRole", "view", &[("User", "", "jane")]),
    );
    assert!(may(&rules, &jane, "list", "dev", "pods"));
    assert!(!may(&rules, &jane, "list", "dev", "secrets"));
}

#[test]
fn reconciliation_adds_and_never_takes_away() {
    let wanted = json!({
        "kind": "ClusterRole",
        "metadata": {"name": "a", "annotations": {"auto": "true"}, "labels": {"l": "1"}},
        "rules": [rule(&[""], &["pods"], &["get", "list"])],
    });
    assert_eq!(
        reconcile(None, &wanted),
        Some(Change::Create(wanted.clone()))
    );
    assert_eq!(reconcile(Some(&wanted), &wanted), None);
    // What allows more is left alone, even if it says so otherwise.
    let mut more = wanted.clone();
    more["rules"] = json!([rule(&["*"], &["*"], &["*"])]);
    assert_eq!(reconcile(Some(&more), &wanted), None);

    let existing = json!({
        "kind": "ClusterRole",
        "metadata": {"name": "a", "uid": "u", "labels": {"l": "own", "m": "2"}},
        "rules": [rule(&[""], &["pods"], &["get"])],
    });
    let Some(Change::Update(new)) = reconcile(Some(&existing), &wanted) else {
        panic!("no update");
    };
    assert_eq!(
        new,
        json!({
            "kind": "ClusterRole",
            "metadata": {"name": "a", "uid": "u", "annotations": {"auto": "true"}, "labels": {"l": "own", "m": "2"}},
            "rules": [rule(&[""], &["pods"], &["get"]), rule(&[""], &["pods"], &["list"])],
        })
    );
    let mut protected = existing.clone();
    protected["metadata"]["annotations"] =
        json!({"rbac.authorization.kubernetes.io/autoupdate": "false"});
    assert_eq!(reconcile(Some(&protected), &wanted), None);
}

#[test]
fn reconciliation_of_roles_made_of_others() {
    let selector = |name: &str| json!({"matchLabels": {name: "true"}});
    let made_of = |names: &[&str]| {
        let selectors: Vec<Value> = names.iter().map(|name| selector(name)).collect();
        json!({"aggregationRule": {"clusterRoleSelectors": selectors}, "rules": null})
    };
    let plain = json!({"rules": null});
    let updated = |existing: &Value, wanted: &Value| match reconcile(Some(existing), wanted) {
        Some(Change::Update(new)) => new,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        updated(&made_of(&["a"]), &made_of(&["b"])),
        made_of(&["a", "b"])
    );
    assert_eq!(updated(&plain, &made_of(&["a"])), made_of(&["a"]));
    assert_eq!(updated(&made_of(&["a"]), &plain), plain);
    assert_eq!(
        reconcile(Some(&made_of(&["a", "b"])), &made_of(&["b"])),
        None
    );
}

#[test]
fn reconciliation_of_bindings() {
    let wanted = binding("ClusterRole", "a", &[("User", "", "x"), ("User", "", "y")]);
    let existing = binding("ClusterRole", "a", &[("User", "", "z"), ("User", "", "x")]);
    let Some(Change::Update(new)) = reconcile(Some(&existing), &wanted) else {
        panic!("no update");
    };
    assert_eq!(
        new,
        binding(
            "ClusterRole",
            "a",
            &[("User", "", "z"), ("User", "", "x"), ("User", "", "y")]
        )
    );
    assert_eq!(reconcile(Some(&new), &wanted), None);
    let other = binding("ClusterRole", "b", &[]);
    assert_eq!(
        reconcile(Some(&other), &wanted),
        Some(Change::Recreate(wanted.clone()))
    );
}

#[test]
fn aggregation_follows_labels_and_names() {
    let part = |name: &str, labels: Value, verb: &str| json!({"metadata": {"name": name, "labels": labels}, "rules": [rule(&[""], &["pods"], &[verb])]});
    let whole = json!({
        "metadata": {"name": "whole", "labels": {"to": "whole"}},
        "aggregationRule": {"clusterRoleSelectors": [
            {"matchLabels": {"to": "whole"}},
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["x", "y"]}]},
        ]},
        "rules": [rule(&[""], &["pods"], &["old"])],
    });
    let roles = [
        whole.clone(),
        part("b", json!({"to": "whole"}), "b"),
        part("a", json!({"to": "whole"}), "a"),
        part("c", json!({"tier": "x"}), "a"),
        part("d", json!({"tier": "z"}), "d"),
    ];
    let changes = aggregate(&roles);
    let [change] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    let verbs: Vec<&str> = change
        .rules
        .iter()
        .map(|rule| rule.verbs[0].as_str())
        .collect();
    assert_eq!((change.name.as_str(), verbs), ("whole", vec!["a", "b"]));
    let mut done = roles.clone();
    done[0]["rules"] = change.rules.iter().map(Rule::to_value).collect();
    assert!(aggregate(&done).is_empty());
}
