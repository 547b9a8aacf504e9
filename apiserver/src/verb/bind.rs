//! The parts of a pod that are created: `binding`, which gives it a node, and `eviction`, which asks for its
//! end if that is allowed.

use api::schema::{Gvk, builtin};
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::decode::{self, Expected};
use super::store::{self, Change};
use super::{delete, deletion};
use crate::answer;
use crate::cache::Cache;
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::object;
use crate::serve::Body;

fn expected(kind: Gvk) -> Result<Expected<'static>> {
    let id = builtin().kind(&kind).ok_or_else(Status::no_such_resource)?;
    Ok(Expected {
        kind,
        schema: (builtin(), id),
    })
}

/// That it was done.
fn done() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
}

/// Gives a pod its node.
///
/// # Errors
/// It has one already, is going, or is not there.
pub async fn bind(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let binding = decode::object(call, body, &expected(Gvk::new("", "v1", "Binding"))?)?;
    let node = binding["target"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let kind = binding["target"]["kind"].as_str().unwrap_or_default();
    if !matches!(kind, "" | "Node") || node.is_empty() {
        return Err(Status::bad_request(
            "must specify a target.name of kind Node",
        ));
    }
    let name = match call.info.name.as_str() {
        "" => object::name(&binding).to_owned(),
        name => name.to_owned(),
    };
    let rest = format!("{}/{name}", call.info.namespace);
    let uid = object::text(&binding, "uid");
    let written = store::update(cache, call, &rest, |found| {
        let found = found.ok_or_else(|| Status::not_found("", "pods", &name))?;
        let conflict = |why: String| Status::conflict("", "pods/binding", &name, why);
        let mut pod = found.object.clone();
        let known = object::text(&pod, "uid");
        if !uid.is_empty() && uid != known {
            let why = format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {known}"
            );
            return Err(conflict(why));
        }
        if object::is_deleting(&pod) {
            return Err(conflict(format!(
                "pod {name} is being deleted, cannot be assigned to a host"
            )));
        }
        let taken = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        if !taken.is_empty() {
            return Err(conflict(format!(
                "pod {name} is already assigned to node {taken:?}"
            )));
        }
        if pod["spec"]["schedulingGates"]
            .as_array()
            .is_some_and(|gates| !gates.is_empty())
        {
            return Err(conflict(format!(
                "pod {name} has non-empty .spec.schedulingGates"
            )));
        }
        pod["spec"]["nodeName"] = node.as_str().into();
        for (key, value) in binding["metadata"]["annotations"]
            .as_object()
            .into_iter()
            .flatten()
        {
            pod["metadata"]["annotations"][key] = value.clone();
        }
        set_condition(&mut pod, call);
        Ok(Change::Write(pod))
    });
    written.await?;
    Ok(answer::encoded(201, call.accepted.encoding, &done()))
}

/// A pod that has a node is scheduled.
fn set_condition(pod: &mut Value, call: &Call) {
    let mut conditions = pod["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let scheduled = json!({
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": null,
        "lastTransitionTime": deletion::time(call.now),
    });
    match conditions
        .iter_mut()
        .find(|condition| condition["type"] == "PodScheduled")
    {
        Some(known) if known["status"] == "True" => {}
        Some(known) => *known = scheduled,
        None => conditions.push(scheduled),
    }
    pod["status"]["conditions"] = conditions.into();
}

/// Asks for a pod's end. Budgets that guard it are not looked at yet, so one that has any is refused.
///
/// # Errors
/// It is guarded, or is not there.
pub async fn evict(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let eviction = decode::object(call, body, &expected(Gvk::new("policy", "v1", "Eviction"))?)?;
    let named = object::name(&eviction);
    if !named.is_empty() && named != call.info.name {
        return Err(Status::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let rest = call.rest();
    let found = cache.bucket(&call.endpoint.folder).get(&rest);
    let found = found.ok_or_else(|| call.not_found())?;
    if is_guarded(cache, call, &found)? {
        let why = "Cannot evict pod as it would violate the pod's disruption budget.";
        return Err(Status::too_many_requests(why, 10));
    }
    let options = delete::read_options(&eviction["deleteOptions"], call)?;
    delete::remove(cache, call, &rest, &call.info.name, &options).await?;
    Ok(answer::encoded(201, call.accepted.encoding, &done()))
}

/// Whether a budget selects a pod and allows no disruption now.
fn is_guarded(cache: &Cache, call: &Call, pod: &crate::cache::Entry) -> Result<bool> {
    let budgets = cache.snapshot("poddisruptionbudgets");
    let prefix = format!("{}/", call.info.namespace);
    for entry in budgets.from(&prefix, "") {
        let budget = entry.tree().map_err(Status::internal)?;
        let selector = api::selector::LabelSelector::from_object(&budget["spec"]["selector"]);
        let selector = selector.map_err(Status::internal)?;
        if selector.matches(|key| pod.label(key)) {
            return Ok(budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) < 1);
        }
    }
    Ok(false)
}
