//! The conditions of a terminating namespace, in upstream's words.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// How the emptying of a namespace went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many groups could not be discovered, and client-go's words for that.
    pub discovery: Option<(usize, String)>,
    /// A group version that is none.
    pub parsing: Option<String>,
    /// Why objects could not be deleted.
    pub content: Vec<String>,
    /// Objects that are left, by `plural.group`.
    pub remaining: BTreeMap<String, usize>,
    /// Objects that are left, by finalizer.
    pub finalizers: BTreeMap<String, usize>,
}

impl Outcome {
    /// Notes that objects of a resource are left.
    pub fn remain(&mut self, plural: &str, group: &str, objects: usize) {
        self.remaining.insert(format!("{plural}.{group}"), objects);
    }
}

/// A condition apart from its time.
struct Condition {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

/// Brings `status.conditions` up to `outcome`; `now` is the time of transitions. Tells whether any changed.
pub fn update(status: &mut Value, outcome: &Outcome, now: &str) -> bool {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else {
        return false;
    };
    let mut changed = false;
    for new in all(outcome) {
        let fields = json!({
            "type": new.kind,
            "status": new.status,
            "reason": new.reason,
            "message": new.message,
            "lastTransitionTime": now,
        });
        let Some(old) = conditions.iter_mut().find(|old| old["type"] == new.kind) else {
            conditions.push(fields);
            changed = true;
            continue;
        };
        let same = |key: &str| old[key] == fields[key];
        if same("status") && same("reason") && same("message") {
            continue;
        }
        let time = if same("status") {
            old["lastTransitionTime"].take()
        } else {
            fields["lastTransitionTime"].clone()
        };
        *old = fields;
        old["lastTransitionTime"] = time;
        changed = true;
    }
    changed
}

fn all(outcome: &Outcome) -> [Condition; 5] {
    [
        condition(
            "NamespaceDeletionDiscoveryFailure",
            (
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            "DiscoveryFailed",
            outcome.discovery.as_ref().map(|(groups, text)| {
                format!("Discovery failed for some groups, {groups} failing: {text}")
            }),
        ),
        condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            (
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            "GroupVersionParsingFailed",
            outcome.parsing.clone(),
        ),
        condition(
            "NamespaceDeletionContentFailure",
            (
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            "ContentDeletionFailed",
            failed(&outcome.content),
        ),
        condition(
            "NamespaceContentRemaining",
            ("ContentRemoved", "All content successfully removed"),
            "SomeResourcesRemain",
            counted(
                &outcome.remaining,
                "Some resources are remaining",
                |name, objects| format!("{name} has {objects} resource instances"),
            ),
        ),
        condition(
            "NamespaceFinalizersRemaining",
            (
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            ),
            "SomeFinalizersRemain",
            counted(
                &outcome.finalizers,
                "Some content in the namespace has finalizers remaining",
                |name, objects| format!("{name} in {objects} resource instances"),
            ),
        ),
    ]
}

/// A condition that is true for the reason `bad` if there is a message, and else false for the good one.
fn condition(
    kind: &'static str,
    good: (&'static str, &'static str),
    bad: &'static str,
    message: Option<String>,
) -> Condition {
    let (status, reason, message) = match message {
        Some(message) => ("True", bad, message),
        None => ("False", good.0, good.1.to_owned()),
    };
    Condition {
        kind,
        status,
        reason,
        message,
    }
}

fn failed(errors: &[String]) -> Option<String> {
    if errors.is_empty() {
        return None;
    }
    let mut texts = errors.to_vec();
    texts.sort_unstable();
    Some(format!(
        "Failed to delete all resource types, {} remaining: {}",
        texts.len(),
        texts.join(", ")
    ))
}

fn counted(
    counts: &BTreeMap<String, usize>,
    title: &str,
    each: impl Fn(&str, usize) -> String,
) -> Option<String> {
    let mut texts: Vec<String> = counts
        .iter()
        .filter(|(_, objects)| **objects > 0)
        .map(|(name, objects)| each(name, *objects))
        .collect();
    if texts.is_empty() {
        return None;
    }
    texts.sort_unstable();
    Some(format!("{title}: {}", texts.join(", ")))
}
