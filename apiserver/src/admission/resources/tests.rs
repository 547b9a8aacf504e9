use serde_json::json;

use super::*;

fn printed(amounts: &Amounts) -> Value {
    to_value(amounts)
}

fn container(cpu: &str) -> Value {
    json!({"name": "c", "resources": {"requests": {"cpu": cpu}}})
}

#[test]
fn init_containers_count_where_they_need_more() {
    let sidecar = json!({
        "name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}},
    });
    let pod = json!({"spec": {
        "initContainers": [container("2"), sidecar, container("3")],
        "containers": [container("500m"), container("500m")],
    }});
    // The last init container runs beside the one that goes on: 1 + 3.
    assert_eq!(
        printed(&by_containers(&pod, "requests")),
        json!({"cpu": "4"})
    );
    let pod = json!({"spec": {
        "initContainers": [sidecar],
        "containers": [container("4")],
    }});
    assert_eq!(
        printed(&by_containers(&pod, "requests")),
        json!({"cpu": "5"})
    );
}

#[test]
fn a_pod_as_a_whole_says_more_than_its_containers() {
    let pod = json!({"spec": {
        "containers": [container("1")],
        "resources": {"requests": {"cpu": "3", "foo/bar": "1"}},
        "overhead": {"cpu": "100m", "memory": "1Mi"},
    }});
    assert!(has_pod_level(&pod));
    let expected = json!({"cpu": "3100m", "memory": "1Mi"});
    assert_eq!(printed(&requested(&pod)), expected);
    assert_eq!(printed(&held(&pod, "limits")), json!({}));
}

#[test]
fn a_resize_counts_the_most_of_old_and_new() {
    let status = |allocated: &str, actual: &str| {
        json!([{
            "name": "c",
            "allocatedResources": {"cpu": allocated},
            "resources": {"requests": {"cpu": actual}},
        }])
    };
    let mut pod = json!({
        "spec": {"containers": [container("2")]},
        "status": {"containerStatuses": status("1", "3")},
    });
    assert_eq!(printed(&held(&pod, "requests")), json!({"cpu": "3"}));
    pod["status"]["containerStatuses"] = status("1", "1");
    assert_eq!(printed(&held(&pod, "requests")), json!({"cpu": "2"}));
    pod["status"]["conditions"] = json!([{"type": "PodResizePending", "reason": "Infeasible"}]);
    assert_eq!(printed(&held(&pod, "requests")), json!({"cpu": "1"}));
}

#[test]
fn amounts_are_the_same_however_they_are_written() {
    assert!(equal(&json!({"a": "1000m"}), &json!({"a": "1"})));
    assert!(equal(&json!(null), &json!({})));
    assert!(!equal(&json!({"a": "0"}), &json!({})));
}
