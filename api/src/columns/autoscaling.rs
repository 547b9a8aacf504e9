//! Scales and what moves them.

use serde_json::Value;

use super::Builtin;
use super::column::{AGE, NAME, integer, text};
use super::get::Get as _;

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "HorizontalPodAutoscaler" => Some(&AUTOSCALER),
        "Scale" => Some(&SCALE),
        _ => None,
    }
}

static AUTOSCALER: Builtin = Builtin {
    columns: &[
        NAME,
        text("Reference", "What is scaled."),
        text("Targets", "What is measured, and what it should be."),
        text("MinPods", "How many pods there are at least."),
        text("MaxPods", "How many pods there are at most."),
        text("Replicas", "How many pods there are."),
        AGE,
    ],
    cells: |object, moment| {
        let target = object.at("spec.scaleTargetRef");
        let least = object.at("spec.minReplicas").as_i64();
        vec![
            object.name(),
            format!("{}/{}", target.text("kind"), target.text("name")).into(),
            metrics(object).into(),
            least
                .map_or_else(|| "<unset>".into(), |it| it.to_string())
                .into(),
            object.int("spec.maxReplicas").into(),
            object.int("status.currentReplicas").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static SCALE: Builtin = Builtin {
    columns: &[
        text("Name", "The name of the object that is scaled."),
        integer("Desired", "How many pods there should be."),
        integer("Available", "How many pods there are."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.int("spec.replicas").into(),
            object.int("status.replicas").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

const UNKNOWN: &str = "<unknown>";

fn metrics(object: &Value) -> String {
    // Version 1 knows the use of CPU time alone.
    if let Some(target) = object.at("spec.targetCPUUtilizationPercentage").as_i64() {
        let current = object.at("status.currentCPUUtilizationPercentage").as_i64();
        let current = current.map_or_else(|| UNKNOWN.into(), |it| format!("{it}%"));
        return format!("cpu: {current}/{target}%");
    }
    let specs = object.list("spec.metrics");
    if specs.is_empty() {
        return "<none>".into();
    }
    let current = object.list("status.currentMetrics");
    let shown: Vec<String> = specs
        .iter()
        .take(2)
        .enumerate()
        .map(|(at, spec)| metric(spec, current.get(at)))
        .collect();
    let shown = shown.join(", ");
    match specs.len() {
        all @ 3.. => format!("{shown} + {} more...", all - 2),
        _ => shown,
    }
}

fn metric(spec: &Value, current: Option<&Value>) -> String {
    let (source, resource) = match spec.text("type") {
        "External" => ("external", false),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        _ => return "<unknown type>".into(),
    };
    let target = spec.at(source).at("target");
    let current = current.map(|it| it.at(source));
    let current = current
        .filter(|it| !it.is_null())
        .map(|it| it.at("current"));
    let average = current.filter(|it| it.has("averageValue"));
    let quantity = |of: Option<&Value>, path: &str| {
        of.map_or_else(|| UNKNOWN.to_owned(), |it| it.quantity(path))
    };
    if source == "pods" {
        let wanted = target.quantity("averageValue");
        return format!("{}/{wanted}", quantity(current, "averageValue"));
    }
    if resource {
        let name = spec.at(source).text("name");
        if target.has("averageValue") {
            let wanted = target.quantity("averageValue");
            return format!("{name}: {}/{wanted}", quantity(current, "averageValue"));
        }
        let percent = |of: &Value| {
            of.at("averageUtilization")
                .as_i64()
                .map(|it| format!("{it}%"))
        };
        let wanted = percent(target).unwrap_or_else(|| "<auto>".into());
        let current = current.and_then(percent).unwrap_or_else(|| UNKNOWN.into());
        return format!("{name}: {current}/{wanted}");
    }
    if target.has("averageValue") {
        let wanted = target.quantity("averageValue");
        return format!("{}/{wanted} (avg)", quantity(average, "averageValue"));
    }
    let wanted = target.quantity("value");
    format!("{}/{wanted}", quantity(current, "value"))
}
