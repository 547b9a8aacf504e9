use serde_json::{Value, json};

use super::super::defaults;
use super::*;
use crate::wire;

/// The example of upstream's documentation, with more fields.
pub(in crate::crd) fn cron_tab() -> Value {
    serde_json::from_str(include_str!("crontab.json")).unwrap()
}

fn read(text: &Value) -> wire::Read {
    let (schema, id) = schema(&cron_tab(), "v1").unwrap();
    wire::json::read(&schema, id, text.to_string().as_bytes()).unwrap()
}

#[test]
fn values_stay_what_they_are_and_absent_fields_stay_absent() {
    let object = json!({
        "apiVersion": "stable.example.com/v1", "kind": "CronTab",
        "metadata": {"name": "a"},
        "spec": {
            "cronSpec": "", "image": null, "replicas": 0, "weight": 1.5, "note": null, "mode": 7,
            "labels": {}, "set": [], "ports": [{"name": "a", "at": "x"}, {"name": "b", "at": 8}],
            "free": {"a": {"b": [null, 0, ""]}}
        }
    });
    let found = read(&object);
    assert_eq!(found.value, object);
    assert!(found.problems.is_empty());
    let (schema, id) = schema(&cron_tab(), "v1").unwrap();
    let mut again = object.clone();
    wire::normalize(&schema, id, &mut again).unwrap();
    assert_eq!(again, object);
}

#[test]
fn unknown_fields_go_but_where_they_are_kept() {
    let found = read(&json!({
        "metadata": {"name": "a", "nix": 1},
        "spec": {"nix": 1, "free": {"nix": 1}, "ports": [{"nix": 1}],
                 "inner": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "nix": 1}, "spec": {"x": 1}}},
        "nix": 1
    }));
    assert_eq!(
        found.value,
        json!({
            "metadata": {"name": "a"},
            "spec": {"free": {"nix": 1}, "ports": [{}],
                     "inner": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}, "spec": {"x": 1}}}
        })
    );
    assert_eq!(found.problems.len(), 5, "{:?}", found.problems);
    assert!(
        found
            .problems
            .contains(&r#"unknown field "spec.nix""#.into())
    );
}

#[test]
fn metadata_is_read_strictly() {
    let (schema, id) = schema(&cron_tab(), "v1").unwrap();
    let text = br#"{"metadata": {"name": 7}}"#;
    assert!(wire::json::read(&schema, id, text).is_err());
    let null = wire::json::read(&schema, id, br#"{"metadata": null, "spec": null}"#).unwrap();
    assert_eq!(null.value, json!({"spec": null}));
}

#[test]
fn without_a_schema_all_stays() {
    let mut definition = cron_tab();
    definition["spec"]["versions"][0]["schema"] = Value::Null;
    let (schema, id) = schema(&definition, "v1").unwrap();
    let text = br#"{"a": {"b": 0}, "c": null}"#;
    let read = wire::json::read(&schema, id, text).unwrap();
    assert_eq!(read.value, json!({"a": {"b": 0}, "c": null}));
    assert_eq!(
        super::schema(&definition, "v2").unwrap_err(),
        SchemaError::NoVersion("v2".into())
    );
}

#[test]
fn defaults_fill_what_is_missing_or_null() {
    let (schema, id) = schema(&cron_tab(), "v1").unwrap();
    let mut object = json!({"spec": {
        "image": null, "note": null, "mode": null, "labels": {"a": null, "b": "c"},
        "ports": [{"name": "a"}, {"name": "b", "protocol": "UDP"}, null]
    }});
    defaults(&schema, id, &mut object);
    assert_eq!(
        object,
        json!({"spec": {
            "image": "busybox", "note": null, "labels": {"b": "c"},
            "ports": [{"name": "a", "protocol": "TCP"}, {"name": "b", "protocol": "UDP"}, null]
        }})
    );
}
