//! Pods and their templates.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::column::{AGE, Column, NAME, text};
use super::get::{Get as _, containers, holds};
use super::{Builtin, Moment, age, labels};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "Pod" => Some(&POD),
        "PodTemplate" => Some(&TEMPLATE),
        _ => None,
    }
}

const COLUMNS: [Column; 9] = [
    NAME,
    text("Ready", "How many of the pod's containers are ready."),
    text(
        "Status",
        "What the pod's containers are doing, in one word.",
    ),
    text(
        "Restarts",
        "How often the pod's containers were started again, and when the last one was.",
    ),
    AGE,
    text("IP", "The pod's address.").wide(),
    text("Node", "The node that the pod is on.").wide(),
    text(
        "Nominated Node",
        "The node that is to be cleared for the pod by preemption.",
    )
    .wide(),
    text(
        "Readiness Gates",
        "How many of the conditions that readiness waits for are met.",
    )
    .wide(),
];

static POD: Builtin = Builtin {
    columns: &COLUMNS,
    cells: pod,
    conditions: Some(completed),
};

static TEMPLATE: Builtin = Builtin {
    columns: &[
        NAME,
        text("Containers", "The names of the containers of the template."),
        text("Images", "The images of the containers of the template."),
        text("Pod Labels", "The labels of pods made from the template."),
    ],
    cells: |object, _| {
        let [names, images] = containers(object.at("template.spec"));
        let labels = labels::labels(object.at("template.metadata.labels"));
        vec![object.name(), names, images, labels.into()]
    },
    conditions: None,
};

/// The row of a pod that has ended.
fn completed(pod: &Value) -> Option<Value> {
    let (reason, message) = match pod.text("status.phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([
        {"type": "Completed", "status": "True", "reason": reason, "message": message}
    ]))
}

/// What the containers of a pod add up to.
struct Sum {
    reason: String,
    ready: usize,
    total: usize,
    restarts: i64,
    last: Option<Timestamp>,
}

fn pod(pod: &Value, moment: &Moment<'_>) -> Vec<Value> {
    let mut sum = Sum {
        reason: pod
            .text_or("status.reason", pod.text("status.phase"))
            .to_owned(),
        ready: 0,
        total: pod.list("spec.containers").len(),
        restarts: 0,
        last: None,
    };
    let conditions = pod.list("status.conditions");
    let gated = conditions
        .iter()
        .any(|it| it.text("type") == "PodScheduled" && it.text("reason") == "SchedulingGated");
    if gated {
        "SchedulingGated".clone_into(&mut sum.reason);
    }
    let initializing = init(pod, &mut sum);
    let initialized = conditions
        .iter()
        .find(|it| it.text("type") == "Initialized");
    if !initializing || initialized.is_some_and(|it| it.text("status") == "True") {
        main(pod, &mut sum);
    }
    if pod.has("metadata.deletionTimestamp") {
        if pod.text("status.reason") == "NodeLost" {
            "Unknown".clone_into(&mut sum.reason);
        } else if !matches!(pod.text("status.phase"), "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut sum.reason);
        }
    }
    let restarts = match sum.last {
        Some(last) if sum.restarts != 0 => {
            let ago = age::human_duration(moment.now.as_nanosecond() - last.as_nanosecond());
            format!("{} ({ago} ago)", sum.restarts)
        }
        _ => sum.restarts.to_string(),
    };
    let first = pod.list("status.podIPs").first();
    let first = first.map_or("", |it| it.text("ip"));
    let address = match pod.text_or("status.podIP", first) {
        "" => "<none>",
        address => address,
    };
    vec![
        pod.name(),
        format!("{}/{}", sum.ready, sum.total).into(),
        sum.reason.into(),
        restarts.into(),
        pod.age(moment),
        address.into(),
        pod.text_or("spec.nodeName", "<none>").into(),
        pod.text_or("status.nominatedNodeName", "<none>").into(),
        gates(pod).into(),
    ]
}

/// The init containers; whether one of them is still to be done.
fn init(pod: &Value, sum: &mut Sum) -> bool {
    let containers = pod.list("spec.initContainers");
    let sidecars: HashSet<&str> = containers
        .iter()
        .filter(|it| it.text("restartPolicy") == "Always")
        .map(|it| it.text("name"))
        .collect();
    // Each container counts, even if two had one name.
    sum.total += containers
        .iter()
        .filter(|it| it.text("restartPolicy") == "Always")
        .count();
    let (mut restarts, mut last) = (0, None);
    let mut initializing = false;
    for (at, container) in pod.list("status.initContainerStatuses").iter().enumerate() {
        let sidecar = sidecars.contains(container.text("name"));
        let count = container.int("restartCount");
        sum.restarts += count;
        later(&mut sum.last, container);
        if sidecar {
            restarts += count;
            later(&mut last, container);
        }
        let ended = container.at("state.terminated");
        let waits = container.text("state.waiting.reason");
        if !ended.is_null() && ended.int("exitCode") == 0 {
            continue;
        }
        if sidecar && container.is("started") {
            if container.is("ready") {
                sum.ready += 1;
            }
            continue;
        }
        sum.reason = if !ended.is_null() {
            format!("Init:{}", why(ended))
        } else if !waits.is_empty() && waits != "PodInitializing" {
            format!("Init:{waits}")
        } else {
            format!("Init:{at}/{}", containers.len())
        };
        initializing = true;
        break;
    }
    // Once they are done, those that go on running are all that count.
    let conditions = pod.list("status.conditions");
    if !initializing || holds(conditions, "Initialized") {
        (sum.restarts, sum.last) = (restarts, last);
    }
    initializing
}

fn main(pod: &Value, sum: &mut Sum) {
    let mut running = false;
    let mut failed = None;
    for container in pod.list("status.containerStatuses").iter().rev() {
        sum.restarts += container.int("restartCount");
        later(&mut sum.last, container);
        let ended = container.at("state.terminated");
        let waits = container.text("state.waiting.reason");
        if !waits.is_empty() {
            waits.clone_into(&mut sum.reason);
        } else if !ended.is_null() {
            sum.reason = why(ended);
            if ended.int("exitCode") != 0 {
                failed = Some(sum.reason.clone());
            }
        } else if container.is("ready") && container.has("state.running") {
            running = true;
            sum.ready += 1;
        }
    }
    if sum.reason == "Completed" {
        let conditions = pod.list("status.conditions");
        let ready = conditions
            .iter()
            .any(|it| it.text("type") == "Ready" && it.text("status") == "True");
        if running && ready {
            "Running".clone_into(&mut sum.reason);
        } else if let Some(failed) = failed {
            sum.reason = failed;
        } else if running {
            "NotReady".clone_into(&mut sum.reason);
        }
    }
}

/// Why a container ended.
fn why(ended: &Value) -> String {
    match (ended.text("reason"), ended.int("signal")) {
        ("", 0) => format!("ExitCode:{}", ended.int("exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// Moves `last` on to when the container last ended before it was started again.
fn later(last: &mut Option<Timestamp>, container: &Value) {
    let ended = age::moment(container.text("lastState.terminated.finishedAt"));
    *last = (*last).max(ended);
}

fn gates(pod: &Value) -> String {
    let gates = pod.list("spec.readinessGates");
    if gates.is_empty() {
        return "<none>".into();
    }
    let conditions = pod.list("status.conditions");
    let met = gates
        .iter()
        .filter(|it| holds(conditions, it.text("conditionType")));
    format!("{}/{}", met.count(), gates.len())
}
