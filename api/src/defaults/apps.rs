//! Deployments, daemon sets, stateful sets, jobs.

use serde_json::{Map, Value, json};

use super::{Fields, Rule, inner, is_unset, set, text};

pub(super) const RULES: &[(&str, Rule)] = &[
    ("api.apps.v1.DaemonSetSpec", daemon_set),
    ("api.apps.v1.DeploymentSpec", deployment),
    ("api.apps.v1.StatefulSetSpec", stateful_set),
    ("api.batch.v1.Job", job),
];

/// How pods are replaced: one after the other, within these bounds.
fn rolling(fields: &mut Fields, strategy: &str, bounds: &[(&str, Value)]) {
    let Some(strategy) = inner(fields, strategy) else {
        return;
    };
    set(strategy, "type", || "RollingUpdate".into());
    if text(strategy, "type") != "RollingUpdate" {
        return;
    }
    if let Some(rolling) = inner(strategy, "rollingUpdate") {
        for (bound, value) in bounds {
            set(rolling, bound, || value.clone());
        }
    }
}

fn deployment(fields: &mut Fields) {
    let bounds = [("maxUnavailable", "25%".into()), ("maxSurge", "25%".into())];
    rolling(fields, "strategy", &bounds);
}

fn daemon_set(fields: &mut Fields) {
    let bounds = [("maxUnavailable", 1.into()), ("maxSurge", 0.into())];
    rolling(fields, "updateStrategy", &bounds);
}

fn stateful_set(fields: &mut Fields) {
    if let Some(strategy) = inner(fields, "updateStrategy") {
        if is_unset(strategy, "type") {
            strategy.insert("type".to_owned(), "RollingUpdate".into());
            set(strategy, "rollingUpdate", || json!({}));
        }
        if text(strategy, "type") == "RollingUpdate"
            && let Some(rolling) = strategy
                .get_mut("rollingUpdate")
                .and_then(Value::as_object_mut)
        {
            set(rolling, "partition", || 0.into());
            set(rolling, "maxUnavailable", || 1.into());
        }
    }
    set(fields, "persistentVolumeClaimRetentionPolicy", || json!({}));
}

fn job(fields: &mut Fields) {
    let labels = fields
        .get("spec")
        .map(|spec| spec["template"]["metadata"]["labels"].clone());
    if let Some(labels @ Value::Object(_)) = labels
        && let Some(metadata) = inner(fields, "metadata")
        && metadata
            .get("labels")
            .and_then(Value::as_object)
            .is_none_or(Map::is_empty)
    {
        metadata.insert("labels".to_owned(), labels);
    }
    if let Some(spec) = inner(fields, "spec") {
        job_defaults(spec);
    }
}

/// Of a job only: what lies in a template of jobs gets this when a job is made of it.
fn job_defaults(spec: &mut Fields) {
    if is_unset(spec, "completions") && is_unset(spec, "parallelism") {
        set(spec, "completions", || 1.into());
    }
    set(spec, "parallelism", || 1.into());
    let limit = if is_unset(spec, "backoffLimitPerIndex") {
        6
    } else {
        i32::MAX
    };
    set(spec, "backoffLimit", || limit.into());
    set(spec, "completionMode", || "NonIndexed".into());
    set(spec, "suspend", || false.into());
    let replaced = if is_unset(spec, "podFailurePolicy") {
        "TerminatingOrFailed"
    } else {
        "Failed"
    };
    set(spec, "podReplacementPolicy", || replaced.into());
    set(spec, "manualSelector", || false.into());
}
