//! Volumes, their claims, classes and drivers.

use serde_json::Value;

use super::column::{AGE, NAME, boolean, integer, named, text};
use super::get::{Get as _, joined, texts};
use super::{Builtin, age};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "PersistentVolume" => Some(&VOLUME),
        "PersistentVolumeClaim" => Some(&CLAIM),
        _ => None,
    }
}

pub(super) fn classes(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "StorageClass" => Some(&CLASS),
        "VolumeAttributesClass" => Some(&ATTRIBUTES),
        "VolumeAttachment" => Some(&ATTACHMENT),
        "CSINode" => Some(&CSI_NODE),
        "CSIDriver" => Some(&CSI_DRIVER),
        _ => None,
    }
}

static VOLUME: Builtin = Builtin {
    columns: &[
        NAME,
        text("Capacity", "How much the volume holds."),
        text("Access Modes", "How the volume can be mounted."),
        text(
            "Reclaim Policy",
            "What becomes of the volume without its claim.",
        ),
        text("Status", "Whether the volume is bound to a claim."),
        text("Claim", "The claim that the volume is bound to."),
        text("StorageClass", "The class of the volume."),
        text(
            "VolumeAttributesClass",
            "The class of the volume's attributes.",
        ),
        text("Reason", "Why the volume is in this state."),
        AGE,
        text("VolumeMode", "Whether the volume has a file system.").wide(),
    ],
    cells: |object, moment| {
        let claim = object.at("spec.claimRef");
        let claim = if claim.is_null() {
            String::new()
        } else {
            format!("{}/{}", claim.text("namespace"), claim.text("name"))
        };
        vec![
            object.name(),
            object.quantity("spec.capacity.storage").into(),
            modes(object.list("spec.accessModes")).into(),
            object.cell("spec.persistentVolumeReclaimPolicy"),
            phase(object),
            claim.into(),
            class(object),
            given(object, "spec.volumeAttributesClassName"),
            object.cell("status.reason"),
            object.age(moment),
            given(object, "spec.volumeMode"),
        ]
    },
    conditions: None,
};

static CLAIM: Builtin = Builtin {
    columns: &[
        NAME,
        text("Status", "Whether the claim is bound to a volume."),
        text("Volume", "The volume that the claim is bound to."),
        text("Capacity", "How much the volume holds."),
        text("Access Modes", "How the volume can be mounted."),
        text("StorageClass", "The class of the claim."),
        text(
            "VolumeAttributesClass",
            "The class of the volume's attributes.",
        ),
        AGE,
        text("VolumeMode", "Whether the volume has a file system.").wide(),
    ],
    cells: |object, moment| {
        let (capacity, shown) = if object.text("spec.volumeName").is_empty() {
            (String::new(), String::new())
        } else {
            let modes = modes(object.list("status.accessModes"));
            (object.quantity("status.capacity.storage"), modes)
        };
        vec![
            object.name(),
            phase(object),
            object.cell("spec.volumeName"),
            capacity.into(),
            shown.into(),
            class(object),
            given(object, "spec.volumeAttributesClassName"),
            object.age(moment),
            given(object, "spec.volumeMode"),
        ]
    },
    conditions: None,
};

fn phase(object: &Value) -> Value {
    if object.has("metadata.deletionTimestamp") {
        "Terminating".into()
    } else {
        object.cell("status.phase")
    }
}

/// The annotation of the first versions goes before the field.
fn class(object: &Value) -> Value {
    let old = &object.at("metadata.annotations")["volume.beta.kubernetes.io/storage-class"];
    match old.as_str() {
        Some(old) => old.into(),
        None => object.cell("spec.storageClassName"),
    }
}

fn given(object: &Value, path: &str) -> Value {
    object.given(path).unwrap_or("<unset>").into()
}

fn modes(modes: &[Value]) -> String {
    let short = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let there = short
        .iter()
        .filter(|(long, _)| modes.iter().any(|mode| mode == long));
    let there: Vec<&str> = there.map(|(_, short)| *short).collect();
    there.join(",")
}

