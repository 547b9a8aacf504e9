use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, refusal, told};

fn outcome(cpu: &str, system: &str, generation: i64) -> Result<()> {
    let node = json!({
        "metadata": {"name": "a", "labels": {"kubernetes.io/os": system}},
        "status": {"allocatable": {"cpu": "2", "memory": "1Gi"}},
    });
    let cluster = Cluster::default().with("", "nodes", node);
    let pod = json!({
        "metadata": {"name": "x", "generation": generation},
        "spec": {"nodeName": "a", "containers": [
            {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": "2Gi"}}},
        ]},
    });
    let old = json!({"metadata": {"generation": 1}});
    let told = told(Operation::Update, "", "pods", "Pod")
        .part("resize")
        .over(old);
    told.validate(&PodResizeValidator, &pod, &cluster)
}

#[test]
fn more_than_a_node_has_is_refused() {
    let status = outcome("3", "linux", 2).unwrap_err();
    assert_eq!(
        status.message,
        "pods \"x\" is forbidden: node didn't have enough allocatable resources: cpu, requested: 3000, \
         allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824"
    );
    assert_eq!(status.details.unwrap().causes[0].reason, "NodeCapacity");
}

#[test]
fn only_linux_resizes_and_only_changes_count() {
    assert_eq!(
        refusal(outcome("1", "windows", 2)).1,
        "pods \"x\" is forbidden: pod resize is only supported on linux nodes, node \"a\" is \"windows\""
    );
    assert!(outcome("3", "linux", 1).is_ok());
}
