use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, told};

#[test]
fn new_nodes_are_not_ready() {
    let told = told(Operation::Create, "", "nodes", "Node");
    let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    let made = told.admit(&TaintNodesByCondition, json!({}), &Cluster::default());
    let made = made.unwrap();
    assert_eq!(made["spec"]["taints"], json!([taint]));
    let again = told.admit(&TaintNodesByCondition, made.clone(), &Cluster::default());
    assert_eq!(again.unwrap(), made);
}

#[test]
fn a_taint_of_another_effect_is_another_one() {
    let told = told(Operation::Create, "", "nodes", "Node");
    let other = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"});
    let node = json!({"spec": {"taints": [other]}});
    let made = told.admit(&TaintNodesByCondition, node, &Cluster::default());
    assert_eq!(made.unwrap()["spec"]["taints"].as_array().unwrap().len(), 2);
}

#[test]
fn nodes_that_are_there_are_left_alone() {
    let told = told(Operation::Update, "", "nodes", "Node");
    let made = told.admit(&TaintNodesByCondition, json!({}), &Cluster::default());
    assert_eq!(made.unwrap(), json!({}));
}
