//! Services and what stands behind them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::column::{AGE, NAME, text};
use super::get::{Get as _, some, texts};
use super::{Builtin, labels};

pub(super) fn kind(kind: &str) -> Option<&'static Builtin> {
    match kind {
        "Service" => Some(&SERVICE),
        "Endpoints" => Some(&ENDPOINTS),
        _ => None,
    }
}

pub(super) fn discovery(kind: &str) -> Option<&'static Builtin> {
    (kind == "EndpointSlice").then_some(&SLICE)
}

static SERVICE: Builtin = Builtin {
    columns: &[
        NAME,
        text("Type", "How the service can be reached."),
        text("Cluster-IP", "The address within the cluster."),
        text("External-IP", "The addresses from outside of the cluster."),
        text("Port(s)", "The ports, with those of nodes behind a colon."),
        AGE,
        text("Selector", "The labels that pods are chosen by.").wide(),
    ],
    cells: |object, moment| {
        let first = object.list("spec.clusterIPs").first();
        let address = match first {
            Some(first) => first.as_str().unwrap_or_default(),
            None => object.text_or("spec.clusterIP", "<none>"),
        };
        vec![
            object.name(),
            object.text_or("spec.type", "ClusterIP").into(),
            address.into(),
            external(object).into(),
            ports(object.list("spec.ports")).into(),
            object.age(moment),
            labels::labels(object.at("spec.selector")).into(),
        ]
    },
    conditions: None,
};

fn external(service: &Value) -> String {
    let given = texts(service.list("spec.externalIPs"));
    match service.text_or("spec.type", "ClusterIP") {
        "ClusterIP" | "NodePort" if given.is_empty() => "<none>".into(),
        "ClusterIP" | "NodePort" => given,
        "LoadBalancer" => match (balancer(service), given) {
            (ingress, given) if ingress.is_empty() && given.is_empty() => "<pending>".into(),
            (ingress, given) if given.is_empty() => ingress,
            (ingress, given) if ingress.is_empty() => given,
            (ingress, given) => format!("{ingress},{given}"),
        },
        "ExternalName" => service.text("spec.externalName").to_owned(),
        _ => "<unknown>".into(),
    }
}

/// The addresses that a load balancer gave, sorted, each once.
pub(super) fn balancer(object: &Value) -> String {
    let ingress = object.list("status.loadBalancer.ingress").iter();
    let addresses = ingress.map(|it| it.text_or("ip", it.text("hostname")));
    let addresses: BTreeSet<&str> = addresses.filter(|it| !it.is_empty()).collect();
    addresses.into_iter().collect::<Vec<_>>().join(",")
}

fn ports(ports: &[Value]) -> String {
    let texts: Vec<String> = ports
        .iter()
        .map(|port| {
            let (number, protocol) = (port.int("port"), port.text_or("protocol", "TCP"));
            match port.int("nodePort") {
                node @ 1.. => format!("{number}:{node}/{protocol}"),
                _ => format!("{number}/{protocol}"),
            }
        })
        .collect();
    if texts.is_empty() {
        "<none>".into()
    } else {
        texts.join(",")
    }
}

static ENDPOINTS: Builtin = Builtin {
    columns: &[
        NAME,
        text("Endpoints", "The addresses and ports behind the service."),
        AGE,
    ],
    cells: |object, moment| {
        vec![
            object.name(),
            endpoints(object.list("subsets")).into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

fn endpoints(subsets: &[Value]) -> String {
    if subsets.is_empty() {
        return "<none>".into();
    }
    let mut all = Vec::new();
    for subset in subsets {
        let addresses = || subset.list("addresses").iter().map(|it| it.text("ip"));
        let ports = subset.list("ports");
        if ports.is_empty() {
            all.extend(addresses().map(str::to_owned));
        }
        for port in ports {
            let port = port.int("port");
            all.extend(addresses().map(|address| {
                if address.contains(':') {
                    format!("[{address}]:{port}")
                } else {
                    format!("{address}:{port}")
                }
            }));
        }
    }
    some(&all, 3)
}

static SLICE: Builtin = Builtin {
    columns: &[
        NAME,
        text("AddressType", "What kind of addresses they are."),
        text("Ports", "The ports of each endpoint."),
        text("Endpoints", "The addresses of the endpoints."),
        AGE,
    ],
    cells: |object, moment| {
        let ports = object.list("ports").iter();
        // A port without a name has the empty one by default.
        let ports = ports.map(|port| match port.at("port").as_i64() {
            Some(number) => number.to_string(),
            None => port.text("name").to_owned(),
        });
        let ports: Vec<String> = ports.collect();
        let endpoints = object.list("endpoints").iter();
        let addresses = endpoints.flat_map(|it| it.list("addresses"));
        let addresses = addresses.map(|it| it.as_str().unwrap_or_default().to_owned());
        let addresses: Vec<String> = addresses.collect();
        vec![
            object.name(),
            object.cell("addressType"),
            some_or_unset(&ports).into(),
            some_or_unset(&addresses).into(),
            object.age(moment),
        ]
    },
    conditions: None,
};

fn some_or_unset(all: &[String]) -> String {
    match some(all, 3) {
        none if none.is_empty() => "<unset>".into(),
        shown => shown,
    }
}
