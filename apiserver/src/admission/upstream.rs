//! What upstream's own functions (1.37.2) made of pods: a choice of some ten thousand random ones and of
//! all pods of its tests of pod security, all of which were the same here. One case a line.

use serde_json::{Value, json};

use super::fixture::{Cluster, creates_pod, told};
use super::limit_ranger::LimitRanger;
use super::pod_security::{Level, Pod, Rules, Version, details, violations};
use super::quota::{Evaluator, charge};
use super::request::Operation;
use super::resources;

const CASES: &str = include_str!("fixture/upstream.jsonl");

fn cases(kind: &str) -> Vec<Value> {
    let all = CASES
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let found: Vec<Value> = all.filter(|case: &Value| case["kind"] == kind).collect();
    assert!(found.len() > 15);
    found
}

#[test]
fn pods_break_the_same_rules() {
    for case in cases("security") {
        for (name, level) in [
            ("baseline", Level::Baseline),
            ("restricted", Level::Restricted),
        ] {
            for result in case["results"][name].as_array().unwrap() {
                let version = Version(result[0].as_u64());
                let broken = violations(Rules { level, version }, Pod::of(&case["pod"]));
                assert_eq!(details(&broken), result[1], "{name} {version:?} {case}");
            }
        }
    }
}

#[test]
fn limits_do_and_refuse_the_same() {
    for case in cases("limit") {
        let range = json!({
            "metadata": {"name": "r", "namespace": "n"},
            "spec": {"limits": case["limits"]},
        });
        let cluster = Cluster::default().with("", "limitranges", range);
        let told = creates_pod();
        let made = told.admit(&LimitRanger, case["pod"].clone(), &cluster);
        let made = made.unwrap();
        let note = &made["metadata"]["annotations"]["kubernetes.io/limit-ranger"];
        assert_eq!(note, &case["note"], "{case}");
        assert_eq!(made["spec"], case["made"], "{case}");
        let refusal = told.validate(&LimitRanger, &made, &cluster).err();
        let text = refusal.map(|status| status.message).unwrap_or_default();
        let why = text.strip_prefix("pods \"x\" is forbidden: ");
        assert_eq!(why.unwrap_or_default(), case["error"], "{case}");
    }
}

#[test]
fn quotas_charge_and_refuse_the_same() {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    for case in cases("quota") {
        let used = Evaluator::Pods.usage(&case["pod"], now);
        assert_eq!(resources::to_value(&used), case["used"], "{case}");
        let operation = match case["op"].as_str() {
            Some("UPDATE") => Operation::Update,
            _ => Operation::Create,
        };
        let part = match case["sub"].as_str() {
            Some("resize") => "resize",
            Some("status") => "status",
            _ => "",
        };
        let mut told = told(operation, "", "pods", "Pod").part(part);
        if case["old"].is_object() {
            told = told.over(case["old"].clone());
        }
        let quotas = case["quotas"].as_array().unwrap();
        let mut changed = json!({});
        let mut error = String::new();
        match charge(&told.request(), &case["pod"], quotas, now) {
            Ok(charges) => {
                for charge in charges {
                    changed[charge.name] = charge.status;
                }
            }
            Err(status) => error = status.message,
        }
        assert_eq!(error, case["error"], "{case}");
        assert_eq!(changed, case["changed"], "{case}");
    }
}
