//! The union of rules, without I/O.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use api::selector::{LabelSelector, SelectorError};
use serde_json::Value;

use crate::call::array;

/// What matters of a ClusterRole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Role {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its `aggregationRule`.
    pub aggregation: Option<Value>,
    /// Its `rules`.
    pub rules: Vec<Value>,
}

impl Role {
    /// Whether its rules are those of others.
    #[must_use]
    pub fn aggregates(&self) -> bool {
        self.aggregation
            .as_ref()
            .is_some_and(|rule| !rule.is_null())
    }
}

/// The rules that the role `name` is to have: for each selector the rules of all other roles with such
/// labels, in the order of their names, each rule once. `roles` come in the order of their names. `None`
/// if the role does not aggregate.
///
/// # Errors
///
/// If a selector is malformed.
pub fn rules<'a>(
    name: &str,
    role: &Role,
    roles: impl Iterator<Item = (&'a str, &'a Role)> + Clone,
) -> Result<Option<Vec<Value>>, SelectorError> {
    let Some(aggregation) = role.aggregation.as_ref().filter(|rule| !rule.is_null()) else {
        return Ok(None);
    };
    let mut union = Vec::new();
    let mut known = HashSet::new();
    for selector in array(aggregation, "/clusterRoleSelectors") {
        let selector = LabelSelector::from_object(selector)?;
        for (other, role) in roles.clone() {
            let label = |key: &str| role.labels.get(key).map(String::as_str);
            if other == name || !selector.matches(label) {
                continue;
            }
            for rule in &role.rules {
                if known.insert(canonical(rule)) {
                    union.push(rule.clone());
                }
            }
        }
    }
    Ok(Some(union))
}

/// A rule as text in which an absent list and an empty one are the same.
fn canonical(rule: &Value) -> String {
    let Some(fields) = rule.as_object() else {
        return rule.to_string();
    };
    let full = fields.iter().filter(|(_, value)| {
        !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())
    });
    let full: serde_json::Map<String, Value> = full
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::from(full).to_string()
}
