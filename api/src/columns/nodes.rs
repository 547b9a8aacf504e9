//! Nodes, and what they and the scheduler work with.

use std::collections::BTreeSet;

use serde_json::Value;

use super::column::{AGE, NAME, boolean, integer, text};
use super::get::{Get as _, condition};
use super::{Builtin, Moment};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "Node" => Some(&NODE),
        "ComponentStatus" => Some(&COMPONENT),
        _ => None,
    }
}

pub(super) fn around(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "RuntimeClass" => Some(&RUNTIME),
        "Lease" => Some(&LEASE),
        "PriorityClass" => Some(&PRIORITY),
        _ => None,
    }
}

static NODE: Builtin = Builtin {
    columns: &[
        NAME,
        text("Status", "Whether the node is ready, and takes pods."),
        text("Roles", "What the node is for."),
        AGE,
        text("Version", "The version of the node's kubelet."),
        text("Internal-IP", "The node's address within the cluster.").wide(),
        text("External-IP", "The node's address from outside.").wide(),
        text("OS-Image", "The node's operating system.").wide(),
        text("Kernel-Version", "The version of the node's kernel.").wide(),
        text("Container-Runtime", "What runs the node's containers.").wide(),
    ],
    cells: node,
    conditions: None,
};

fn node(object: &Value, moment: &Moment<'_>) -> Vec<Value> {
    // Of two conditions of one type the last one counts.
    let conditions = object.list("status.conditions").iter().rev();
    let ready = conditions.clone().find(|it| it.text("type") == "Ready");
    let mut status = match ready.map(|it| it.text("status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if object.is("spec.unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    let info = object.at("status.nodeInfo");
    let mut kernel = info.text_or("kernelVersion", "<unknown>").to_owned();
    let architecture = info.text("architecture");
    if !architecture.is_empty() {
        kernel = format!("{kernel} ({architecture})");
    }
    vec![
        object.name(),
        status.into(),
        roles(object).into(),
        object.age(moment),
        info.cell("kubeletVersion"),
        address(object, "InternalIP"),
        address(object, "ExternalIP"),
        info.text_or("osImage", "<unknown>").into(),
        kernel.into(),
        info.text_or("containerRuntimeVersion", "<unknown>").into(),
    ]
}

fn address(node: &Value, kind: &str) -> Value {
    let found = condition(node.list("status.addresses"), kind);
    found.map_or("<none>", |it| it.text("address")).into()
}

fn roles(node: &Value) -> String {
    let labels = node.at("metadata.labels").as_object().into_iter().flatten();
    let roles =
        labels.filter_map(
            |(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
                Some(role) => Some(role),
                None if key == "kubernetes.io/role" => value.as_str(),
                None => None,
            },
        );
    let roles: BTreeSet<&str> = roles.filter(|role| !role.is_empty()).collect();
    if roles.is_empty() {
        return "<none>".into();
    }
    roles.into_iter().collect::<Vec<_>>().join(",")
}

static COMPONENT: Builtin = Builtin {
    columns: &[
        NAME,
        text("Status", "Whether the component is healthy."),
        text("Message", "What the component says."),
        text("Error", "What is wrong with the component."),
    ],
    cells: |object, _| {
        let healthy = condition(object.list("conditions"), "Healthy");
        let status = match healthy.map(|it| it.text("status")) {
            Some("True") => "Healthy",
            Some(_) => "Unhealthy",
            None => "Unknown",
        };
        let said = |path: &str| healthy.map_or("", |it| it.text(path));
        vec![
            object.name(),
            status.into(),
            said("message").into(),
            said("error").into(),
        ]
    },
    conditions: None,
};

static RUNTIME: Builtin = Builtin {
    columns: &[
        NAME,
        text("Handler", "What the node's runtime calls the class."),
        AGE,
    ],
    cells: |object, moment| vec![object.name(), object.cell("handler"), object.age(moment)],
    conditions: None,
};

static LEASE: Builtin = Builtin {
    columns: &[NAME, text("Holder", "Who holds the lease."), AGE],
    cells: |object, moment| {
        vec![
            object.name(),
            object.cell("spec.holderIdentity"),
            object.age(moment),
        ]
    },
    conditions: None,
};

static PRIORITY: Builtin = Builtin {
    columns: &[
        NAME,
        integer("Value", "The priority of pods of the class."),
        boolean(
            "Global-Default",
            "Whether pods without a class are of this one.",
        ),
        AGE,
        text("PreemptionPolicy", "Whether its pods may displace others."),
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.int("value").into(),
            object.is("globalDefault").into(),
            object.age(moment),
            object.cell("preemptionPolicy"),
        ]
    },
    conditions: None,
};
