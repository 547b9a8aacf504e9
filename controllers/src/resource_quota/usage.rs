//! What objects use of a quota, without I/O.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::quantity::{Format, Quantity};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::pod;
use super::scope;
use super::source::{Source, source};
use super::storage;
use crate::call::{array, text};

/// Amounts by name.
pub type Amounts = BTreeMap<String, Quantity>;

/// Adds amounts to others, name by name.
pub(super) fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        total.entry(name.clone()).or_default().add(amount);
    }
}

/// Amounts as they stand in an object; what is no quantity is left out.
#[must_use]
pub fn amounts(list: Option<&Value>) -> Amounts {
    let entries = list.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter_map(|(name, amount)| {
            let text = match amount {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            Some((name.clone(), Quantity::parse(&text).ok()?))
        })
        .collect()
}

/// The resources whose objects a quota counts.
#[must_use]
pub fn sources(quota: &Value) -> BTreeSet<Source> {
    let hard = quota.pointer("/spec/hard").and_then(Value::as_object);
    let names = hard.into_iter().flatten().map(|(name, _)| name.as_str());
    names.filter_map(source).collect()
}

/// The `status` that a quota is to have; `None` if it has it. `objects` gives those of a resource in the
/// quota's namespace, or `None` if they cannot be known: what they use stays as it was.
pub fn status(
    quota: &Value,
    objects: impl Fn(&Source) -> Option<Vec<Arc<Value>>>,
    now: Timestamp,
) -> Option<Value> {
    let hard = amounts(quota.pointer("/spec/hard"));
    let known = amounts(quota.pointer("/status/used"));
    let mut used = known.clone();
    for one in sources(quota) {
        let Some(objects) = objects(&one) else {
            continue;
        };
        let names = || {
            hard.keys()
                .filter(|name| source(name).as_ref() == Some(&one))
        };
        let mut total: Amounts = names().map(|name| (name.clone(), zero())).collect();
        for object in objects
            .iter()
            .filter(|object| scope::all(quota, &one, object))
        {
            let usage = usage(&one, object, now);
            for (name, sum) in &mut total {
                if let Some(amount) = usage.get(name) {
                    sum.add(amount);
                }
            }
        }
        used.extend(total);
    }
    used.retain(|name, _| hard.contains_key(name));
    let has = |pointer: &str| quota.pointer(pointer).is_some_and(Value::is_object);
    let same = has("/status/hard")
        && has("/status/used")
        && amounts(quota.pointer("/status/hard")) == hard
        && known == used;
    if same {
        return None;
    }
    Some(json!({"hard": printed(&hard), "used": printed(&used)}))
}

fn printed(amounts: &Amounts) -> Value {
    let entries = amounts.iter();
    let entries = entries.map(|(name, amount)| (name.clone(), Value::from(amount.to_string())));
    Value::Object(entries.collect())
}

fn usage(source: &Source, object: &Value, now: Timestamp) -> Amounts {
    let mut usage = Amounts::from([(source.count(), whole(1))]);
    if !source.group.is_empty() {
        return usage;
    }
    match source.plural.as_str() {
        "pods" => add(&mut usage, &pod::usage(object, now)),
        "services" => service(object, &mut usage),
        "persistentvolumeclaims" => storage::claim(object, &mut usage),
        other => {
            usage.insert(other.to_owned(), whole(1));
        }
    }
    usage
}

fn service(service: &Value, usage: &mut Amounts) {
    let ports = array(service, "/spec/ports");
    let balancer = text(service, "/spec/type") == "LoadBalancer";
    let node_ports = match text(service, "/spec/type") {
        "NodePort" => ports.len(),
        "LoadBalancer" => {
            let chosen = service.pointer("/spec/allocateLoadBalancerNodePorts");
            if chosen == Some(&json!(false)) {
                let given = |port: &&Value| port["nodePort"].as_i64().unwrap_or_default() != 0;
                ports.iter().filter(given).count()
            } else {
                ports.len()
            }
        }
        _ => 0,
    };
    usage.insert("services".to_owned(), whole(1));
    usage.insert(
        "services.loadbalancers".to_owned(),
        whole(i64::from(balancer)),
    );
    let node_ports = i64::try_from(node_ports).unwrap_or(i64::MAX);
    usage.insert("services.nodeports".to_owned(), whole(node_ports));
}

pub(super) fn whole(number: i64) -> Quantity {
    Quantity::new(number, Format::DecimalSi)
}

fn zero() -> Quantity {
    whole(0)
}
