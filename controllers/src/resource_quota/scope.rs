//! Which objects the scopes of a quota are about. Only pods have scopes here: other objects match none.

use serde_json::Value;

use super::source::Source;
use super::usage::amounts;
use crate::call::{array, text};

/// Whether an object is within all scopes of a quota.
pub(super) fn all(quota: &Value, source: &Source, object: &Value) -> bool {
    let is_pod = source.is_core("pods");
    let named = array(quota, "/spec/scopes").iter();
    let selected = array(quota, "/spec/scopeSelector/matchExpressions").iter();
    named.clone().all(|scope| {
        is_pod
            && scope
                .as_str()
                .is_some_and(|scope| within(scope, None, object))
    }) && selected.clone().all(|expression| {
        is_pod && within(text(expression, "/scopeName"), Some(expression), object)
    })
}

fn within(scope: &str, expression: Option<&Value>, pod: &Value) -> bool {
    match scope {
        "Terminating" => is_limited_in_time(pod),
        "NotTerminating" => !is_limited_in_time(pod),
        "BestEffort" => is_best_effort(pod),
        "NotBestEffort" => !is_best_effort(pod),
        "PriorityClass" => priority(expression, text(pod, "/spec/priorityClassName")),
        "CrossNamespacePodAffinity" => crosses_namespaces(pod),
        _ => false,
    }
}

fn is_limited_in_time(pod: &Value) -> bool {
    let seconds = pod.pointer("/spec/activeDeadlineSeconds");
    seconds
        .and_then(Value::as_i64)
        .is_some_and(|seconds| seconds >= 0)
}

/// Whether no container asks for processors or memory, nor is limited in them.
fn is_best_effort(pod: &Value) -> bool {
    let containers = array(pod, "/spec/containers").iter();
    let mut all = containers
        .chain(array(pod, "/spec/initContainers"))
        .chain(pod.pointer("/spec"));
    all.all(|one| {
        ["/resources/requests", "/resources/limits"]
            .iter()
            .all(|list| {
                let amounts = amounts(one.pointer(list));
                let mut names = amounts.iter();
                !names.any(|(name, amount)| {
                    matches!(name.as_str(), "cpu" | "memory") && !amount.is_zero()
                })
            })
    })
}

fn priority(expression: Option<&Value>, class: &str) -> bool {
    let Some(expression) = expression else {
        return !class.is_empty();
    };
    let listed = || {
        let values = array(expression, "/values");
        values.iter().any(|value| value.as_str() == Some(class))
    };
    match text(expression, "/operator") {
        "Exists" => !class.is_empty(),
        "DoesNotExist" => class.is_empty(),
        "In" => !class.is_empty() && listed(),
        "NotIn" => class.is_empty() || !listed(),
        _ => false,
    }
}

fn crosses_namespaces(pod: &Value) -> bool {
    [
        "/spec/affinity/podAffinity",
        "/spec/affinity/podAntiAffinity",
    ]
    .iter()
    .filter_map(|pointer| pod.pointer(pointer))
    .any(|affinity| {
        let required = array(affinity, "/requiredDuringSchedulingIgnoredDuringExecution");
        let preferred = array(affinity, "/preferredDuringSchedulingIgnoredDuringExecution");
        let preferred = preferred
            .iter()
            .filter_map(|term| term.get("podAffinityTerm"));
        required.iter().chain(preferred).any(|term| {
            !array(term, "/namespaces").is_empty()
                || term
                    .get("namespaceSelector")
                    .is_some_and(|selector| !selector.is_null())
        })
    })
}
