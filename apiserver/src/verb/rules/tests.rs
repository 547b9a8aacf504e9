use serde_json::json;

use super::*;

fn pod() -> Value {
    json!({
        "metadata": {"name": "p", "resourceVersion": "1", "labels": {"a": "b"}},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i", "resources": {}}]},
        "status": {"phase": "Pending"},
    })
}

#[test]
fn a_write_of_a_part_changes_nothing_else() {
    let mut new = pod();
    new["metadata"]["labels"]["a"] = "other".into();
    new["metadata"]["managedFields"] = json!([{"manager": "m"}]);
    new["spec"]["nodeName"] = "other".into();
    new["spec"]["ephemeralContainers"] = json!([{"name": "e"}]);
    let mut expected = pod();
    expected["metadata"]["managedFields"] = json!([{"manager": "m"}]);
    expected["spec"]["ephemeralContainers"] = json!([{"name": "e"}]);
    keep_all_but(&mut new, &pod(), &["/spec/ephemeralContainers"]);
    assert_eq!(new, expected);
    // What the part does not have any more goes.
    let mut without = pod();
    keep_all_but(&mut without, &expected, &["/spec/ephemeralContainers"]);
    assert_eq!(without, pod());
}

#[test]
fn a_resize_changes_what_containers_ask_for() {
    let mut new = pod();
    new["spec"]["nodeName"] = "other".into();
    new["spec"]["containers"][0]["image"] = "other".into();
    new["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "1"}});
    let mut expected = pod();
    expected["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "1"}});
    resize(&mut new, &pod());
    assert_eq!(new, expected);
}

#[test]
fn an_object_is_released_by_its_last_finalizer() {
    let mut object = json!({"kind": "ConfigMap", "metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z", "finalizers": ["x"]}});
    assert!(!is_released(&object));
    object["metadata"]["finalizers"] = json!([]);
    assert!(is_released(&object));
    object["metadata"]["deletionGracePeriodSeconds"] = 30.into();
    assert!(!is_released(&object));
    let namespace = json!({"kind": "Namespace", "metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}, "spec": {"finalizers": ["kubernetes"]}});
    assert!(!is_released(&namespace));
}
