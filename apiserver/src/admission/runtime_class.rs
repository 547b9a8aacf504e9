//! `RuntimeClass`: a pod costs and is scheduled as the class says by which it is run.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::{resources, tree};
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "RuntimeClass";

const OTHER_OVERHEAD: &str =
    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
const OWN_OVERHEAD: &str =
    "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuntimeClass;

impl Plugin for RuntimeClass {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation == Operation::Create
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        if !request.is_whole("", "pods") {
            return Ok(());
        }
        let Some(class) = class_of(request, object, look)? else {
            return Ok(());
        };
        if class["overhead"].is_object() {
            let fixed = &class["overhead"]["podFixed"];
            let own = &object["spec"]["overhead"];
            let has_own = tree::entries(own).next().is_some();
            if has_own && !resources::equal(own, fixed) {
                return Err(request.forbidden(Some(object), OTHER_OVERHEAD));
            }
            let fixed = fixed.is_object().then(|| fixed.clone());
            tree::set(tree::field(object, "spec"), "overhead", fixed);
        }
        if class["scheduling"].is_object() {
            schedule(request, object, &class["scheduling"])?;
        }
        Ok(())
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        look: &dyn Lookup,
    ) -> Result<()> {
        let Some(pod) = object.filter(|_| request.is_whole("", "pods")) else {
            return Ok(());
        };
        let overhead = &pod["spec"]["overhead"];
        let class = class_of(request, pod, look)?;
        match class.filter(|class| class["overhead"].is_object()) {
            Some(class) if !resources::equal(&class["overhead"]["podFixed"], overhead) => {
                Err(request.forbidden(object, OTHER_OVERHEAD))
            }
            None if overhead.is_object() => Err(request.forbidden(object, OWN_OVERHEAD)),
            _ => Ok(()),
        }
    }
}

/// The class of a pod, if it names one.
fn class_of(request: &Request<'_>, pod: &Value, look: &dyn Lookup) -> Result<Option<Value>> {
    let Some(name) = pod["spec"]["runtimeClassName"].as_str() else {
        return Ok(None);
    };
    match look.get("node.k8s.io", "runtimeclasses", "", name) {
        Some(class) => Ok(Some(class)),
        None => {
            let name = api::status::text::quote(name);
            let why = format!("pod rejected: RuntimeClass {name} not found");
            Err(request.forbidden(Some(pod), why))
        }
    }
}

/// Schedules a pod only where the class can run it.
fn schedule(request: &Request<'_>, object: &mut Value, scheduling: &Value) -> Result<()> {
    for (key, wanted) in tree::entries(&scheduling["nodeSelector"]) {
        let own = &object["spec"]["nodeSelector"][key];
        if !own.is_null() && own != wanted {
            let (own, wanted) = (tree::text(own), tree::text(wanted));
            let why = format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; \
                 pod.spec.nodeSelector[{key}] = {own}"
            );
            return Err(request.forbidden(Some(object), why));
        }
        let selector = tree::map(tree::field(object, "spec"), "nodeSelector");
        selector.insert(key.clone(), wanted.clone());
    }
    let own = tree::items(&object["spec"]["tolerations"]);
    let all: Vec<Value> = own
        .chain(tree::items(&scheduling["tolerations"]))
        .cloned()
        .collect();
    let merged = merge(&all);
    let merged = (!merged.is_empty()).then(|| merged.into());
    tree::set(tree::field(object, "spec"), "tolerations", merged);
    Ok(())
}

/// Tolerations without those that another one covers; of equal ones the first stays.
fn merge(all: &[Value]) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for (at, one) in all.iter().enumerate() {
        let later = all.get(at + 1..).unwrap_or_default();
        let is_covered = merged.iter().any(|by| covers(by, one))
            || later.iter().any(|by| by != one && covers(by, one));
        if !is_covered {
            merged.push(one.clone());
        }
    }
    merged
}

/// Whether a toleration tolerates all that another one does.
fn covers(by: &Value, one: &Value) -> bool {
    if by == one {
        return true;
    }
    let its = |key: &str| tree::text(&by[key]);
    let other = |key: &str| tree::text(&one[key]);
    let takes_all_keys = its("key").is_empty() && its("operator") == "Exists";
    if its("key") != other("key") && !takes_all_keys {
        return false;
    }
    if its("effect") != other("effect") && !its("effect").is_empty() {
        return false;
    }
    if its("effect") == "NoExecute"
        && let Some(most) = by["tolerationSeconds"].as_i64()
        && one["tolerationSeconds"]
            .as_i64()
            .is_none_or(|seconds| seconds > most)
    {
        return false;
    }
    match its("operator") {
        "" | "Equal" => other("operator") == "Equal" && its("value") == other("value"),
        "Exists" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
