//! `PodSecurity`: pods do no more than their namespace lets them (the module `pod-security-admission` of
//! kubernetes). There are no exemptions, and namespaces that say nothing let everything be.

mod baseline;
mod checks;
mod namespace;
mod policy;
mod restricted;

use api::status::text::quote;
use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::{Result, Status};

pub use checks::{Pod, Violation, details, violations};
pub use policy::{Level, Policy, Rules, Version};

/// The plugin's name.
pub const NAME: &str = "PodSecurity";

const PREFIX: &str = "pod-security.kubernetes.io/";

/// Parts of pods that change nothing of what they may.
const IGNORED: [&str; 8] = [
    "exec",
    "attach",
    "binding",
    "eviction",
    "log",
    "portforward",
    "proxy",
    "status",
];

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodSecurity;

impl Plugin for PodSecurity {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        look: &dyn Lookup,
    ) -> Result<()> {
        let Some(object) = object else {
            return Ok(());
        };
        if request.is_whole("", "namespaces") {
            return namespace::validate(request, object, look);
        }
        if request.is_of("", "pods") {
            return validate_pod(request, object, look);
        }
        if request.subresource.is_empty()
            && let Some(template) = template(request, object)
        {
            warn_of(request, template, look);
        }
        Ok(())
    }
}

/// The template of a kind that makes pods.
fn template<'a>(request: &Request<'_>, object: &'a Value) -> Option<&'a Value> {
    let template = match (request.group, request.resource) {
        ("", "podtemplates") => &object["template"],
        ("", "replicationcontrollers")
        | ("apps", "replicasets" | "deployments" | "statefulsets" | "daemonsets")
        | ("batch", "jobs") => &object["spec"]["template"],
        ("batch", "cronjobs") => &object["spec"]["jobTemplate"]["spec"]["template"],
        _ => return None,
    };
    Some(template).filter(|template| template.is_object())
}

fn note(request: &Request<'_>, key: &str, text: String) {
    let mut audit = request.notes.audit.lock();
    audit.insert(format!("{PREFIX}{key}"), text);
}

fn validate_pod(request: &Request<'_>, object: &Value, look: &dyn Lookup) -> Result<()> {
    if IGNORED.contains(&request.subresource) {
        return Ok(());
    }
    let Some(namespace) = look.get("", "namespaces", "", request.namespace) else {
        let name = quote(request.namespace);
        return Err(Status::internal(format!(
            "failed to lookup namespace {name}"
        )));
    };
    let (policy, faults) = Policy::of(&namespace["metadata"]["labels"]);
    if faults.is_empty() && policy.is_privileged() {
        note(request, "enforce-policy", Rules::PRIVILEGED.to_string());
        return Ok(());
    }
    let is_update = request.operation == Operation::Update;
    if is_update && !is_significant(object, request.previous()) {
        return Ok(());
    }
    let pod = Pod::of(object);
    note_faults(request, &faults);
    note(request, "enforce-policy", policy.enforce.to_string());
    let broken = violations(policy.enforce, pod);
    if !broken.is_empty() {
        note_violations(request, policy.audit, pod);
        let why = format!(
            "violates PodSecurity {}: {}",
            quote(&policy.enforce.to_string()),
            checks::details(&broken)
        );
        let (group, resource) = (request.group, request.resource);
        return Err(Status::forbidden(group, resource, request.name, why));
    }
    note_violations(request, policy.audit, pod);
    warn(request, policy.warn, pod);
    Ok(())
}

/// What makes pods is not refused, but the client is told what its pods will be.
fn warn_of(request: &Request<'_>, template: &Value, look: &dyn Lookup) {
    let Some(namespace) = look.get("", "namespaces", "", request.namespace) else {
        let name = request.namespace;
        let missing = Status::not_found("", "namespaces", name);
        let text = format!("failed to lookup namespace {}: {missing}", quote(name));
        return note(request, "error", text);
    };
    let (policy, faults) = Policy::of(&namespace["metadata"]["labels"]);
    let is_silent =
        policy.warn.level == Level::Privileged && policy.audit.level == Level::Privileged;
    if faults.is_empty() && is_silent {
        return;
    }
    let pod = Pod::of(template);
    note_faults(request, &faults);
    note_violations(request, policy.audit, pod);
    warn(request, policy.warn, pod);
}

fn note_faults(request: &Request<'_>, faults: &[api::status::field::Error]) {
    if let Some(told) = api::status::field::aggregate(faults) {
        note(request, "error", format!("Failed to parse policy: {told}"));
    }
}

fn would(rules: Rules, pod: Pod<'_>) -> Option<String> {
    let broken = violations(rules, pod);
    (!broken.is_empty()).then(|| {
        let rules = quote(&rules.to_string());
        format!(
            "would violate PodSecurity {rules}: {}",
            checks::details(&broken)
        )
    })
}

fn note_violations(request: &Request<'_>, rules: Rules, pod: Pod<'_>) {
    if let Some(text) = would(rules, pod) {
        note(request, "audit-violations", text);
    }
}

fn warn(request: &Request<'_>, rules: Rules, pod: Pod<'_>) {
    if let Some(text) = would(rules, pod) {
        request.warn(text);
    }
}

/// Whether an update changes what is run.
fn is_significant(new: &Value, old: &Value) -> bool {
    let images = |pod: &Value, field: &str| -> Vec<String> {
        let all = tree::items(&pod["spec"][field]);
        all.map(|it| tree::text(&it["image"]).to_owned()).collect()
    };
    let differs = |field: &str| images(new, field) != images(old, field);
    let is_known = |container: &Value| {
        let mut all = tree::items(&old["spec"]["ephemeralContainers"]);
        let found = all.find(|it| it["name"] == container["name"]);
        found.is_some_and(|it| tree::text(&it["image"]) == tree::text(&container["image"]))
    };
    differs("containers")
        || differs("initContainers")
        || !tree::items(&new["spec"]["ephemeralContainers"]).all(is_known)
}

#[cfg(test)]
mod tests;
