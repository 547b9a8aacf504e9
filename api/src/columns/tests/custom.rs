use super::*;

fn object() -> Value {
    json!({
        "metadata": meta(),
        "spec": {
            "size": 3, "ratio": 1.5, "on": true, "tags": ["a", "b"], "none": null,
            "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53}],
        },
        "status": {"conditions": [
            {"type": "Ready", "status": "True"}, {"type": "Synced", "status": "False"}]},
    })
}

fn cell(kind: &str, path: &str) -> Value {
    let columns = json!([{"name": "C", "type": kind, "jsonPath": path}]);
    let (printer, wrong) = Printer::custom(&columns);
    assert_eq!(wrong, None, "{path}");
    let table = printer.table(&[object()], &json!({}), options());
    table["rows"][0]["cells"][1].clone()
}

#[test]
fn paths_lead_to_values() {
    let told = [
        ("string", ".spec.size", json!("3")),
        ("integer", ".spec.size", json!(3)),
        ("integer", ".spec.ratio", json!(1)),
        ("number", ".spec.ratio", json!(1.5)),
        ("number", ".spec.size", json!(3)),
        ("boolean", ".spec.on", json!(true)),
        ("string", ".spec.on", json!("true")),
        ("string", ".spec.tags", json!(r#"["a","b"]"#)),
        ("string", ".spec.tags[*]", json!("a")),
        ("string", ".spec.tags[1]", json!("b")),
        ("string", ".spec.tags[-1]", json!("b")),
        ("string", ".spec.tags[-1:]", json!("b")),
        ("string", ".spec.tags[0:1]", json!("a")),
        ("string", ".spec.tags[5]", json!(null)),
        ("string", ".spec.none", json!("<no value>")),
        ("string", ".spec.missing", json!(null)),
        ("string", ".spec.size.deeper", json!(null)),
        ("string", ".spec['size']", json!("3")),
        ("string", ".spec['missing','size']", json!("3")),
        ("integer", ".spec.ports[?(@.name==\"dns\")].port", json!(53)),
        ("string", ".spec.ports[?(@.port>60)].name", json!("http")),
        ("string", ".spec.ports[?(@.port<=53)].name", json!("dns")),
        (
            "string",
            ".spec.ports[?(@.name!='http')].name",
            json!("dns"),
        ),
        ("string", ".spec.ports[?(@.port)].name", json!("http")),
        ("string", ".spec.ports[?(@.port==\"80\")].name", json!(null)),
        (
            "string",
            ".status.conditions[?(@.type==\"Ready\")].status",
            json!("True"),
        ),
        ("integer", "..port", json!(80)),
        ("string", ".metadata.name..", json!("x")),
        ("date", ".metadata.creationTimestamp", json!("4h")),
        ("date", ".metadata.name", json!("<invalid>")),
        ("boolean", ".spec.size", json!(null)),
        ("string", "spec.size", json!(null)),
    ];
    for (kind, path, expected) in told {
        assert_eq!(cell(kind, path), expected, "{kind} {path}");
    }
}

#[test]
fn columns_are_described() {
    let columns = json!([
        {"name": "A", "type": "string", "jsonPath": ".a", "priority": 1},
        {"name": "B", "type": "integer", "format": "int32", "jsonPath": ".b", "description": "It is b."},
    ]);
    let (printer, wrong) = Printer::custom(&columns);
    assert_eq!(wrong, None);
    let columns = printer.columns();
    assert_eq!(columns.len(), 3);
    assert_eq!(
        columns[1].to_value(),
        json!({"name": "A", "type": "string", "format": "", "priority": 1, "description":
            "Custom resource definition column (in JSONPath format): .a"})
    );
    assert_eq!(columns[2].description, "It is b.");
    let (printer, _) = Printer::custom(&json!(null));
    let table = printer.table(&[object()], &json!({}), options());
    assert_eq!(table["rows"][0]["cells"], json!(["x", "4h"]));
    assert_eq!(table["columnDefinitions"][1]["type"], "date");
}

#[test]
fn a_bad_path_is_told_and_ends_the_columns() {
    let nested = format!(".a{}", "[?(@.b".repeat(100));
    for path in [".a[", ".a[x]", ".a[?(@.b", "....a", ".a[1:2:3:4]", &nested] {
        let columns = json!([
            {"name": "A", "type": "string", "jsonPath": ".a"},
            {"name": "B", "type": "string", "jsonPath": path},
            {"name": "C", "type": "string", "jsonPath": ".c"},
        ]);
        let (printer, wrong) = Printer::custom(&columns);
        assert!(
            wrong
                .expect(path)
                .to_string()
                .starts_with("unrecognized column definition"),
            "{path}"
        );
        assert_eq!(printer.columns().len(), 2, "{path}");
    }
}

proptest::proptest! {
    #[test]
    fn no_path_breaks_it(path in "[.a0-9*@?(){}\\[\\]'\"=<,:ä -]{0,20}") {
        let columns = json!([{"name": "C", "type": "string", "jsonPath": path}]);
        let (printer, _) = Printer::custom(&columns);
        let _ = printer.table(&[json!({"a": [{"a": 1}, "a", {"0": [1, 2, 3]}]})], &json!({}), options());
    }
}
