//! Cluster roles that are made of others (upstream's `clusterroleaggregation` controller).

use std::collections::HashSet;

use serde_json::Value;

use super::Rule;

/// A cluster role whose rules have to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregated {
    /// The cluster role's name.
    pub name: String,
    /// The rules it is to have.
    pub rules: Vec<Rule>,
}

/// What has to change for cluster roles with an `aggregationRule` to have the rules of those that
/// they select. One pass: roles that are made of others which are made of others need more, as
/// upstream does.
#[must_use]
pub fn aggregate(roles: &[Value]) -> Vec<Aggregated> {
    let mut sorted: Vec<(&str, &Value)> = roles.iter().map(|role| (name(role), role)).collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut changes = Vec::new();
    for (own, role) in &sorted {
        let Some(rule) = role.get("aggregationRule").filter(|rule| rule.is_object()) else {
            continue;
        };
        let selectors = rule["clusterRoleSelectors"].as_array();
        let (mut wanted, mut known) = (Vec::new(), HashSet::new());
        for selector in selectors.into_iter().flatten() {
            let others = sorted.iter().filter(|(name, _)| name != own);
            let selected = others.filter(|(_, other)| selects(selector, &other["metadata"]));
            for rule in selected.flat_map(|(_, other)| Rule::list_of(other)) {
                if known.insert(rule.clone()) {
                    wanted.push(rule);
                }
            }
        }
        if wanted != Rule::list_of(role) {
            changes.push(Aggregated {
                name: (*own).to_owned(),
                rules: wanted,
            });
        }
    }
    changes
}

/// Whether a label selector selects what has these metadata. One that cannot be read selects
/// nothing.
fn selects(selector: &Value, metadata: &Value) -> bool {
    let label = |key: &str| metadata["labels"].get(key).and_then(Value::as_str);
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let mut labels = labels.into_iter().flatten();
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    let mut expressions = expressions.into_iter().flatten();
    labels.all(|(key, value)| {
        value
            .as_str()
            .is_some_and(|value| label(key) == Some(value))
    }) && expressions.all(|one| {
        let found = label(one["key"].as_str().unwrap_or_default());
        let values = one["values"].as_array();
        let mut values = values.into_iter().flatten().filter_map(Value::as_str);
        match one["operator"].as_str().unwrap_or_default() {
            "In" => found.is_some_and(|found| values.any(|value| value == found)),
            "NotIn" => found.is_none_or(|found| !values.any(|value| value == found)),
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => false,
        }
    })
}

fn name(role: &Value) -> &str {
    role["metadata"]["name"].as_str().unwrap_or_default()
}
