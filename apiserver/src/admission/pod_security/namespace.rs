//! Labels of namespaces: malformed ones are refused, and stricter ones warn of the pods that break them.

use std::collections::{BTreeMap, HashSet};

use api::status::text::quote;
use serde_json::Value;

use super::checks::{Pod, reasons, violations};
use super::policy::{Policy, Rules};
use crate::admission::plugin::Lookup;
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::{Result, Status};
use crate::object;

/// How many pods are looked at, at most. Upstream stops after a second as well.
const MOST: usize = 3000;

pub(super) fn validate(request: &Request<'_>, namespace: &Value, look: &dyn Lookup) -> Result<()> {
    let (new, faults) = Policy::of(&namespace["metadata"]["labels"]);
    let (old, old_faults) = Policy::of(&request.previous()["metadata"]["labels"]);
    let is_update = request.operation == Operation::Update;
    let has_been_so = is_update && faults == old_faults;
    if !faults.is_empty() && !has_been_so {
        let (group, kind, name) = (request.group, request.kind, request.name);
        return Err(Status::invalid(group, kind, name, &faults));
    }
    if is_update && new.is_stricter(&old) {
        let name = object::name(namespace);
        for warning in warnings(name, new.enforce, look.list("", "pods", name)) {
            request.warn(warning);
        }
    }
    Ok(())
}

/// What the pods of a namespace would break, the same things told once.
fn warnings(namespace: &str, rules: Rules, pods: Vec<Value>) -> Vec<String> {
    let total = pods.len();
    let mut pods = prioritized(pods);
    pods.truncate(MOST);
    let mut told: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for pod in &pods {
        let broken = violations(rules, Pod::of(pod));
        if broken.is_empty() {
            continue;
        }
        let name = object::name(pod);
        let (first, count) = told.entry(reasons(&broken)).or_default();
        if *count == 0 || name < first.as_str() {
            name.clone_into(first);
        }
        *count += 1;
    }
    let mut warnings = Vec::new();
    if pods.len() < total {
        warnings.push(format!(
            "new PodSecurity enforce level only checked against the first {} of {total} existing pods",
            pods.len()
        ));
    }
    if !told.is_empty() {
        warnings.push(format!(
            "existing pods in namespace {} violate the new PodSecurity enforce level {}",
            quote(namespace),
            quote(&rules.to_string())
        ));
    }
    let lines = told.into_iter().map(|(what, (name, count))| match count {
        1 => format!("{name}: {what}"),
        2 => format!("{name} (and 1 other pod): {what}"),
        _ => format!("{name} (and {} other pods): {what}", count - 1),
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    warnings.extend(lines);
    warnings
}

/// One pod of each controller first, then the others.
fn prioritized(pods: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    let is_first = |pod: &Value| {
        let mut owners = tree::items(&pod["metadata"]["ownerReferences"]);
        let owner = owners.find(|owner| owner["controller"] == true);
        owner.is_none_or(|owner| seen.insert(tree::text(&owner["uid"]).to_owned()))
    };
    let (mut first, others): (Vec<Value>, Vec<Value>) = pods.into_iter().partition(is_first);
    first.extend(others);
    first
}
