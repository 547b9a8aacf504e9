use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, refusal};

fn cluster() -> Cluster {
    let class = json!({
        "metadata": {"name": "r"},
        "overhead": {"podFixed": {"cpu": "100m"}},
        "scheduling": {
            "nodeSelector": {"runs": "r"},
            "tolerations": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}],
        },
    });
    let plain = json!({"metadata": {"name": "plain"}});
    Cluster::default()
        .with("node.k8s.io", "runtimeclasses", class)
        .with("node.k8s.io", "runtimeclasses", plain)
}

fn filled(spec: Value) -> Result<Value> {
    let pod = json!({"spec": spec});
    let mut made = creates_pod().admit(&RuntimeClass, pod, &cluster())?;
    Ok(made["spec"].take())
}

#[test]
fn a_pod_costs_and_is_scheduled_as_its_class_says() {
    let own = json!([
        {"key": "a", "operator": "Equal", "value": "1", "effect": "NoSchedule"},
        {"key": "c", "operator": "Exists"},
    ]);
    let spec = json!({"runtimeClassName": "r", "nodeSelector": {"x": "y"}, "tolerations": own});
    let made = filled(spec).unwrap();
    assert_eq!(made["overhead"], json!({"cpu": "100m"}));
    assert_eq!(made["nodeSelector"], json!({"x": "y", "runs": "r"}));
    let expected = json!([
        {"key": "c", "operator": "Exists"},
        {"key": "a", "operator": "Exists"},
        {"key": "b", "operator": "Exists"},
    ]);
    assert_eq!(made["tolerations"], expected);
}

#[test]
fn what_contradicts_the_class_is_refused() {
    let text = |spec| refusal(filled(spec)).1;
    assert_eq!(
        text(json!({"runtimeClassName": "gone"})),
        "pods \"x\" is forbidden: pod rejected: RuntimeClass \"gone\" not found"
    );
    assert_eq!(
        text(json!({"runtimeClassName": "r", "nodeSelector": {"runs": "s"}})),
        "pods \"x\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[runs] = r; \
         pod.spec.nodeSelector[runs] = s"
    );
    assert_eq!(
        text(json!({"runtimeClassName": "r", "overhead": {"cpu": "1"}})),
        "pods \"x\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined \
         Overhead"
    );
    let same = json!({"runtimeClassName": "r", "overhead": {"cpu": "0.1"}});
    assert!(filled(same).is_ok());
}

#[test]
fn overhead_comes_of_a_class_only() {
    let judge = |spec: Value| {
        let pod = json!({"spec": spec});
        creates_pod().validate(&RuntimeClass, &pod, &cluster())
    };
    let text = "pods \"x\" is forbidden: pod rejected: Pod Overhead set without corresponding \
                RuntimeClass defined Overhead";
    assert_eq!(refusal(judge(json!({"overhead": {"cpu": "1"}}))).1, text);
    let plain = json!({"runtimeClassName": "plain", "overhead": {"cpu": "1"}});
    assert_eq!(refusal(judge(plain)).1, text);
    assert!(judge(json!({"runtimeClassName": "r", "overhead": {"cpu": "100m"}})).is_ok());
    assert!(judge(json!({"runtimeClassName": "r"})).is_err());
    assert!(judge(json!({})).is_ok());
}
