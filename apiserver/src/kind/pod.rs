//! Pods.

use std::collections::BTreeMap;

use api::quantity::Quantity;
use serde_json::{Value, json};

/// The status of a pod that has just been made.
#[must_use]
pub fn first_status(pod: &Value) -> Value {
    json!({"phase": "Pending", "qosClass": qos_class(pod)})
}

/// How much a pod may count on what it asks for: everything if each container is limited to what it asks
/// for, nothing if none asks for anything (upstream's `ComputePodQOS`).
#[must_use]
pub fn qos_class(pod: &Value) -> &'static str {
    let spec = &pod["spec"];
    let (mut requests, mut limits) = (BTreeMap::new(), BTreeMap::new());
    let mut is_guaranteed = true;
    let of_pod = &spec["resources"];
    if of_pod.is_object() {
        add(&of_pod["requests"], &mut requests);
        let count = add(&of_pod["limits"], &mut limits);
        is_guaranteed = count == 2;
    } else {
        let lists = [&spec["containers"], &spec["initContainers"]];
        let containers = lists.into_iter().filter_map(Value::as_array).flatten();
        for container in containers {
            let resources = &container["resources"];
            add(&resources["requests"], &mut requests);
            // Both have to be limited.
            is_guaranteed &= add(&resources["limits"], &mut limits) == 2;
        }
    }
    if requests.is_empty() && limits.is_empty() {
        return "BestEffort";
    }
    if is_guaranteed && requests.len() == limits.len() && same(&requests, &limits) {
        return "Guaranteed";
    }
    "Burstable"
}

/// Adds the amounts of CPU and memory of a list to sums; how many of the two it has.
fn add<'a>(list: &'a Value, sums: &mut BTreeMap<&'a str, Quantity>) -> usize {
    let mut count = 0;
    for (name, amount) in list.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "cpu" | "memory") {
            continue;
        }
        let amount = amount.as_str().and_then(|text| Quantity::parse(text).ok());
        if let Some(amount) = amount.filter(|amount| amount.sign().is_gt()) {
            count += 1;
            sums.entry(name).or_default().add(&amount);
        }
    }
    count
}

fn same(a: &BTreeMap<&str, Quantity>, b: &BTreeMap<&str, Quantity>) -> bool {
    a.iter().all(|(name, amount)| {
        b.get(name).is_some_and(|other| {
            let mut rest = amount.clone();
            rest.sub(other);
            rest.is_zero()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(containers: Value) -> &'static str {
        qos_class(&json!({"spec": {"containers": containers}}))
    }

    #[test]
    fn classes() {
        let both = json!({"cpu": "1", "memory": "1Gi"});
        assert_eq!(class(json!([{}])), "BestEffort");
        assert_eq!(
            class(json!([{"resources": {"requests": {"cpu": "0"}}}])),
            "BestEffort"
        );
        assert_eq!(
            class(json!([{"resources": {"requests": {"cpu": "1"}}}])),
            "Burstable"
        );
        assert_eq!(
            class(json!([{"resources": {"requests": both, "limits": both}}])),
            "Guaranteed"
        );
        let same = json!({"cpu": "1000m", "memory": "1024Mi"});
        assert_eq!(
            class(json!([{"resources": {"requests": same, "limits": both}}])),
            "Guaranteed"
        );
        assert_eq!(
            class(json!([{"resources": {"requests": both, "limits": both}}, {}])),
            "Burstable"
        );
        assert_eq!(
            class(json!([{"resources": {"limits": {"cpu": "1"}}}])),
            "Burstable"
        );
    }
}
