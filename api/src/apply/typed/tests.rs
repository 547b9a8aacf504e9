use serde_json::json;

use super::*;
use crate::schema::{Gvk, builtin};

fn pod(value: Value) -> Result<Typed<'static>, String> {
    let id = builtin().kind(&Gvk::new("", "v1", "Pod")).unwrap();
    Typed::new(
        builtin(),
        id,
        Cow::Owned(json!({ "spec": value })),
        Duplicates::Refused,
    )
    .map_err(|errors| errors.to_string())
}

fn spec(typed: &Typed<'_>) -> Value {
    typed.value["spec"].clone()
}

#[test]
fn a_tree_sets_its_leaves() {
    let pod = pod(json!({
        "containers": [{"name": "a", "ports": [{"containerPort": 80}], "args": ["x"], "resources": {}}],
        "nodeSelector": {"a": "b"},
        "hostname": null,
    }));
    let wanted = json!({"f:spec": {
        "f:containers": {"k:{\"name\":\"a\"}": {
            ".": {},
            "f:name": {},
            "f:args": {},
            "f:resources": {},
            "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
        }},
        "f:nodeSelector": {},
        "f:hostname": {},
    }});
    assert_eq!(pod.unwrap().to_set().unwrap().to_value(), wanted);
}

#[test]
fn trees_differ() {
    let old = pod(
        json!({"hostname": "a", "subdomain": "b", "containers": [{"name": "a"}, {"name": "b"}]}),
    );
    let new =
        pod(json!({"hostname": "c", "priority": 1, "containers": [{"name": "b"}, {"name": "c"}]}));
    let comparison = old.unwrap().compare(&new.unwrap()).unwrap();
    assert_eq!(
        comparison.modified.to_json(),
        r#"{"f:spec":{"f:hostname":{}}}"#
    );
    let added = r#"{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:name":{}}},"f:priority":{}}}"#;
    assert_eq!(comparison.added.to_json(), added);
    let removed = r#"{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}}},"f:subdomain":{}}}"#;
    assert_eq!(comparison.removed.to_json(), removed);
}

#[test]
fn merged_lists_are_in_order() {
    let names = |names: &str| -> Vec<Value> {
        names
            .chars()
            .map(|name| json!({"name": name.to_string()}))
            .collect()
    };
    let cases = [
        ("abc", "ca", "bca"),
        ("abcd", "dxb", "acdxb"),
        ("ab", "xy", "abxy"),
        ("", "ba", "ba"),
    ];
    for (old, new, merged) in cases {
        let old = pod(json!({"containers": names(old)})).unwrap();
        let new = pod(json!({"containers": names(new)})).unwrap();
        let made = old.merge(&new).unwrap();
        assert_eq!(
            spec(&made)["containers"],
            Value::from(names(merged)),
            "{merged}"
        );
    }
}

#[test]
fn fields_are_removed() {
    let pod =
        pod(json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}], "hostname": "h"}))
            .unwrap();
    let gone = json!({"f:spec": {"f:hostname": {}, "f:containers": {
        "k:{\"name\":\"b\"}": {},
        "k:{\"name\":\"a\"}": {"f:image": {}},
    }}});
    let left = pod.remove(&FieldSet::from_value(&gone).unwrap());
    assert_eq!(spec(&left), json!({"containers": [{"name": "a"}]}));
}

#[test]
fn what_does_not_follow_the_schema_is_told() {
    let cases = [
        (json!({"x": 1}), ".spec.x: field not declared in schema"),
        (
            json!({"hostname": 1}),
            ".spec.hostname: expected string, got &value.valueUnstructured{Value:1}",
        ),
        (
            json!({"priority": "x"}),
            ".spec.priority: expected numeric (int or float), got string",
        ),
        (
            json!({"hostPID": [1]}),
            ".spec.hostPID: expected boolean, got &{[1]}",
        ),
        (
            json!({"containers": {}}),
            ".spec.containers: expected list, got &{map[]}",
        ),
        (json!([]), ".spec: expected map, got &{[]}"),
        (
            json!({"containers": [{"name": "a"}, {"name": "a"}]}),
            ".spec.containers: duplicate entries for key [name=\"a\"]",
        ),
        (
            json!({"containers": [1, 2]}),
            ".spec.containers: element 0: associative list with keys may not have non-map elements",
        ),
        (
            json!({"hostname": 1, "priority": "x"}),
            "errors:\n  .spec.hostname: expected string, got &value.valueUnstructured{Value:1}\n  .spec.priority: expected numeric (int or float), got string",
        ),
    ];
    for (value, error) in cases {
        assert_eq!(pod(value).err().unwrap(), error);
    }
}

#[test]
fn parts_of_what_has_become_whole_are_owned_as_one() {
    let pod = pod(json!({"nodeSelector": {"a": "b"}})).unwrap();
    let set = |value: Value| FieldSet::from_value(&json!({ "f:spec": value })).unwrap();
    let parts = set(json!({"f:nodeSelector": {".": {}, "f:a": {}}, "f:hostname": {}}));
    let whole = set(json!({"f:nodeSelector": {}, "f:hostname": {}}));
    assert_eq!(pod.reconcile(&parts).unwrap(), Some(whole.clone()));
    assert_eq!(pod.reconcile(&whole).unwrap(), None);
}
