//! Tokens of service accounts: a node gets those of the pods that it runs, for whom their volumes are.

use serde_json::Value;

use super::{Case, audience};
use crate::admission::request::{Ask, Operation};
use crate::admission::tree;
use crate::fault::Result;
use crate::object;

pub(super) fn request(case: &Case<'_>) -> Result<()> {
    let request = case.request;
    if request.operation != Operation::Create || request.subresource != "token" {
        return Ok(());
    }
    let bound = &case.object["spec"]["boundObjectRef"];
    let name = tree::text(&bound["name"]);
    if bound["apiVersion"] != "v1" || bound["kind"] != "Pod" || name.is_empty() {
        return case.refuse("node requested token not bound to a pod");
    }
    let uid = tree::text(&bound["uid"]);
    if uid.is_empty() {
        return case.refuse("node requested token with a pod binding without a uid");
    }
    let pod = case.pod(name)?;
    if uid != object::text(&pod, "uid") {
        return case.refuse(format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object \
             might have been deleted and then recreated"
        ));
    }
    if pod["spec"]["nodeName"] != case.node {
        return case.refuse("node requested token bound to a pod scheduled on a different node");
    }
    for_audience(case, &pod)
}

fn for_audience(case: &Case<'_>, pod: &Value) -> Result<()> {
    let mut audiences = tree::items(&case.object["spec"]["audiences"]).map(tree::text);
    let asked = audiences.next().unwrap_or_default();
    if audiences.next().is_some() {
        return case.refuse("node may only request 0 or 1 audiences");
    }
    let quoted = api::status::text::quote(asked);
    match audience::is_referred(case, pod, asked) {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(error) => {
            return case.refuse(format!("error validating audience {quoted}: {error}"));
        }
    }
    if (case.request.may)(&ask(
        case,
        "request-serviceaccounts-token-audience",
        asked,
        case.request.name,
    )) {
        return Ok(());
    }
    let user = &case.request.user.name;
    case.refuse(format!(
        "{user} is not authorized to request tokens for audience {quoted}"
    ))
}

/// A permission in the namespace and the group of the request.
pub(super) fn ask<'a>(case: &Case<'a>, verb: &'a str, resource: &'a str, name: &'a str) -> Ask<'a> {
    Ask {
        verb,
        group: case.request.group,
        version: case.request.version,
        resource,
        namespace: case.request.namespace,
        name,
    }
}
