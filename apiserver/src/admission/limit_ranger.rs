//! `LimitRanger`: the limit ranges of a namespace give containers their defaults, and bound what
//! containers, pods and claims ask for.

use std::collections::BTreeMap;

use api::quantity::Quantity;
use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::resources::{self, Amounts};
use super::tree;
use crate::fault::Result;

/// The plugin's name.
pub const NAME: &str = "LimitRanger";

const ANNOTATION: &str = "kubernetes.io/limit-ranger";
/// The most whole units whose thousandths an `i64` holds (`resource.MaxMilliValue`).
const MAX_MILLI: i64 = i64::MAX / 1000;

/// See the module. Upstream asks the store as well, at most every 30 s, where its cache knows no limit
/// range of the namespace.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimitRanger;

impl Plugin for LimitRanger {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        if is_concerned(request) && request.resource == "pods" {
            for range in look.list("", "limitranges", request.namespace) {
                fill(object, &range);
            }
        }
        Ok(())
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        look: &dyn Lookup,
    ) -> Result<()> {
        let Some(checked) = object.filter(|_| is_concerned(request)) else {
            return Ok(());
        };
        for range in look.list("", "limitranges", request.namespace) {
            let mut faults = Vec::new();
            for limit in tree::items(&range["spec"]["limits"]) {
                match request.resource {
                    "pods" => check_pod(checked, limit, &mut faults),
                    "persistentvolumeclaims" => check_claim(checked, limit, &mut faults),
                    _ => {}
                }
            }
            if let Some(why) = api::status::aggregate(faults) {
                return Err(request.forbidden(object, why));
            }
        }
        Ok(())
    }
}

/// Pods when they are made or resized, claims when they are made or changed; nothing that is going.
fn is_concerned(request: &Request<'_>) -> bool {
    let is_update = request.operation == Operation::Update;
    let concerned = match (request.group, request.kind, request.subresource) {
        ("", "Pod", "resize") => is_update,
        ("", "Pod", "") => !is_update,
        ("", "PersistentVolumeClaim", "") => true,
        _ => false,
    };
    concerned && !crate::object::is_deleting(request.previous())
}

