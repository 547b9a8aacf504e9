//! What keeps pods: replication controllers, replica sets, deployments, stateful and daemon sets, their
//! revisions and disruption budgets.

use serde_json::Value;

use super::column::{AGE, CONTAINERS, Column, IMAGES, NAME, SELECTOR, integer, text};
use super::get::{Get as _, containers};
use super::{Builtin, labels};

pub(super) fn core(kind: &str) -> Option<&'static Builtin> {
    (kind == "ReplicationController").then_some(&CONTROLLER)
}

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "ReplicaSet" => Some(&REPLICA_SET),
        "Deployment" => Some(&DEPLOYMENT),
        "StatefulSet" => Some(&STATEFUL_SET),
        "DaemonSet" => Some(&DAEMON_SET),
        "ControllerRevision" => Some(&REVISION),
        _ => None,
    }
}

pub(super) fn policy(kind: &str) -> Option<&'static Builtin> {
    (kind == "PodDisruptionBudget").then_some(&BUDGET)
}

const REPLICAS: [Column; 8] = [
    NAME,
    integer("Desired", "How many pods there should be."),
    integer("Current", "How many pods there are."),
    integer("Ready", "How many pods are ready."),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR,
];

static CONTROLLER: Builtin = Builtin {
    columns: &REPLICAS,
    cells: |object, moment| {
        let [names, images] = containers(object.at("spec.template.spec"));
        vec![
            object.name(),
            object.int_or("spec.replicas", 1).into(),
            object.int("status.replicas").into(),
            object.int("status.readyReplicas").into(),
            object.age(moment),
            names,
            images,
            labels::labels(object.at("spec.selector")).into(),
        ]
    },
    conditions: None,
};

static REPLICA_SET: Builtin = Builtin {
    columns: &REPLICAS,
    cells: |object, moment| {
        let [names, images] = containers(object.at("spec.template.spec"));
        vec![
            object.name(),
            object.int_or("spec.replicas", 1).into(),
            object.int("status.replicas").into(),
            object.int("status.readyReplicas").into(),
            object.age(moment),
            names,
            images,
            labels::selector(object.at("spec.selector")).into(),
        ]
    },
    conditions: None,
};

static DEPLOYMENT: Builtin = Builtin {
    columns: &[
        NAME,
        text("Ready", "How many of the desired pods are ready."),
        text("Up-to-date", "How many pods are of the newest template."),
        text(
            "Available",
            "How many pods have been ready for long enough.",
        ),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, moment| {
        let [names, images] = containers(object.at("spec.template.spec"));
        vec![
            object.name(),
            of_replicas(object),
            object.int("status.updatedReplicas").into(),
            object.int("status.availableReplicas").into(),
            object.age(moment),
            names,
            images,
            labels::plain(object.at("spec.selector")).into(),
        ]
    },
    conditions: None,
};

static STATEFUL_SET: Builtin = Builtin {
    columns: &[
        NAME,
        text("Ready", "How many of the desired pods are ready."),
        AGE,
        CONTAINERS,
        IMAGES,
    ],
    cells: |object, moment| {
        let [names, images] = containers(object.at("spec.template.spec"));
        vec![
            object.name(),
            of_replicas(object),
            object.age(moment),
            names,
            images,
        ]
    },
    conditions: None,
};

static DAEMON_SET: Builtin = Builtin {
    columns: &[
        NAME,
        integer("Desired", "How many nodes should have a pod."),
        integer("Current", "How many of these nodes have one."),
        integer("Ready", "How many of these pods are ready."),
        integer(
            "Up-to-date",
            "How many of these pods are of the newest template.",
        ),
        integer(
            "Available",
            "How many of these pods have been ready for long enough.",
        ),
        text("Node Selector", "The labels that nodes are chosen by."),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ],
    cells: |object, moment| {
        let [names, images] = containers(object.at("spec.template.spec"));
        vec![
            object.name(),
            object.int("status.desiredNumberScheduled").into(),
            object.int("status.currentNumberScheduled").into(),
            object.int("status.numberReady").into(),
            object.int("status.updatedNumberScheduled").into(),
            object.int("status.numberAvailable").into(),
            labels::labels(object.at("spec.template.spec.nodeSelector")).into(),
            object.age(moment),
            names,
            images,
            labels::selector(object.at("spec.selector")).into(),
        ]
    },
    conditions: None,
};

static REVISION: Builtin = Builtin {
    columns: &[
        NAME,
        text("Controller", "The object that the revision is one of."),
        text("Revision", "The number of the revision."),
        AGE,
    ],
    cells: |object, moment| {
        let owners = object.list("metadata.ownerReferences");
        let owner = owners.iter().find(|it| it.is("controller"));
        let owner = owner.map_or_else(|| "<none>".into(), owner_name);
        vec![
            object.name(),
            owner.into(),
            object.int("revision").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static BUDGET: Builtin = Builtin {
    columns: &[
        NAME,
        text("Min Available", "How many pods must stay available."),
        text("Max Unavailable", "How many pods may be unavailable."),
        integer("Allowed Disruptions", "How many pods may be evicted now."),
        AGE,
    ],
    cells: |object, moment| {
        let bound = |path: &str| {
            if object.has(path) {
                object.shown(path)
            } else {
                "N/A".into()
            }
        };
        vec![
            object.name(),
            bound("spec.minAvailable").into(),
            bound("spec.maxUnavailable").into(),
            object.int("status.disruptionsAllowed").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

fn of_replicas(object: &Value) -> Value {
    let ready = object.int("status.readyReplicas");
    format!("{ready}/{}", object.int_or("spec.replicas", 1)).into()
}

/// `daemonset.apps/a`.
fn owner_name(owner: &Value) -> String {
    let version = owner.text("apiVersion");
    let kind = owner.text("kind").to_lowercase();
    let name = owner.text("name");
    match version.split_once('/') {
        Some((group, _)) => format!("{kind}.{}/{name}", group.to_lowercase()),
        None if kind.is_empty() => name.to_owned(),
        None => format!("{kind}/{name}"),
    }
}
