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

mod grants;
mod policy;
mod random;
