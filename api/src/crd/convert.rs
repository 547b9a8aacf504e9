//! Conversion of custom objects between versions.

use serde_json::Value;

/// Makes an object one of another version by the strategy `None`: only its `apiVersion` changes. What the
/// other version does not know has to be pruned by its schema afterwards.
pub fn convert(object: &mut Value, group: &str, version: &str) {
    if let Value::Object(map) = object {
        map.insert("apiVersion".into(), format!("{group}/{version}").into());
    }
}

#[test]
fn only_the_version_changes() {
    let mut object = serde_json::json!({"apiVersion": "g.io/v1", "kind": "K", "spec": {"a": 1}});
    convert(&mut object, "g.io", "v2");
    let wanted = serde_json::json!({"apiVersion": "g.io/v2", "kind": "K", "spec": {"a": 1}});
    assert_eq!(object, wanted);
}
