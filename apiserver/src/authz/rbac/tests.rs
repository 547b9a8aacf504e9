use serde_json::{Value, json};

use crate::authn::User;
use crate::authz::{Attributes, Authorizer, Decision};

use super::covers::{compacted, uncovered};
use super::escalation::{Refused, Writer, confirm};
use super::{Change, RoleRef, Rule, Rules, aggregate, bootstrap, reconcile};

fn user(name: &str, groups: &[&str]) -> User {
    User {
        name: name.into(),
        groups: groups.iter().map(ToString::to_string).collect(),
        ..User::default()
    }
}

fn rule(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Value {
    json!({"apiGroups": groups, "resources": resources, "verbs": verbs})
}

fn role(rules: &[Value]) -> Value {
    json!({"rules": rules})
}

fn binding(kind: &str, role: &str, subjects: &[(&str, &str, &str)]) -> Value {
    let subjects: Vec<Value> = subjects
        .iter()
        .map(|(kind, namespace, name)| json!({"kind": kind, "namespace": namespace, "name": name}))
        .collect();
    let group = "rbac.authorization.k8s.io";
    json!({"roleRef": {"apiGroup": group, "kind": kind, "name": role}, "subjects": subjects})
}

fn asked<'a>(
    user: &'a User,
    verb: &'a str,
    namespace: &'a str,
    resource: &'a str,
) -> Attributes<'a> {
    Attributes {
        namespace,
        ..Attributes::of_resource(user, verb, "", resource)
    }
}

#[test]
fn a_rule_allows_what_it_names() {
    let jane = user("jane", &[]);
    let allows = |rule: &Value, resource: &str, part: &str, name: &str| {
        Rule::of(rule).allows(&Attributes {
            subresource: part,
            name,
            ..Attributes::of_resource(&jane, "get", "", resource)
        })
    };
    let of = |resources: &[&str]| rule(&[""], resources, &["get"]);
    assert!(allows(&of(&["pods"]), "pods", "", ""));
    assert!(!allows(&of(&["pods"]), "pods", "log", ""));
    assert!(allows(&of(&["pods/log"]), "pods", "log", ""));
    assert!(!allows(&of(&["pods/log"]), "pods", "", ""));
    assert!(allows(&of(&["*"]), "pods", "log", ""));
    assert!(allows(&of(&["*/scale"]), "deployments", "scale", ""));
    assert!(!allows(&of(&["*/scale"]), "scale", "", ""));
    // A star counts alone or before the slash only.
    assert!(!allows(&of(&["pods/*"]), "pods", "log", ""));
    assert!(!allows(&of(&["*/"]), "pods", "", ""));
    assert!(!allows(
        &rule(&["apps"], &["pods"], &["get"]),
        "pods",
        "",
        ""
    ));
    assert!(allows(&rule(&["*"], &["pods"], &["*"]), "pods", "", ""));
    assert!(!allows(&rule(&[""], &["pods"], &["list"]), "pods", "", ""));
    let mut named = of(&["pods"]);
    named["resourceNames"] = json!(["a"]);
    assert!(allows(&named, "pods", "", "a"));
    assert!(!allows(&named, "pods", "", "b"));
    assert!(!allows(&named, "pods", "", ""));
}

#[test]
fn a_rule_allows_paths() {
    let jane = user("jane", &[]);
    let allows = |url: &str, path: &str| {
        let rule = json!({"nonResourceURLs": [url], "verbs": ["get"]});
        Rule::of(&rule).allows(&Attributes::of_path(&jane, "get", path))
    };
    assert!(allows("*", "/metrics"));
    assert!(allows("/healthz", "/healthz"));
    assert!(!allows("/healthz", "/healthz/etcd"));
    assert!(allows("/healthz/*", "/healthz/etcd"));
    assert!(!allows("/healthz/*", "/healthz"));
    assert!(allows("/api**", "/apis"));
    assert!(!allows("/a*/b", "/ax/b"));
    // Rules of resources say nothing on paths, and the other way round.
    let all = Rule::of(&rule(&["*"], &["*"], &["*"]));
    assert!(!all.allows(&Attributes::of_path(&jane, "get", "/")));
    let urls = Rule::of(&json!({"nonResourceURLs": ["*"], "verbs": ["*"]}));
    assert!(!urls.allows(&asked(&jane, "get", "", "pods")));
}

