use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod};

fn cluster() -> Cluster {
    let labels = json!({
        "topology.kubernetes.io/zone": "z",
        "topology.kubernetes.io/region": "r",
        "other": "o",
    });
    Cluster::default().with(
        "",
        "nodes",
        json!({"metadata": {"name": "a", "labels": labels}}),
    )
}

#[test]
fn bindings_and_placed_pods_bear_zone_and_region() {
    let expected = json!({
        "topology.kubernetes.io/zone": "z",
        "topology.kubernetes.io/region": "r",
    });
    let binding = json!({"metadata": {"name": "x"}, "target": {"kind": "Node", "name": "a"}});
    let told = creates_pod().part("binding");
    let made = told.admit(&PodTopologyLabels, binding, &cluster()).unwrap();
    assert_eq!(made["metadata"]["labels"], expected);
    let pod = json!({"spec": {"nodeName": "a"}});
    let made = creates_pod().admit(&PodTopologyLabels, pod, &cluster());
    assert_eq!(made.unwrap()["metadata"]["labels"], expected);
}

#[test]
fn others_are_left_alone() {
    for pod in [json!({"spec": {}}), json!({"spec": {"nodeName": "gone"}})] {
        let made = creates_pod().admit(&PodTopologyLabels, pod.clone(), &cluster());
        assert_eq!(made.unwrap(), pod);
    }
}
