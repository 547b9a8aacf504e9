use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod};

fn after(tolerations: Value) -> Value {
    let pod = json!({"spec": {"tolerations": tolerations}});
    let plugin = DefaultTolerationSeconds::default();
    let made = creates_pod().admit(&plugin, pod, &Cluster::default());
    made.unwrap()["spec"]["tolerations"].take()
}

fn ours(key: &str) -> Value {
    json!({
        "key": format!("node.kubernetes.io/{key}"),
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    })
}

#[test]
fn five_minutes_each_unless_the_pod_says_otherwise() {
    assert_eq!(
        after(json!([])),
        json!([ours("not-ready"), ours("unreachable")])
    );
    let own = json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists"});
    assert_eq!(after(json!([own])), json!([own, ours("unreachable")]));
    let all = json!([{"operator": "Exists"}]);
    assert_eq!(after(all.clone()), all);
}

#[test]
fn another_effect_says_nothing_of_this_one() {
    let own = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    let expected = json!([own, ours("not-ready"), ours("unreachable")]);
    assert_eq!(after(json!([own])), expected);
}
