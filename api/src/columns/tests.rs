mod custom;
mod kinds;
mod pods;

use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-01-02T00:00:00Z".parse().unwrap()
}

fn options() -> Options {
    Options {
        include: Include::None,
        headers: true,
        beta: false,
        list: true,
        now: now(),
    }
}

/// The cells of the first row.
fn cells(group: &str, kind: &str, object: Value) -> Value {
    let printer = Printer::builtin(group, kind);
    let table = printer.table(&[object], &json!({}), options());
    table["rows"][0]["cells"].clone()
}

fn meta() -> Value {
    json!({"name": "x", "namespace": "d", "creationTimestamp": "2026-01-01T20:00:00Z"})
}

#[test]
fn spans_are_told_in_two_units() {
    let told = [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (10_860, "3h1m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (176_400, "2d1h"),
        (691_200, "8d"),
        (63_071_999, "729d"),
        (63_072_000, "2y"),
        (63_158_400, "2y1d"),
        (252_288_000, "8y"),
        (283_824_000, "9y"),
    ];
    for (seconds, text) in told {
        assert_eq!(human_duration(seconds * 1_000_000_000), text, "{seconds}");
    }
    assert_eq!(human_duration(-1_999_999_999), "0s");
}

#[test]
fn a_table_has_columns_rows_and_the_version_of_the_list() {
    let list =
        json!({"resourceVersion": "7", "continue": "", "remainingItemCount": 3, "name": "x"});
    let mut object =
        json!({"metadata": meta(), "data": {"a": "", "b": ""}, "binaryData": {"c": ""}});
    let printer = Printer::builtin("", "ConfigMap");
    let mut options = options();
    let table = printer.table(std::slice::from_ref(&object), &list, options);
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(
        table["metadata"],
        json!({"resourceVersion": "7", "remainingItemCount": 3})
    );
    let first = &table["columnDefinitions"][0];
    assert_eq!(
        (
            &first["name"],
            &first["type"],
            &first["format"],
            &first["priority"]
        ),
        (&json!("Name"), &json!("string"), &json!("name"), &json!(0))
    );
    assert_eq!(
        table["rows"],
        json!([{"cells": ["x", 3, "4h"], "object": null}])
    );

    options.include = Include::Metadata;
    options.beta = true;
    options.headers = false;
    let table = printer.table(std::slice::from_ref(&object), &list, options);
    assert_eq!(table["columnDefinitions"], Value::Null);
    assert_eq!(
        table["rows"][0]["object"],
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1beta1", "metadata": meta()})
    );
    options.include = Include::Object;
    let table = printer.table(std::slice::from_ref(&object), &list, options);
    assert_eq!(table["rows"][0]["object"], object);

    // The bookmark at the end of the first events is never without its metadata.
    options.include = Include::None;
    object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    let table = printer.table(&[object], &list, options);
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(Include::parse(""), Some(Include::Metadata));
    assert_eq!(Include::parse("all"), None);
}

#[test]
fn every_kind_fills_its_columns_even_with_an_empty_object() {
    for resource in crate::resources::Registry::builtin().resources() {
        let printer = Printer::builtin(&resource.group, &resource.kind);
        let table = printer.table(&[json!({})], &json!({}), options());
        let cells = table["rows"][0]["cells"].as_array().unwrap().len();
        // Upstream has no column for the age of addresses.
        let extra = usize::from(&*resource.kind == "IPAddress");
        assert_eq!(cells, printer.columns().len() + extra, "{}", resource.kind);
        let _ = printer.table(&[json!(null), json!([1])], &json!(null), options());
    }
}

#[test]
fn kinds_without_columns_show_when_they_were_created() {
    let role = cells(
        "rbac.authorization.k8s.io",
        "Role",
        json!({"metadata": meta()}),
    );
    assert_eq!(role, json!(["x", "2026-01-01T20:00:00Z"]));
}