fn cluster() -> Rules {
    let mut rules = Rules::new();
    let read = rule(&[""], &["pods"], &["get", "list"]);
    rules.put("ClusterRole", "", "reader", &role(&[read]));
    let write = rule(&[""], &["pods"], &["create"]);
    rules.put("Role", "dev", "writer", &role(&[write]));
    rules
}

#[test]
fn bindings_give_roles_to_users_groups_and_service_accounts() {
    let mut rules = cluster();
    let all = binding(
        "ClusterRole",
        "reader",
        &[("Group", "", "ops"), ("User", "", "jane")],
    );
    rules.put("ClusterRoleBinding", "", "readers", &all);
    let accounts = binding(
        "Role",
        "writer",
        &[
            ("ServiceAccount", "", "bot"),
            ("ServiceAccount", "ci", "bot"),
        ],
    );
    rules.put("RoleBinding", "dev", "writers", &accounts);
    let decide = |user: &User, verb: &str, namespace: &str| {
        rules.authorize(&asked(user, verb, namespace, "pods"))
    };
    let allow = |why: &str| Decision::Allow(format!("RBAC: allowed by {why}"));

    let by_name =
        allow("ClusterRoleBinding \"readers\" of ClusterRole \"reader\" to User \"jane\"");
    assert_eq!(decide(&user("jane", &[]), "list", ""), by_name);
    // The first subject that fits is named, whatever led to the binding.
    let by_group =
        allow("ClusterRoleBinding \"readers\" of ClusterRole \"reader\" to Group \"ops\"");
    assert_eq!(decide(&user("jane", &["ops"]), "list", "dev"), by_group);
    assert_eq!(
        decide(&user("jane", &[]), "create", "dev"),
        Decision::NoOpinion(String::new())
    );

    let bot = user("system:serviceaccount:dev:bot", &[]);
    let own = allow("RoleBinding \"writers/dev\" of Role \"writer\" to ServiceAccount \"bot/dev\"");
    assert_eq!(decide(&bot, "create", "dev"), own);
    assert!(!decide(&bot, "create", "").is_allowed());
    assert!(!decide(&bot, "create", "other").is_allowed());
    let other = user("system:serviceaccount:ci:bot", &[]);
    let from_ci =
        allow("RoleBinding \"writers/dev\" of Role \"writer\" to ServiceAccount \"bot/ci\"");
    assert_eq!(decide(&other, "create", "dev"), from_ci);
}

#[test]
fn a_service_account_of_the_cluster_needs_a_namespace() {
    let mut rules = cluster();
    let subjects = [("ServiceAccount", "", "bot"), ("Nonsense", "", "x")];
    rules.put(
        "ClusterRoleBinding",
        "",
        "b",
        &binding("ClusterRole", "reader", &subjects),
    );
    let bot = user("system:serviceaccount::bot", &[]);
    assert!(
        !rules
            .authorize(&asked(&bot, "get", "", "pods"))
            .is_allowed()
    );
}

#[test]
fn a_binding_of_the_cluster_gives_no_roles_of_namespaces() {
    let mut rules = cluster();
    let subjects = [("User", "", "jane")];
    let wrong = binding("Role", "reader", &subjects);
    rules.put("ClusterRoleBinding", "", "a", &wrong);
    // Nor is what lacks a namespace of the cluster.
    rules.put(
        "RoleBinding",
        "",
        "b",
        &binding("ClusterRole", "reader", &subjects),
    );
    rules.put("Role", "", "reader", &role(&[]));
    let why = "RBAC: role.rbac.authorization.k8s.io \"reader\" not found";
    let jane = user("jane", &[]);
    let decided = rules.authorize(&asked(&jane, "get", "", "pods"));
    assert_eq!(decided, Decision::NoOpinion(why.into()));
}

