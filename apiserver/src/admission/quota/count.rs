//! What a namespace uses of a quota, counted from its objects.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::evaluator::{Evaluator, number};
use crate::admission::resources::{self, Amounts};
use crate::admission::tree;

/// Resources that quotas call by other names than `count/…`.
const NAMED: [(&str, &str); 8] = [
    ("", "pods"),
    ("", "services"),
    ("", "persistentvolumeclaims"),
    ("resource.k8s.io", "resourceclaims"),
    ("", "configmaps"),
    ("", "resourcequotas"),
    ("", "replicationcontrollers"),
    ("", "secrets"),
];

/// The rules by which a quota counts, each with something that it counts.
#[must_use]
pub fn sources(quota: &Value) -> Vec<Evaluator> {
    let mut found: Vec<Evaluator> = Vec::new();
    let named = NAMED.iter();
    let named: Vec<Evaluator> = named
        .filter_map(|(group, resource)| Evaluator::of(group, resource))
        .collect();
    for (name, _) in tree::entries(&quota["spec"]["hard"]) {
        let mut by_name: Vec<Evaluator> = named.clone();
        if let Some(counted) = name.strip_prefix("count/") {
            let (resource, group) = counted.split_once('.').unwrap_or((counted, ""));
            by_name.extend(Evaluator::of(group, resource));
        }
        for evaluator in by_name {
            if evaluator.names(name) && !found.contains(&evaluator) {
                found.push(evaluator);
            }
        }
    }
    found
}

/// The status of a quota as it is to be: the limits of its spec, and what the namespace uses of them.
///
/// `objects` are the objects of the quota's namespace of a group and a resource, of those that [`sources`]
/// names; `None` if there is no such resource or they cannot be listed, whereupon what was counted last
/// stays.
pub fn usage(
    quota: &Value,
    objects: impl Fn(&str, &str) -> Option<Vec<Value>>,
    now: Timestamp,
) -> Value {
    let hard = resources::amounts(&quota["spec"]["hard"]);
    let before = resources::amounts(&quota["status"]["used"]);
    let mut used = resources::mask(&before, |name| hard.contains_key(name));
    let mut counted = Amounts::new();
    for evaluator in sources(quota) {
        let (group, resource) = evaluator.resource();
        let Some(objects) = objects(group, resource) else {
            continue;
        };
        let names = hard.keys().filter(|name| evaluator.names(name));
        let mut sum: Amounts = names.map(|name| (name.clone(), number(0))).collect();
        for object in objects {
            if evaluator.is_in_scope(quota, &object) {
                let its = evaluator.usage(&object, now);
                let its = resources::mask(&its, |name| sum.contains_key(name));
                resources::add(&mut sum, &its);
            }
        }
        resources::add(&mut counted, &sum);
    }
    used.extend(counted);
    let mut status = Map::new();
    for (field, amounts) in [("hard", &hard), ("used", &used)] {
        if !amounts.is_empty() {
            status.insert(field.to_owned(), resources::to_value(amounts));
        }
    }
    status.into()
}

/// Whether a status has to be written over that of a quota.
#[must_use]
pub fn differs(quota: &Value, status: &Value) -> bool {
    let is_same = |field: &str| resources::equal(&quota["status"][field], &status[field]);
    !is_same("hard") || !is_same("used")
}