/// Gives containers what a limit range says where they say nothing themselves, and notes it down.
fn fill(pod: &mut Value, range: &Value) {
    let mut defaults: [(&str, &str, BTreeMap<&String, &Value>); 2] = [
        ("requests", "request", BTreeMap::new()),
        ("limits", "limit", BTreeMap::new()),
    ];
    for limit in tree::items(&range["spec"]["limits"]) {
        if limit["type"] == "Container" {
            defaults[0]
                .2
                .extend(tree::entries(&limit["defaultRequest"]));
            defaults[1].2.extend(tree::entries(&limit["default"]));
        }
    }
    let mut notes = Vec::new();
    for (field, called) in [
        ("containers", "container"),
        ("initContainers", "init container"),
    ] {
        for container in tree::items_mut(tree::field(pod, "spec"), field) {
            let name = tree::text(&container["name"]).to_owned();
            for (kind, word, values) in &defaults {
                let mut set = Vec::new();
                for (resource, value) in values {
                    if container["resources"][kind].get(resource).is_none() {
                        let amounts = tree::map(tree::field(container, "resources"), kind);
                        amounts.insert((*resource).clone(), (*value).clone());
                        set.push(resource.as_str());
                    }
                }
                if !set.is_empty() {
                    notes.push(format!("{} {word} for {called} {name}", set.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        let annotations = tree::map(tree::field(pod, "metadata"), "annotations");
        annotations.insert(ANNOTATION.to_owned(), note.into());
    }
}

fn check_claim(claim: &Value, limit: &Value, faults: &mut Vec<String>) {
    if limit["type"] != "PersistentVolumeClaim" {
        return;
    }
    let requests = resources::amounts(&claim["spec"]["resources"]["requests"]);
    let limits = Amounts::new();
    let asked = Asked {
        of: "PersistentVolumeClaim",
        requests: &requests,
        limits: &limits,
    };
    for (name, bound) in &resources::amounts(&limit["min"]) {
        faults.extend(asked.below(name, bound));
    }
    for (name, bound) in &resources::amounts(&limit["max"]) {
        faults.extend(asked.request_above(name, bound));
    }
}

fn check_pod(pod: &Value, limit: &Value, faults: &mut Vec<String>) {
    match tree::text(&limit["type"]) {
        "Container" => {
            for field in ["containers", "initContainers"] {
                for container in tree::items(&pod["spec"][field]) {
                    let requests = resources::amounts(&container["resources"]["requests"]);
                    let limits = resources::amounts(&container["resources"]["limits"]);
                    check("Container", &requests, &limits, limit, faults);
                }
            }
        }
        "Pod" => {
            let asked = |field: &str| {
                let mut sum = resources::by_containers(pod, field);
                let whole = resources::amounts(&pod["spec"]["resources"][field]);
                sum.extend(resources::mask(&whole, |name| {
                    matches!(name, "cpu" | "memory")
                }));
                sum
            };
            check("Pod", &asked("requests"), &asked("limits"), limit, faults);
        }
        _ => {}
    }
}

fn check(of: &str, requests: &Amounts, limits: &Amounts, limit: &Value, faults: &mut Vec<String>) {
    let asked = Asked {
        of,
        requests,
        limits,
    };
    for (name, bound) in &resources::amounts(&limit["min"]) {
        faults.extend(asked.below(name, bound));
    }
    for (name, bound) in &resources::amounts(&limit["max"]) {
        faults.extend(asked.above(name, bound));
    }
    for (name, bound) in &resources::amounts(&limit["maxLimitRequestRatio"]) {
        faults.extend(asked.too_wide(name, bound));
    }
}

/// What a thing asks for, and what it is called in messages.
struct Asked<'a> {
    of: &'a str,
    requests: &'a Amounts,
    limits: &'a Amounts,
}

/// A request, a limit and a bound as numbers of the same unit: thousandths if all of them fit.
fn numbers<const N: usize>(amounts: [Option<&Quantity>; N]) -> [i64; N] {
    let whole = amounts.map(|amount| amount.map_or(0, Quantity::value));
    if whole.iter().all(|value| *value <= MAX_MILLI) {
        amounts.map(|amount| amount.map_or(0, Quantity::milli_value))
    } else {
        whole
    }
}

impl Asked<'_> {
    fn of<'a>(&'a self, name: &str) -> (Option<&'a Quantity>, Option<&'a Quantity>) {
        (self.requests.get(name), self.limits.get(name))
    }

    fn below(&self, name: &str, bound: &Quantity) -> Option<String> {
        let (request, limit) = self.of(name);
        let [asked, most, least] = numbers([request, limit, Some(bound)]);
        let start = format!("minimum {name} usage per {} is {bound}", self.of);
        match (request, limit) {
            (None, _) => Some(format!("{start}.  No request is specified")),
            (Some(request), _) if asked < least => {
                Some(format!("{start}, but request is {request}"))
            }
            (_, Some(limit)) if most < least => Some(format!("{start}, but limit is {limit}")),
            _ => None,
        }
    }

    fn request_above(&self, name: &str, bound: &Quantity) -> Option<String> {
        let (request, _) = self.of(name);
        let [asked, most] = numbers([request, Some(bound)]);
        let start = format!("maximum {name} usage per {} is {bound}", self.of);
        match request {
            None => Some(format!("{start}.  No request is specified")),
            Some(request) if asked > most => Some(format!("{start}, but request is {request}")),
            Some(_) => None,
        }
    }

    fn above(&self, name: &str, bound: &Quantity) -> Option<String> {
        let (request, limit) = self.of(name);
        let [asked, own, most] = numbers([request, limit, Some(bound)]);
        let start = format!("maximum {name} usage per {} is {bound}", self.of);
        match (request, limit) {
            (_, None) => Some(format!("{start}.  No limit is specified")),
            (_, Some(limit)) if own > most => Some(format!("{start}, but limit is {limit}")),
            (Some(request), _) if asked > most => {
                Some(format!("{start}, but request is {request}"))
            }
            _ => None,
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "upstream compares ratios as floats"
    )]
    fn too_wide(&self, name: &str, bound: &Quantity) -> Option<String> {
        let (request, limit) = self.of(name);
        let [asked, own, _] = numbers([request, limit, Some(bound)]);
        let start = format!(
            "{name} max limit to request ratio per {} is {bound}",
            self.of
        );
        if asked == 0 {
            return Some(format!(
                "{start}, but no request is specified or request is 0"
            ));
        }
        if own == 0 {
            return Some(format!("{start}, but no limit is specified or limit is 0"));
        }
        let ratio = own as f64 / asked as f64;
        let is_wide = if bound.value() <= MAX_MILLI {
            ratio * 1000.0 > bound.milli_value() as f64
        } else {
            ratio > bound.value() as f64
        };
        is_wide.then(|| format!("{start}, but provided ratio is {ratio:.6}"))
    }
}

#[cfg(test)]
mod tests;
