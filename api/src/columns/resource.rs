//! Devices and claims on them.

use serde_json::Value;

use super::column::{AGE, NAME, text};
use super::get::Get as _;
use super::{AGED, Builtin};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "DeviceClass" | "ResourceClaimTemplate" => Some(&AGED),
        "ResourceClaim" => Some(&CLAIM),
        "ResourceSlice" => Some(&SLICE),
        "DeviceTaintRule" => Some(&TAINT),
        _ => None,
    }
}

static CLAIM: Builtin = Builtin {
    columns: &[
        NAME,
        text("State", "Whether the claim has devices, and is in use."),
        AGE,
    ],
    cells: |object, moment| vec![object.name(), state(object).into(), object.age(moment)],
    conditions: None,
};

fn state(claim: &Value) -> String {
    let going = claim.has("metadata.deletionTimestamp");
    let mut states = Vec::new();
    if going {
        states.push("deleted");
    }
    if claim.has("status.allocation") {
        states.push("allocated");
        if !claim.list("status.reservedFor").is_empty() {
            states.push("reserved");
        }
    } else if !going {
        states.push("pending");
    }
    states.join(",")
}

static SLICE: Builtin = Builtin {
    columns: &[
        NAME,
        text("Node", "The node that has the devices."),
        text("Driver", "The driver of the devices."),
        text("Pool", "The pool that the devices belong to."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.cell("spec.nodeName"),
            object.cell("spec.driver"),
            object.cell("spec.pool.name"),
            object.age(moment),
        ]
    },
    conditions: None,
};

static TAINT: Builtin = Builtin {
    columns: &[
        NAME,
        text("Key", "The key of the taint."),
        text("Value", "The value of the taint."),
        text("Effect", "What the taint does to pods."),
        text("TimeAdded", "The time since the taint was put on."),
        AGE,
    ],
    cells: |object, moment| {
        let taint = object.at("spec.taint");
        let added = if taint.has("timeAdded") {
            taint.since("timeAdded", moment)
        } else {
            String::new()
        };
        vec![
            object.name(),
            taint.cell("key"),
            taint.cell("value"),
            taint.cell("effect"),
            added.into(),
            object.age(moment),
        ]
    },
    conditions: None,
};
