use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, refusal, told};

fn class(name: &str, value: i64, is_default: bool, policy: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "value": value,
        "globalDefault": is_default,
        "preemptionPolicy": policy,
    })
}

fn cluster(classes: &[Value]) -> Cluster {
    let add = |cluster: Cluster, class: &Value| cluster.with(GROUP, CLASSES, class.clone());
    classes.iter().fold(Cluster::default(), add)
}

fn filled(spec: Value, classes: &[Value]) -> Result<Value> {
    let pod = json!({"spec": spec});
    let mut made = creates_pod().admit(&Priority, pod, &cluster(classes))?;
    Ok(made["spec"].take())
}

#[test]
fn a_pod_has_the_priority_of_its_class() {
    let system = class(
        "system-node-critical",
        2_000_001_000,
        false,
        "PreemptLowerPriority",
    );
    let spec = json!({"priorityClassName": "system-node-critical"});
    let made = filled(spec, &[system]).unwrap();
    assert_eq!(made["priority"], 2_000_001_000);
    assert_eq!(made["preemptionPolicy"], "PreemptLowerPriority");
}

#[test]
fn of_several_defaults_the_lowest_is_taken() {
    let classes = [
        class("high", 9, true, "PreemptLowerPriority"),
        class("low", 5, true, "Never"),
        class("other", 1, false, "Never"),
    ];
    let made = filled(json!({}), &classes).unwrap();
    let expected = json!({"priorityClassName": "low", "priority": 5, "preemptionPolicy": "Never"});
    assert_eq!(made, expected);
    let made = filled(json!({}), &[]).unwrap();
    let expected = json!({"priority": 0, "preemptionPolicy": "PreemptLowerPriority"});
    assert_eq!(made, expected);
}

#[test]
fn what_does_not_fit_is_refused() {
    let classes = [class("c", 5, false, "Never")];
    let text = |spec| refusal(filled(spec, &classes)).1;
    assert_eq!(
        text(json!({"priorityClassName": "x"})),
        "pods \"x\" is forbidden: no PriorityClass with name x was found"
    );
    assert_eq!(
        text(json!({"priorityClassName": "c", "priority": 7})),
        "pods \"x\" is forbidden: the integer value of priority (7) must not be provided in pod spec; \
         priority admission controller computed 5 from the given PriorityClass name"
    );
    assert_eq!(
        text(json!({"priorityClassName": "c", "preemptionPolicy": "PreemptLowerPriority"})),
        "pods \"x\" is forbidden: the string value of PreemptionPolicy (PreemptLowerPriority) must not be \
         provided in pod spec; priority admission controller computed Never from the given PriorityClass \
         name"
    );
}

#[test]
fn an_update_keeps_what_it_does_not_say() {
    let old = json!({"spec": {"priority": 3, "preemptionPolicy": "Never"}});
    let told = told(Operation::Update, "", "pods", "Pod").over(old.clone());
    let made = told.admit(&Priority, json!({"spec": {}}), &cluster(&[]));
    assert_eq!(made.unwrap(), old);
}

#[test]
fn one_class_is_the_default() {
    let there = class("a", 5, true, "Never");
    let judge = |operation, name| {
        let told = told(operation, GROUP, CLASSES, "PriorityClass").named(name);
        let new = class(name, 7, true, "Never");
        told.validate(&Priority, &new, &cluster(std::slice::from_ref(&there)))
    };
    let expected = "priorityclasses.scheduling.k8s.io \"b\" is forbidden: PriorityClass a is already \
                    marked as default. Only one default can exist";
    assert_eq!(refusal(judge(Operation::Create, "b")).1, expected);
    assert_eq!(refusal(judge(Operation::Update, "b")).1, expected);
    assert!(judge(Operation::Update, "a").is_ok());
}
