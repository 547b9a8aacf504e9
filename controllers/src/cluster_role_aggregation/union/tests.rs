use serde_json::json;

use super::*;

fn role(labels: &[(&str, &str)], rules: &[Value]) -> Role {
    Role {
        labels: labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        aggregation: None,
        rules: rules.to_vec(),
    }
}

fn rule(name: &str) -> Value {
    json!({"apiGroups": [""], "resources": [name], "verbs": ["get"]})
}

fn admin(selectors: &Value) -> Role {
    Role {
        aggregation: Some(json!({"clusterRoleSelectors": selectors})),
        ..role(&[("to", "admin")], &[rule("own")])
    }
}

fn union(admin: &Role, others: &[(&str, &Role)]) -> Result<Option<Vec<Value>>, SelectorError> {
    let mut all = others.to_vec();
    all.push(("admin", admin));
    all.sort_by_key(|(name, _)| *name);
    rules("admin", admin, all.into_iter())
}

#[test]
fn rules_come_by_selector_then_name_each_once() {
    let (a, b, c) = (
        role(&[("to", "admin")], &[rule("pods"), rule("nodes")]),
        role(&[("to", "edit")], &[rule("jobs")]),
        role(&[("to", "admin")], &[rule("nodes"), rule("leases")]),
    );
    let admin = admin(&json!([
        {"matchLabels": {"to": "edit"}},
        {"matchLabels": {"to": "admin"}},
    ]));
    let found = union(&admin, &[("z", &a), ("y", &b), ("b", &c)]).unwrap();
    let expected = ["jobs", "nodes", "leases", "pods"].map(rule).to_vec();
    assert_eq!(found, Some(expected));
}

#[test]
fn who_aggregates_nothing_is_left_alone() {
    let plain = role(&[], &[rule("x")]);
    assert_eq!(union(&plain, &[]).unwrap(), None);
    let none = admin(&json!([{"matchLabels": {"to": "nobody"}}]));
    assert_eq!(union(&none, &[]).unwrap(), Some(vec![]));
}

#[test]
fn an_empty_list_is_as_good_as_none() {
    let mut same = rule("pods");
    same["resourceNames"] = json!([]);
    let (a, b) = (
        role(&[("x", "")], &[rule("pods")]),
        role(&[("x", "")], &[same]),
    );
    let admin = admin(&json!([{"matchExpressions": [{"key": "x", "operator": "Exists"}]}]));
    assert_eq!(
        union(&admin, &[("a", &a), ("b", &b)]).unwrap(),
        Some(vec![rule("pods")])
    );
}

#[test]
fn a_malformed_selector_is_an_error() {
    let admin = admin(&json!([{"matchExpressions": [{"key": "x", "operator": "Near"}]}]));
    let error = union(&admin, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"Near\" is not a valid label selector operator"
    );
}