pub(super) static CLASS: Builtin = Builtin {
    columns: &[
        NAME,
        text("Provisioner", "What makes volumes of the class."),
        text(
            "ReclaimPolicy",
            "What becomes of a volume without its claim.",
        ),
        text("VolumeBindingMode", "When a claim is bound to a volume."),
        text("AllowVolumeExpansion", "Whether volumes can grow."),
        AGE,
    ],
    cells: |object, moment| {
        let mut name = object.text("metadata.name").to_owned();
        if moment.default_class == Some(&name) {
            name.push_str(" (default)");
        }
        let policy = object.given("reclaimPolicy").unwrap_or("Delete");
        let binding = object.given("volumeBindingMode").unwrap_or("Immediate");
        vec![
            name.into(),
            object.cell("provisioner"),
            policy.into(),
            binding.into(),
            object.is("allowVolumeExpansion").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

/// The name of the class that claims without one get: of those that say so the newest, then the first by
/// name.
pub(super) fn default_class(classes: &[Value]) -> Option<&str> {
    let says = |class: &&Value| {
        let annotations = class.at("metadata.annotations");
        annotations["storageclass.kubernetes.io/is-default-class"] == "true"
            || annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true"
    };
    let key = |class: &&Value| {
        let created = age::moment(class.text("metadata.creationTimestamp"));
        (
            created,
            std::cmp::Reverse(class.text("metadata.name").to_owned()),
        )
    };
    let found = classes.iter().filter(says).max_by_key(key);
    found.map(|class| class.text("metadata.name"))
}

static ATTRIBUTES: Builtin = Builtin {
    columns: &[
        NAME,
        text("DriverName", "The driver that the attributes are for."),
        AGE,
    ],
    cells: |object, moment| vec![object.name(), object.cell("driverName"), object.age(moment)],
    conditions: None,
};

static ATTACHMENT: Builtin = Builtin {
    columns: &[
        NAME,
        named("Attacher", "What attaches the volume."),
        text("PV", "The volume."),
        text("Node", "The node that the volume is attached to."),
        boolean("Attached", "Whether the volume is attached."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.cell("spec.attacher"),
            object.cell("spec.source.persistentVolumeName"),
            object.cell("spec.nodeName"),
            object.is("status.attached").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static CSI_NODE: Builtin = Builtin {
    columns: &[
        NAME,
        integer("Drivers", "How many drivers are installed on the node."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.list("spec.drivers").len().into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static CSI_DRIVER: Builtin = Builtin {
    columns: &[
        NAME,
        boolean(
            "AttachRequired",
            "Whether volumes are attached before they are mounted.",
        ),
        boolean("PodInfoOnMount", "Whether the driver is told of the pod."),
        boolean(
            "StorageCapacity",
            "Whether the driver tells how much room it has.",
        ),
        text(
            "TokenRequests",
            "The audiences of tokens that the driver is given.",
        ),
        boolean(
            "RequiresRepublish",
            "Whether the driver is called again and again.",
        ),
        text("Modes", "The kinds of volumes that the driver supports."),
        AGE,
    ],
    cells: |object, moment| {
        let attach = object.at("spec.attachRequired").as_bool().unwrap_or(true);
        let tokens = if object.has("spec.tokenRequests") {
            joined(object.list("spec.tokenRequests"), "audience", ",")
        } else {
            "<unset>".into()
        };
        let modes = match texts(object.list("spec.volumeLifecycleModes")) {
            none if none.is_empty() => "<none>".into(),
            modes => modes,
        };
        vec![
            object.name(),
            attach.into(),
            object.is("spec.podInfoOnMount").into(),
            object.is("spec.storageCapacity").into(),
            tokens.into(),
            object.is("spec.requiresRepublish").into(),
            modes.into(),
            object.age(moment),
        ]
    },
    conditions: None,
};
