//! What pods use: themselves, and what their containers ask for and may take.
//!
//! Source of the rules: Kubernetes, `pkg/quota/v1/evaluator/core/pods.go` and
//! `component-helpers/resource/helpers.go`. What a node has allocated is not looked at.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::source::is_extended;
use super::usage::{Amounts, add, amounts, whole};
use crate::call::{array, text};

/// What a pod uses beyond counting by `count/pods`; nothing once it has ended or should be gone.
pub(super) fn usage(pod: &Value, now: Timestamp) -> Amounts {
    let mut usage = Amounts::new();
    if has_ended(pod, now) {
        return usage;
    }
    usage.insert("pods".to_owned(), whole(1));
    for (name, amount) in total(pod, "requests") {
        let plain = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage")
            || name.starts_with("hugepages-");
        if plain || is_extended(&name) {
            usage.insert(format!("requests.{name}"), amount.clone());
        }
        if plain {
            usage.insert(name, amount);
        }
    }
    for (name, amount) in total(pod, "limits") {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            usage.insert(format!("limits.{name}"), amount);
        }
    }
    usage
}

fn has_ended(pod: &Value, now: Timestamp) -> bool {
    if matches!(text(pod, "/status/phase"), "Failed" | "Succeeded") {
        return true;
    }
    let grace = pod.pointer("/metadata/deletionGracePeriodSeconds");
    let deleted: Option<Timestamp> = text(pod, "/metadata/deletionTimestamp").parse().ok();
    match (deleted, grace.and_then(Value::as_i64)) {
        (Some(deleted), Some(grace)) => {
            now.duration_since(deleted) > SignedDuration::from_secs(grace)
        }
        _ => false,
    }
}

/// The requests or limits of a pod: of the containers together, or of the hungriest moment of their
/// initialisation; in their place those of the pod as a whole; and the overhead.
fn total(pod: &Value, which: &str) -> Amounts {
    let of = |container: &Value| amounts(container.pointer(&format!("/resources/{which}")));
    let mut total = Amounts::new();
    for container in array(pod, "/spec/containers") {
        add(&mut total, &of(container));
    }
    let mut sidecars = Amounts::new();
    let mut starting = Amounts::new();
    for container in array(pod, "/spec/initContainers") {
        let mut moment = of(container);
        if text(container, "/restartPolicy") == "Always" {
            add(&mut total, &moment);
            add(&mut sidecars, &moment);
            moment.clone_from(&sidecars);
        } else {
            add(&mut moment, &sidecars);
        }
        raise(&mut starting, moment);
    }
    raise(&mut total, starting);
    for (name, amount) in amounts(pod.pointer(&format!("/spec/resources/{which}"))) {
        if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
            total.insert(name, amount);
        }
    }
    let mut overhead = amounts(pod.pointer("/spec/overhead"));
    if which == "limits" {
        // Without a limit there is nothing to add to.
        overhead.retain(|name, _| total.get(name).is_some_and(|limit| !limit.is_zero()));
    }
    add(&mut total, &overhead);
    total
}

fn raise(total: &mut Amounts, others: Amounts) {
    for (name, amount) in others {
        let current = total.entry(name).or_insert_with(|| amount.clone());
        if amount > *current {
            *current = amount;
        }
    }
}
