//! Random clusters: the index finds what looking at every binding finds.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::authn::User;
use crate::authz::rbac::covers::uncovered;
use crate::authz::rbac::{RoleRef, Rule, Rules};
use crate::authz::{Attributes, Authorizer};

const KINDS: [&str; 3] = ["User", "Group", "ServiceAccount"];
const NAMES: [&str; 3] = ["a", "b", "system:serviceaccount:n:a"];
const SPACES: [&str; 3] = ["", "n", "m"];
const VERBS: [&str; 3] = ["get", "list", "*"];
const RESOURCES: [&str; 5] = ["pods", "pods/log", "*/log", "*", "nodes"];

fn rule() -> impl Strategy<Value = Value> {
    let names = prop::collection::vec(prop::sample::select(&["x", "y"][..]), 0..2);
    let groups = prop::collection::vec(prop::sample::select(&["", "apps", "*"][..]), 0..3);
    let resources = prop::collection::vec(prop::sample::select(&RESOURCES[..]), 0..3);
    let verbs = prop::collection::vec(prop::sample::select(&VERBS[..]), 0..3);
    (groups, resources, verbs, names).prop_map(|(groups, resources, verbs, names)| {
        json!({"apiGroups": groups, "resources": resources, "verbs": verbs, "resourceNames": names})
    })
}

fn subject() -> impl Strategy<Value = Value> {
    let pick = prop::sample::select;
    (pick(&KINDS[..]), pick(&SPACES[..]), pick(&NAMES[..])).prop_map(
        |(kind, namespace, name)| json!({"kind": kind, "namespace": namespace, "name": name}),
    )
}

fn binding() -> impl Strategy<Value = (usize, usize, Value)> {
    let subjects = prop::collection::vec(subject(), 0..4);
    (0..2usize, 0..4usize, any::<bool>(), 0..3usize, subjects).prop_map(
        |(scope, name, is_cluster, role, subjects)| {
            let kind = if is_cluster { "ClusterRole" } else { "Role" };
            let role = json!({"kind": kind, "name": format!("r{role}")});
            (scope, name, json!({"roleRef": role, "subjects": subjects}))
        },
    )
}

/// Whether a subject of a binding in a namespace is a user, by looking at names.
fn is(subject: &Value, namespace: &str, user: &User) -> bool {
    let text = |key: &str| subject[key].as_str().unwrap();
    match text("kind") {
        "User" => user.name == text("name"),
        "Group" => user.groups.iter().any(|group| group == text("name")),
        _ => {
            let own = if text("namespace").is_empty() {
                namespace
            } else {
                text("namespace")
            };
            !own.is_empty() && user.name == format!("system:serviceaccount:{own}:{}", text("name"))
        }
    }
}

proptest! {
    #[test]
    fn the_index_finds_every_binding(
        roles in prop::collection::vec((0..2usize, 0..3usize, prop::collection::vec(rule(), 0..3)), 0..6),
        bindings in prop::collection::vec(binding(), 0..12),
        removed in prop::collection::vec((0..2usize, 0..4usize), 0..3),
        (verb, resource, name, namespace) in (0..2usize, 0..5usize, 0..3usize, 0..3usize),
        (who, groups) in (0..3usize, prop::collection::vec(0..3usize, 0..3)),
    ) {
        let mut rules = Rules::new();
        for (scope, name, role) in &roles {
            let kind = ["ClusterRole", "Role"][*scope];
            rules.put(kind, SPACES[*scope], &format!("r{name}"), &json!({"rules": role}));
        }
        let mut last = std::collections::BTreeMap::new();
        for (scope, name, binding) in &bindings {
            let kind = ["ClusterRoleBinding", "RoleBinding"][*scope];
            rules.put(kind, SPACES[*scope], &format!("b{name}"), binding);
            last.insert((*scope, *name), binding);
        }
        for (scope, name) in &removed {
            let kind = ["ClusterRoleBinding", "RoleBinding"][*scope];
            rules.remove(kind, SPACES[*scope], &format!("b{name}"));
            last.remove(&(*scope, *name));
        }
        let user = User {
            name: NAMES[who].into(),
            groups: groups.iter().map(|group| NAMES[*group].to_owned()).collect(),
            ..User::default()
        };
        let (resource, subresource) = RESOURCES[resource].split_once('/').unwrap_or((RESOURCES[resource], ""));
        let namespace = SPACES[namespace];
        let asked = Attributes {
            namespace,
            subresource,
            name: ["", "x", "y"][name],
            ..Attributes::of_resource(&user, VERBS[verb], "", resource)
        };
        let mut expected = Vec::new();
        for ((scope, _), binding) in &last {
            let own = SPACES[*scope];
            let applies = own.is_empty() || own == namespace;
            let subjects = binding["subjects"].as_array().unwrap();
            if applies && subjects.iter().any(|subject| is(subject, own, &user)) {
                let found = rules.of_role(&RoleRef::of(binding), own);
                expected.extend(found.map(<[Rule]>::to_vec).unwrap_or_default());
            }
        }
        let is_allowed = expected.iter().any(|rule| rule.allows(&asked));
        prop_assert_eq!(rules.authorize(&asked).is_allowed(), is_allowed);
        prop_assert_eq!(rules.of_user(&user, namespace).0, expected);
    }

    /// What is covered allows no request that the covering rules do not allow.
    #[test]
    fn what_is_covered_allows_no_more(
        held in prop::collection::vec(rule(), 0..3),
        wanted in rule(),
        (verb, resource, name) in (0..2usize, 0..5usize, 0..3usize),
    ) {
        let held: Vec<Rule> = held.iter().map(Rule::of).collect();
        let wanted = Rule::of(&wanted);
        prop_assume!(uncovered(&held, std::slice::from_ref(&wanted)).is_empty());
        let user = User::default();
        let (resource, subresource) = RESOURCES[resource].split_once('/').unwrap_or((RESOURCES[resource], ""));
        let asked = Attributes {
            subresource,
            name: ["", "x", "y"][name],
            ..Attributes::of_resource(&user, VERBS[verb], "", resource)
        };
        prop_assert!(!wanted.allows(&asked) || held.iter().any(|rule| rule.allows(&asked)));
    }
}

#[test]
fn nothing_is_covered_by_nothing() {
    let all = Rule::all();
    assert_eq!(uncovered(&[], &all).len(), 2);
    assert!(uncovered(&all, &all).is_empty());
}