#[test]
fn a_role_that_is_not_there_is_named() {
    let mut rules = cluster();
    let jane = user("jane", &["ops"]);
    let subjects = [("User", "", "jane"), ("Group", "", "ops")];
    rules.put(
        "ClusterRoleBinding",
        "",
        "a",
        &binding("ClusterRole", "gone", &subjects),
    );
    let one = "RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found";
    let decide = |rules: &Rules| rules.authorize(&asked(&jane, "get", "dev", "pods"));
    assert_eq!(decide(&rules), Decision::NoOpinion(one.into()));
    rules.put(
        "RoleBinding",
        "dev",
        "b",
        &binding("Role", "gone", &subjects[..1]),
    );
    rules.put(
        "RoleBinding",
        "dev",
        "c",
        &binding("Other", "gone", &subjects[..1]),
    );
    let both = "RBAC: [clusterrole.rbac.authorization.k8s.io \"gone\" not found, role.rbac.authorization.k8s.io \"gone\" not found, unsupported role reference kind: \"Other\"]";
    assert_eq!(decide(&rules), Decision::NoOpinion(both.into()));
    // What another binding allows is allowed all the same.
    rules.put(
        "RoleBinding",
        "dev",
        "d",
        &binding("ClusterRole", "reader", &subjects),
    );
    assert!(decide(&rules).is_allowed());
}

#[test]
fn what_is_changed_or_removed_counts_no_more() {
    let mut rules = cluster();
    let (jane, joe) = (user("jane", &[]), user("joe", &[]));
    let may = |rules: &Rules, user: &User| {
        rules
            .authorize(&asked(user, "get", "", "pods"))
            .is_allowed()
    };
    rules.put(
        "ClusterRoleBinding",
        "",
        "a",
        &binding("ClusterRole", "reader", &[("User", "", "jane")]),
    );
    assert!(may(&rules, &jane) && !may(&rules, &joe));
    rules.put(
        "ClusterRoleBinding",
        "",
        "a",
        &binding("ClusterRole", "reader", &[("User", "", "joe")]),
    );
    assert!(!may(&rules, &jane) && may(&rules, &joe));
    rules.put("ClusterRole", "", "reader", &role(&[]));
    assert!(!may(&rules, &joe));
    let mut rules = cluster();
    rules.put(
        "ClusterRoleBinding",
        "",
        "a",
        &binding("ClusterRole", "reader", &[("User", "", "joe")]),
    );
    rules.remove("ClusterRoleBinding", "", "a");
    rules.remove("ClusterRoleBinding", "", "a");
    assert!(!may(&rules, &joe));
    assert!(rules.scopes_are_empty());
}

#[test]
fn rules_of_a_user_are_listed_once_per_binding() {
    let mut rules = cluster();
    let jane = user("jane", &["ops"]);
    let subjects = [("User", "", "jane"), ("Group", "", "ops")];
    rules.put(
        "ClusterRoleBinding",
        "",
        "a",
        &binding("ClusterRole", "reader", &subjects),
    );
    rules.put(
        "RoleBinding",
        "dev",
        "b",
        &binding("Role", "writer", &subjects),
    );
    let verbs = |namespace: &str| -> Vec<Vec<String>> {
        let found = rules.rules(&jane, namespace);
        found.rules.into_iter().map(|rule| rule.verbs).collect()
    };
    assert_eq!(verbs("dev"), [vec!["get", "list"], vec!["create"]]);
    assert_eq!(verbs("other"), [vec!["get", "list"]]);
}

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

#[test]
fn role_refs_are_read_leniently() {
    assert_eq!(RoleRef::of(&json!(7)), RoleRef::default());
    let mut rules = Rules::new();
    for nonsense in [
        json!(null),
        json!([]),
        json!({"rules": {}, "subjects": [1, {"kind": 2}]}),
    ] {
        for kind in [
            "Role",
            "ClusterRole",
            "RoleBinding",
            "ClusterRoleBinding",
            "Pod",
        ] {
            rules.put(kind, "a", "b", &nonsense);
        }
        assert!(
            !rules
                .authorize(&asked(&user("", &[""]), "", "a", ""))
                .is_allowed()
        );
        assert!(aggregate(std::slice::from_ref(&nonsense)).is_empty());
        let wanted =
            json!({"metadata": {"labels": {"a": "b"}}, "rules": [rule(&["a"], &["b"], &["c"])]});
        assert!(reconcile(Some(&nonsense), &wanted).is_some());
    }
}

mod random;
