//! Bringing roles and bindings to what they should be, keeping what users added (upstream's
//! `rbac/reconciliation`, without the removal of what is too much).

use serde_json::{Map, Value};

use super::covers::uncovered;
use super::{RoleRef, Rule};

/// The annotation by which users keep an object from being changed: `"false"`.
const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The object is to be made.
    Create(Value),
    /// The object is to be replaced by this.
    Update(Value),
    /// The object is to be deleted, then made: the role that a binding gives cannot be changed.
    Recreate(Value),
}

/// What has to be done for a role or binding to allow at least what is wanted; nothing, if it does
/// already or has the annotation `autoupdate` on `"false"`. Annotations and labels that are wanted
/// are added, those that are there stay as they are.
#[must_use]
pub fn reconcile(existing: Option<&Value>, wanted: &Value) -> Option<Change> {
    let Some(existing) = existing else {
        return Some(Change::Create(wanted.clone()));
    };
    let annotations = &existing["metadata"]["annotations"];
    if annotations.get(AUTO_UPDATE).and_then(Value::as_str) == Some("false") {
        return None;
    }
    let is_binding = wanted.get("roleRef").is_some();
    if is_binding && RoleRef::of(existing) != RoleRef::of(wanted) {
        return Some(Change::Recreate(wanted.clone()));
    }
    let mut new = existing.clone();
    for key in ["annotations", "labels"] {
        add_missing(&mut new, &wanted["metadata"][key], key);
    }
    match is_binding {
        true => add_subjects(&mut new, existing, wanted),
        false => {
            add_rules(&mut new, existing, wanted);
            add_aggregation(&mut new, existing, wanted);
        }
    }
    (new != *existing).then_some(Change::Update(new))
}

fn add_missing(object: &mut Value, wanted: &Value, key: &str) {
    let Some(wanted) = wanted.as_object().filter(|wanted| !wanted.is_empty()) else {
        return;
    };
    let metadata = member(object, "metadata");
    let found = member(metadata, key);
    if let Some(found) = found.as_object_mut() {
        for (key, value) in wanted {
            found.entry(key).or_insert_with(|| value.clone());
        }
    }
}

fn add_subjects(new: &mut Value, existing: &Value, wanted: &Value) {
    let part = |subject: &Value| {
        ["kind", "apiGroup", "name", "namespace"].map(|key| {
            let found = subject.get(key).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        })
    };
    let known: Vec<_> = list(existing, "subjects").iter().map(part).collect();
    let mut missing: Vec<Value> = Vec::new();
    for subject in list(wanted, "subjects") {
        if !known.contains(&part(subject)) && !missing.contains(subject) {
            missing.push(subject.clone());
        }
    }
    extend(new, "subjects", missing);
}

fn add_rules(new: &mut Value, existing: &Value, wanted: &Value) {
    let missing = uncovered(&Rule::list_of(existing), &Rule::list_of(wanted));
    extend(new, "rules", missing.iter().map(Rule::to_value).collect());
}

fn add_aggregation(new: &mut Value, existing: &Value, wanted: &Value) {
    let is_set = |role: &Value| role.get("aggregationRule").is_some_and(Value::is_object);
    match (is_set(existing), is_set(wanted)) {
        (true, false) => {
            new.as_object_mut().map(|new| new.remove("aggregationRule"));
        }
        (_, true) => {
            let selectors =
                |role: &Value| list(&role["aggregationRule"], "clusterRoleSelectors").to_vec();
            let known = selectors(existing);
            let missing = selectors(wanted);
            let missing: Vec<Value> = missing
                .into_iter()
                .filter(|selector| !known.contains(selector))
                .collect();
            if !missing.is_empty() {
                extend(
                    member(new, "aggregationRule"),
                    "clusterRoleSelectors",
                    missing,
                );
            }
        }
        (false, false) => {}
    }
}

fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    let found = object.get(key).and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

fn extend(object: &mut Value, key: &str, more: Vec<Value>) {
    if more.is_empty() {
        return;
    }
    let Some(object) = object.as_object_mut() else {
        return;
    };
    let found = object.entry(key).or_insert(Value::Null);
    match found {
        Value::Array(found) => found.extend(more),
        found => *found = more.into(),
    }
}

/// An object's member that is an object itself, made if there is none.
fn member<'a>(object: &'a mut Value, key: &str) -> &'a mut Value {
    if !object.is_object() {
        *object = Map::new().into();
    }
    let found = &mut object[key];
    if !found.is_object() {
        *found = Map::new().into();
    }
    found
}
