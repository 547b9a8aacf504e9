use serde_json::json;

use super::super::schema::tests::cron_tab;
use super::*;

#[test]
fn the_third_version_says_all() {
    let found = open_api(&cron_tab(), "v1", Dialect::V3).unwrap();
    assert_eq!(
        found["x-kubernetes-group-version-kind"],
        json!([{"group": "stable.example.com", "version": "v1", "kind": "CronTab"}])
    );
    let properties = &found["properties"];
    assert_eq!(
        properties["metadata"],
        json!({"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"})
    );
    let spec = &properties["spec"]["properties"];
    assert_eq!(spec["note"], json!({"type": "string", "nullable": true}));
    assert_eq!(spec["inner"]["required"], json!(["kind", "apiVersion"]));
    assert!(open_api(&cron_tab(), "v9", Dialect::V3).is_none());
}

#[test]
fn the_second_version_says_less() {
    let mut definition = cron_tab();
    let schema = &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let spec = &mut schema["properties"]["spec"];
    spec["required"] = json!(["cronSpec", "note"]);
    spec["properties"]["x"] =
        json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}]});
    let found = open_api(&definition, "v1", Dialect::V2).unwrap();
    let spec = &found["properties"]["spec"];
    assert_eq!(spec["required"], json!(["cronSpec"]));
    assert_eq!(spec["properties"]["note"], json!({}));
    assert_eq!(
        spec["properties"]["x"],
        json!({"x-kubernetes-int-or-string": true})
    );
    assert_eq!(
        spec["properties"]["free"],
        json!({"x-kubernetes-preserve-unknown-fields": true})
    );
}

#[test]
fn lists_and_objects_without_a_schema() {
    let mut definition = cron_tab();
    definition["spec"]["names"]["listKind"] = "CronTabList".into();
    let list = open_api_list(&definition, "v1", Dialect::V2).unwrap();
    assert_eq!(
        list["properties"]["items"]["items"],
        json!({"$ref": "#/definitions/com.example.stable.v1.CronTab"})
    );
    definition["spec"]["versions"][0]["schema"] = Value::Null;
    let found = open_api(&definition, "v1", Dialect::V3).unwrap();
    assert_eq!(found["type"], "object");
    assert!(found["properties"].is_null());
}
