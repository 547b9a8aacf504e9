//! `Priority`: the priority of a pod is that of its class.

use serde_json::Value;

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::Result;
use crate::object;

/// The plugin's name.
pub const NAME: &str = "Priority";

const GROUP: &str = "scheduling.k8s.io";
const CLASSES: &str = "priorityclasses";

/// See the module. The classes `system-node-critical` and `system-cluster-critical` are objects, which the
/// server makes when it starts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Priority;

impl Plugin for Priority {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        operation != Operation::Connect
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        if !request.is_whole("", "pods") {
            return Ok(());
        }
        match request.operation {
            Operation::Create => fill(request, object, look),
            Operation::Update => {
                for field in ["priority", "preemptionPolicy"] {
                    let kept = &request.previous()["spec"][field];
                    if object["spec"][field].is_null() && !kept.is_null() {
                        tree::set(tree::field(object, "spec"), field, Some(kept.clone()));
                    }
                }
                Ok(())
            }
            Operation::Delete | Operation::Connect => Ok(()),
        }
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        look: &dyn Lookup,
    ) -> Result<()> {
        let is_write = matches!(request.operation, Operation::Create | Operation::Update);
        let Some(class) = object.filter(|_| is_write && request.is_whole(GROUP, CLASSES)) else {
            return Ok(());
        };
        let Some(found) = default_class(look).filter(|_| class["globalDefault"] == true) else {
            return Ok(());
        };
        let name = object::name(&found);
        if request.operation == Operation::Update && name == object::name(class) {
            return Ok(());
        }
        let why = format!(
            "PriorityClass {name} is already marked as default. Only one default can exist"
        );
        Err(request.forbidden(object, why))
    }
}

/// The class of pods that name none: the lowest of those marked so.
fn default_class(look: &dyn Lookup) -> Option<Value> {
    let mut classes = look.list(GROUP, CLASSES, "");
    classes.retain(|class| class["globalDefault"] == true);
    let value = |class: &Value| class["value"].as_i64().unwrap_or(0);
    classes.into_iter().min_by_key(value)
}

/// Sets the priority of a new pod, and whether it may displace others.
fn fill(request: &Request<'_>, pod: &mut Value, look: &dyn Lookup) -> Result<()> {
    let named = tree::text(&pod["spec"]["priorityClassName"]).to_owned();
    let class = if named.is_empty() {
        default_class(look)
    } else {
        let found = look.get(GROUP, CLASSES, "", &named);
        Some(found.ok_or_else(|| {
            let why = format!("no PriorityClass with name {named} was found");
            request.forbidden(Some(pod), why)
        })?)
    };
    let (name, computed, policy) = match &class {
        Some(class) => (
            object::name(class).to_owned(),
            class["value"].as_i64().unwrap_or(0),
            class["preemptionPolicy"].as_str(),
        ),
        None => (String::new(), 0, Some("PreemptLowerPriority")),
    };
    if let Some(given) = pod["spec"]["priority"]
        .as_i64()
        .filter(|it| *it != computed)
    {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission \
             controller computed {computed} from the given PriorityClass name"
        );
        return Err(request.forbidden(Some(pod), why));
    }
    if let (Some(given), Some(policy)) = (pod["spec"]["preemptionPolicy"].as_str(), policy)
        && given != policy
    {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority \
             admission controller computed {policy} from the given PriorityClass name"
        );
        return Err(request.forbidden(Some(pod), why));
    }
    let spec = tree::field(pod, "spec");
    tree::set(spec, "priority", Some(computed.into()));
    let name = (!name.is_empty()).then(|| name.into());
    tree::set(spec, "priorityClassName", name);
    if let Some(policy) = policy {
        tree::set(spec, "preemptionPolicy", Some(policy.into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
