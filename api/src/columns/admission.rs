//! What admits requests, and in which order they are served.

use serde_json::Value;

use super::column::{AGE, Column, NAME, integer, text};
use super::get::{Get as _, condition};
use super::{Builtin, labels};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => Some(&WEBHOOKS),
        "ValidatingAdmissionPolicy" => Some(&VALIDATING),
        "MutatingAdmissionPolicy" => Some(&MUTATING),
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => Some(&BINDING),
        _ => None,
    }
}

pub(super) fn flow(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "FlowSchema" => Some(&FLOW),
        "PriorityLevelConfiguration" => Some(&LEVEL),
        _ => None,
    }
}

static WEBHOOKS: Builtin = Builtin {
    columns: &[
        NAME,
        integer("Webhooks", "How many webhooks there are."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.list("webhooks").len().into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

const PARAM_KIND: Column = text(
    "ParamKind",
    "The kind of objects that the policy reads besides.",
);

static VALIDATING: Builtin = Builtin {
    columns: &[
        NAME,
        integer("Validations", "How many rules the policy has."),
        PARAM_KIND,
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.list("spec.validations").len().into(),
            param_kind(object),
            object.age(moment),
        ]
    },
    conditions: None,
};

static MUTATING: Builtin = Builtin {
    columns: &[
        NAME,
        integer("Mutations", "How many changes the policy makes."),
        PARAM_KIND,
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            object.list("spec.mutations").len().into(),
            param_kind(object),
            object.age(moment),
        ]
    },
    conditions: None,
};

fn param_kind(policy: &Value) -> Value {
    let kind = policy.at("spec.paramKind");
    if kind.is_null() {
        return "<unset>".into();
    }
    format!("{}/{}", kind.text("apiVersion"), kind.text("kind")).into()
}

static BINDING: Builtin = Builtin {
    columns: &[
        NAME,
        text("PolicyName", "The policy that is put to use."),
        text("ParamRef", "The object that the policy reads besides."),
        AGE,
    ],
    cells: |object, moment| {
        let param = object.at("spec.paramRef");
        let shown = match (param.text("name"), param.text_or("namespace", "*")) {
            ("", _) if param.has("selector") => labels::fields(param.at("selector")),
            ("", _) => "<unset>".into(),
            (name, namespace) => format!("{namespace}/{name}"),
        };
        vec![
            object.name(),
            object.cell("spec.policyName"),
            shown.into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static FLOW: Builtin = Builtin {
    columns: &[
        NAME,
        text("PriorityLevel", "The level that matching requests are of."),
        text(
            "MatchingPrecedence",
            "Which schema is asked first; the lowest is.",
        ),
        text(
            "DistinguisherMethod",
            "What parts matching requests into flows.",
        ),
        AGE,
        text("MissingPL", "Whether there is no such level."),
    ],
    cells: |object, moment| {
        let method = object.at("spec.distinguisherMethod");
        let method = if method.is_null() {
            "<none>"
        } else {
            method.text("type")
        };
        let dangling = condition(object.list("status.conditions"), "Dangling");
        vec![
            object.name(),
            object.cell("spec.priorityLevelConfiguration.name"),
            object.int("spec.matchingPrecedence").into(),
            method.into(),
            object.age(moment),
            dangling.map_or("?", |it| it.text("status")).into(),
        ]
    },
    conditions: None,
};

static LEVEL: Builtin = Builtin {
    columns: &[
        NAME,
        text("Type", "Whether the level is limited."),
        text(
            "NominalConcurrencyShares",
            "The level's share of the server.",
        ),
        text("Queues", "How many queues the level has."),
        text("HandSize", "How many queues a flow may be put into."),
        text("QueueLengthLimit", "How many requests a queue holds."),
        AGE,
    ],
    cells: |object, moment| {
        let limited = object.at("spec.limited");
        let queuing = limited.at("limitResponse.queuing");
        let number = |of: &Value, path: &str| -> Value {
            if of.is_null() {
                "<none>".into()
            } else {
                of.at(path).clone()
            }
        };
        let queue = |path: &str| -> Value {
            if queuing.is_null() {
                "<none>".into()
            } else {
                queuing.int(path).into()
            }
        };
        vec![
            object.name(),
            object.cell("spec.type"),
            number(limited, "nominalConcurrencyShares"),
            queue("queues"),
            queue("handSize"),
            queue("queueLengthLimit"),
            object.age(moment),
        ]
    },
    conditions: None,
};
