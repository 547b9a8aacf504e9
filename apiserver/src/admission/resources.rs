//! Amounts of resources by name: read from objects, added, compared, and summed over the containers of a
//! pod (component-helpers' `resource`, the API server library's `quota/v1`).

use std::collections::BTreeMap;

use api::quantity::Quantity;
use serde_json::Value;

use super::tree;

/// Amounts by the names of their resources.
pub type Amounts = BTreeMap<String, Quantity>;

/// A quantity of an object; `None` if it is none.
#[must_use]
pub fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text).ok(),
        Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
        _ => None,
    }
}

/// The amounts of a map; what is no quantity counts as nothing.
#[must_use]
pub fn amounts(value: &Value) -> Amounts {
    let read = |(name, of): (&String, &Value)| (name.clone(), quantity(of).unwrap_or_default());
    tree::entries(value).map(read).collect()
}

/// Amounts as an object has them.
#[must_use]
pub fn to_value(amounts: &Amounts) -> Value {
    let written = |(name, of): (&String, &Quantity)| (name.clone(), of.to_string().into());
    Value::Object(amounts.iter().map(written).collect())
}

/// Adds amounts to amounts.
pub fn add(to: &mut Amounts, others: &Amounts) {
    for (name, other) in others {
        match to.get_mut(name) {
            Some(found) => found.add(other),
            None => {
                to.insert(name.clone(), other.clone());
            }
        }
    }
}

/// Makes each amount at least as much as another one.
pub fn raise(to: &mut Amounts, others: &Amounts) {
    for (name, other) in others {
        if to.get(name).is_none_or(|found| other > found) {
            to.insert(name.clone(), other.clone());
        }
    }
}

/// The amounts whose names are wanted.
#[must_use]
pub fn mask(of: &Amounts, wanted: impl Fn(&str) -> bool) -> Amounts {
    let kept = of.iter().filter(|(name, _)| wanted(name));
    kept.map(|(name, amount)| (name.clone(), amount.clone()))
        .collect()
}

/// Whether both are the same, however they are written.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> bool {
    amounts(a) == amounts(b)
}

/// What the containers of a pod come to together: init containers run one after another, those that go on
/// running count with all that come after them.
fn over_containers(pod: &Value, of: impl Fn(&Value) -> Amounts) -> Amounts {
    let spec = &pod["spec"];
    let mut sum = Amounts::new();
    for container in tree::items(&spec["containers"]) {
        add(&mut sum, &of(container));
    }
    let mut running = Amounts::new();
    let mut most = Amounts::new();
    for container in tree::items(&spec["initContainers"]) {
        let mut own = of(container);
        if tree::text(&container["restartPolicy"]) == "Always" {
            add(&mut sum, &own);
            add(&mut running, &own);
            raise(&mut most, &running);
        } else {
            add(&mut own, &running);
            raise(&mut most, &own);
        }
    }
    raise(&mut sum, &most);
    sum
}

/// What a pod asks for by its containers alone; `field` is `requests` or `limits`.
#[must_use]
pub fn by_containers(pod: &Value, field: &str) -> Amounts {
    over_containers(pod, |container| amounts(&container["resources"][field]))
}

/// Whether a pod can ask for such a resource as a whole.
fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// Whether a pod asks for resources as a whole.
#[must_use]
pub fn has_pod_level(pod: &Value) -> bool {
    let resources = &pod["spec"]["resources"];
    let mut names =
        tree::entries(&resources["requests"]).chain(tree::entries(&resources["limits"]));
    names.any(|(name, _)| is_pod_level(name))
}

/// Replaces sums by what the pod asks for as a whole, and adds what running it costs besides.
fn whole(pod: &Value, mut sum: Amounts, field: &str) -> Amounts {
    for (name, amount) in amounts(&pod["spec"]["resources"][field]) {
        if is_pod_level(&name) {
            sum.insert(name, amount);
        }
    }
    for (name, more) in amounts(&pod["spec"]["overhead"]) {
        match sum.get_mut(&name) {
            Some(found) if field == "requests" || !found.is_zero() => found.add(&more),
            None if field == "requests" => {
                sum.insert(name, more);
            }
            _ => {}
        }
    }
    sum
}

/// What a pod asks for by its spec.
#[must_use]
pub fn requested(pod: &Value) -> Amounts {
    whole(pod, by_containers(pod, "requests"), "requests")
}

/// The most a pod asks for or still has, while it is resized; `field` is `requests` or `limits`.
#[must_use]
pub fn held(pod: &Value, field: &str) -> Amounts {
    let is_infeasible = tree::items(&pod["status"]["conditions"])
        .find(|condition| condition["type"] == "PodResizePending")
        .is_some_and(|condition| condition["reason"] == "Infeasible");
    let status = |container: &Value| -> &Value {
        let all = ["containerStatuses", "initContainerStatuses"];
        let mut all = all.iter().flat_map(|of| tree::items(&pod["status"][*of]));
        let found = all.find(|status| status["name"] == container["name"]);
        found.unwrap_or(&tree::NULL)
    };
    let spec = |container: &Value| match is_infeasible {
        true => Amounts::new(),
        false => amounts(&container["resources"][field]),
    };
    let allocated = |container: &Value| match &status(container)["allocatedResources"] {
        Value::Object(_) if field == "requests" => {
            amounts(&status(container)["allocatedResources"])
        }
        _ => spec(container),
    };
    let actuated = |container: &Value| match &status(container)["resources"][field] {
        found @ Value::Object(_) => amounts(found),
        _ => allocated(container),
    };
    let mut sum = over_containers(pod, actuated);
    raise(&mut sum, &over_containers(pod, allocated));
    if !is_infeasible {
        raise(&mut sum, &by_containers(pod, field));
    }
    whole(pod, sum, field)
}

#[cfg(test)]
mod tests;
