//! Ingresses, network policies and addresses of services.

use serde_json::Value;

use super::column::{AGE, NAME, text};
use super::get::{Get as _, texts};
use super::{Builtin, labels, services};
use crate::status::full;

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "Ingress" => Some(&INGRESS),
        "IngressClass" => Some(&CLASS),
        "NetworkPolicy" => Some(&POLICY),
        "ServiceCIDR" => Some(&CIDR),
        "IPAddress" => Some(&ADDRESS),
        _ => None,
    }
}

static INGRESS: Builtin = Builtin {
    columns: &[
        NAME,
        text("Class", "The class whose controller serves the ingress."),
        text("Hosts", "The host names that requests are for."),
        text("Address", "Where the load balancer is."),
        text("Ports", "The ports that are open."),
        AGE,
    ],
    cells: |object, moment| {
        let ports = if object.list("spec.tls").is_empty() {
            "80"
        } else {
            "80, 443"
        };
        vec![
            object.name(),
            object
                .given("spec.ingressClassName")
                .unwrap_or("<none>")
                .into(),
            hosts(object.list("spec.rules")).into(),
            services::balancer(object).into(),
            ports.into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

fn hosts(rules: &[Value]) -> String {
    let mut hosts = Vec::new();
    let mut more = false;
    for rule in rules {
        more |= hosts.len() == 3;
        let host = rule.text("host");
        if !more && !host.is_empty() {
            hosts.push(host);
        }
    }
    match (hosts.join(","), more) {
        (hosts, _) if hosts.is_empty() => "*".into(),
        (hosts, false) => hosts,
        // Upstream counts all rules here, those without a host, too.
        (hosts, true) => format!("{hosts} + {} more...", rules.len() - 3),
    }
}

static CLASS: Builtin = Builtin {
    columns: &[
        NAME,
        text(
            "Controller",
            "The controller that serves ingresses of the class.",
        ),
        text("Parameters", "The object that tells the controller more."),
        AGE,
    ],
    cells: |object, moment| {
        let mut name = object.text("metadata.name").to_owned();
        let annotations = object.at("metadata.annotations");
        if annotations["ingressclass.kubernetes.io/is-default-class"] == "true" {
            name.push_str(" (default)");
        }
        let parameters = object.at("spec.parameters");
        let shown = match (parameters.is_null(), parameters.given("apiGroup")) {
            (true, _) => "<none>".into(),
            (false, Some(group)) => {
                format!(
                    "{}.{group}/{}",
                    parameters.text("kind"),
                    parameters.text("name")
                )
            }
            (false, None) => format!("{}/{}", parameters.text("kind"), parameters.text("name")),
        };
        vec![
            name.into(),
            object.cell("spec.controller"),
            shown.into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

static POLICY: Builtin = Builtin {
    columns: &[
        NAME,
        text("Pod-Selector", "The labels of pods that the policy is for."),
        AGE,
    ],
    cells: |object, moment| {
        let selector = object.at("spec.podSelector");
        let shown = if selector.is_null() {
            "<none>".into()
        } else {
            labels::selector(selector)
        };
        vec![object.name(), shown.into(), object.age(moment)]
    },
    conditions: None,
};

static CIDR: Builtin = Builtin {
    columns: &[
        NAME,
        text("CIDRs", "The networks that addresses are taken from."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            texts(object.list("spec.cidrs")).into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

/// Upstream gives its rows an age, but describes no column for it.
static ADDRESS: Builtin = Builtin {
    columns: &[NAME, text("ParentRef", "The object that has the address.")],
    cells: |object, moment| {
        let parent = object.at("spec.parentRef");
        let mut shown = "<none>".to_owned();
        if !parent.is_null() {
            shown = full(parent.text("group"), parent.text("resource")).to_lowercase();
            for step in ["namespace", "name"] {
                let step = (step, parent.text(step));
                if step != ("namespace", "") {
                    shown.push('/');
                    shown.push_str(step.1);
                }
            }
        }
        vec![object.name(), shown.into(), object.age(moment)]
    },
    conditions: None,
};
