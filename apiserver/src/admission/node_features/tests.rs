use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, refusal, told};

fn pod(generation: i64, spec: Value) -> Value {
    let mut spec = spec;
    spec["nodeName"] = "a".into();
    json!({"metadata": {"name": "x", "generation": generation}, "spec": spec})
}

fn outcome(old: Value, new: Value, declared: Value) -> Result<()> {
    let node = json!({"metadata": {"name": "a"}, "status": {"declaredFeatures": declared}});
    let cluster = Cluster::default().with("", "nodes", node);
    let told = told(Operation::Update, "", "pods", "Pod").part("resize");
    told.over(pod(1, old))
        .validate(&NodeDeclaredFeatureValidator, &pod(2, new), &cluster)
}

fn init(cpu: &str, policy: &str) -> Value {
    json!({"initContainers": [
        {"name": "i", "restartPolicy": policy, "resources": {"requests": {"cpu": cpu}}},
    ]})
}

#[test]
fn a_node_has_to_declare_what_an_update_needs() {
    let whole = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
    let feature = "InPlacePodLevelResourcesVerticalScaling";
    assert_eq!(
        refusal(outcome(whole("1"), whole("2"), json!([]))).1,
        "pods \"x\" is forbidden: pod update requires features InPlacePodLevelResourcesVerticalScaling \
         which are not available on node \"a\""
    );
    assert!(outcome(whole("1"), whole("2"), json!([feature])).is_ok());
    assert!(outcome(whole("1"), whole("1000m"), json!([])).is_ok());
    assert!(outcome(json!({}), json!({}), json!([])).is_ok());
}

#[test]
fn init_containers_and_memory_are_features_of_their_own() {
    assert!(outcome(init("1", ""), init("2", ""), json!([])).is_err());
    assert!(outcome(init("1", "Always"), init("2", "Always"), json!([])).is_ok());
    let memory = |size: &str| json!({"volumes": [{"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": size}}]});
    assert!(outcome(memory("1Gi"), memory("2Gi"), json!([])).is_err());
    assert!(outcome(memory("1Gi"), memory("1024Mi"), json!([])).is_ok());
}
