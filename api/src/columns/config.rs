//! Namespaces, what configures pods, who may do what, further servers.

use serde_json::Value;

use super::column::{AGE, Column, NAME, text};
use super::get::{Get as _, condition, joined};
use super::{AGED, Builtin};
use crate::status::full;

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "Namespace" => Some(&NAMESPACE),
        "Secret" => Some(&SECRET),
        "ConfigMap" => Some(&CONFIG_MAP),
        "ServiceAccount" => Some(&AGED),
        "ResourceQuota" => Some(&QUOTA),
        _ => None,
    }
}

pub(super) fn bindings(kind: &str) -> Option<&'static Builtin> {
    matches!(kind, "RoleBinding" | "ClusterRoleBinding").then_some(&BINDING)
}

pub(super) fn servers(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "APIService" => Some(&API_SERVICE),
        "StorageVersionMigration" => Some(&MIGRATION),
        _ => None,
    }
}

static NAMESPACE: Builtin = Builtin {
    columns: &[
        NAME,
        text("Status", "Whether the namespace is in use or going."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.cell("status.phase"),
            object.age(moment),
        ]
    },
    conditions: None,
};

static SECRET: Builtin = Builtin {
    columns: &[
        NAME,
        text("Type", "What the secret is for."),
        text("Data", "How many values the secret holds."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.cell("type"),
            count(object, "data").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static CONFIG_MAP: Builtin = Builtin {
    columns: &[NAME, text("Data", "How many values the map holds."), AGE],
    cells: |object, moment| {
        let values = count(object, "data") + count(object, "binaryData");
        vec![object.name(), values.into(), object.age(moment)]
    },
    conditions: None,
};

fn count(object: &Value, path: &str) -> usize {
    object.at(path).as_object().map_or(0, serde_json::Map::len)
}

static QUOTA: Builtin = Builtin {
    columns: &[
        NAME,
        text("Request", "What is used of what may be asked for."),
        text("Limit", "What is used of what limits may add up to."),
        AGE,
    ],
    cells: |object, moment| {
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        let hard = object.at("status.hard").as_object().into_iter().flatten();
        let used = object.at("status.used");
        for (resource, _) in hard {
            // The names have dots of their own, so that they are no paths.
            let amount = |of: &Value| of.get(resource).map_or("0".into(), super::get::shown);
            let text = format!(
                "{resource}: {}/{}",
                amount(used),
                amount(object.at("status.hard"))
            );
            if resource.starts_with("limits.") {
                limits.push(text);
            } else {
                requests.push(text);
            }
        }
        vec![
            object.name(),
            requests.join(", ").into(),
            limits.join(", ").into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

const BINDING_COLUMNS: [Column; 6] = [
    NAME,
    text("Role", "What the subjects may do."),
    AGE,
    text("Users", "The users who may.").wide(),
    text("Groups", "The groups who may.").wide(),
    text("ServiceAccounts", "The service accounts who may.").wide(),
];

static BINDING: Builtin = Builtin {
    columns: &BINDING_COLUMNS,
    cells: |object, moment| {
        let role = object.at("roleRef");
        let subjects = object.list("subjects");
        let of = |kind: &str| -> Vec<Value> {
            let those = subjects.iter().filter(|it| it.text("kind") == kind);
            those.cloned().collect()
        };
        let accounts: Vec<String> = of("ServiceAccount")
            .iter()
            .map(|it| format!("{}/{}", it.text("namespace"), it.text("name")))
            .collect();
        vec![
            object.name(),
            format!("{}/{}", role.text("kind"), role.text("name")).into(),
            object.age(moment),
            joined(&of("User"), "name", ", ").into(),
            joined(&of("Group"), "name", ", ").into(),
            accounts.join(", ").into(),
        ]
    },
    conditions: None,
};

static API_SERVICE: Builtin = Builtin {
    columns: &[
        NAME,
        text(
            "Service",
            "The service that serves the version, or this server.",
        ),
        text("Available", "Whether the version is served."),
        AGE,
    ],
    cells: |object, moment| {
        let service = object.at("spec.service");
        let service = if service.is_null() {
            "Local".into()
        } else {
            format!("{}/{}", service.text("namespace"), service.text("name"))
        };
        let available = condition(object.list("status.conditions"), "Available");
        let available = match available.map(|it| (it.text("status"), it.text("reason"))) {
            None => "Unknown".into(),
            Some((status @ "True", _) | (status, "")) => status.to_owned(),
            Some((status, reason)) => format!("{status} ({reason})"),
        };
        vec![
            object.name(),
            service.into(),
            available.into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static MIGRATION: Builtin = Builtin {
    columns: &[
        text("Name", "The name of the object."),
        text("Resource", "The resource whose objects are written anew."),
        text("Status", "How far the migration is."),
    ],
    cells: |object, _| {
        let resource = object.at("spec.resource");
        let resource = full(resource.text("group"), resource.text("resource"));
        let conditions = object.list("status.conditions").iter().rev();
        let mut told = conditions.filter(|it| it.text("status") == "True");
        let state = told.find(|it| matches!(it.text("type"), "Running" | "Failed" | "Succeeded"));
        let state = state.map_or("Unknown", |it| it.text("type"));
        vec![object.name(), resource.into(), state.into()]
    },
    conditions: None,
};
