//! Certificates that a node asks for: its own, and those of the pods that it runs.

use api::status::Reason;
use api::status::text::quote;
use serde_json::Value;

use super::token::ask;
use super::{Case, PREFIX};
use crate::admission::certificates::subject;
use crate::admission::request::Operation;
use crate::admission::tree;
use crate::fault::{Result, Status};
use crate::object;

const SIGNERS: [&str; 2] = [
    "kubernetes.io/kubelet-serving",
    "kubernetes.io/kube-apiserver-client-kubelet",
];

/// A request for a certificate that is signed by one of the node's own signers names the node.
pub(super) fn signing(case: &Case<'_>) -> Result<()> {
    let spec = &case.object["spec"];
    let signer = tree::text(&spec["signerName"]);
    if case.request.operation != Operation::Create || !SIGNERS.contains(&signer) {
        return Ok(());
    }
    let node = case.node;
    match subject(&spec["request"]) {
        Err(error) => case.refuse(format!("unable to parse csr: {error}")),
        Ok(of) if of.common_name.strip_prefix(PREFIX) == Some(node) => Ok(()),
        Ok(_) => case.refuse(format!("can only create a node CSR with CN={PREFIX}{node}")),
    }
}

/// A failure that upstream does not say to be a refusal; 500, so that the node tries again.
fn fail<T>(why: String) -> Result<T> {
    Err(Status::failure(Reason::Unknown, why))
}

pub(super) fn pod_certificate(case: &Case<'_>) -> Result<()> {
    let request = case.request;
    if request.operation != Operation::Create {
        return case.refuse(format!("unexpected operation {}", request.operation));
    }
    if !request.subresource.is_empty() {
        let subresource = request.subresource;
        return case.refuse(format!("unexpected subresource {subresource}"));
    }
    let spec = &case.object["spec"];
    let its = |field: &str| tree::text(&spec[field]);
    let called = |name: &str| quote(&format!("{}/{name}", request.namespace));
    let named = quote(its("nodeName"));
    if its("nodeName") != case.node {
        return case.refuse(format!(
            "PodCertificateRequest.Spec.NodeName={named}, which is not the requesting node {}",
            case.quoted()
        ));
    }
    let found = |group: &str, resource: &str, kind, namespace: &str, field, what: String| {
        let name = its(field);
        case.look.get(group, resource, namespace, name).map_or_else(
            || {
                let missing = Status::not_found(group, kind, name);
                fail(format!(
                    "while retrieving {what} named in the PodCertificateRequest: {missing}"
                ))
            },
            Ok,
        )
    };
    let what = format!("node {named}");
    let node = found("", "nodes", "node", "", "nodeName", what)?;
    let pod_called = called(its("podName"));
    if object::text(&node, "uid") != its("nodeUID") {
        return fail(format!(
            "PodCertificateRequest for pod {pod_called} names node UID {}, inconsistent with the running \
             node ({})",
            quote(its("nodeUID")),
            quote(object::text(&node, "uid"))
        ));
    }
    let what = format!("pod {pod_called}");
    let pod = found("", "pods", "pod", request.namespace, "podName", what)?;
    if object::text(&pod, "uid") != its("podUID") {
        return fail(format!(
            "PodCertificateRequest for pod {pod_called} contains pod UID ({}) which differs from running \
             pod {}",
            quote(its("podUID")),
            quote(object::text(&pod, "uid"))
        ));
    }
    if pod["spec"]["nodeName"] != its("nodeName") {
        return case.refuse(format!(
            "pod {pod_called} is not running on node {named} named in the PodCertificateRequest"
        ));
    }
    if tree::annotation(&pod, "kubernetes.io/config.mirror").is_some() {
        return case.refuse(format!("pod {pod_called} is a mirror pod"));
    }
    let account = its("serviceAccountName");
    let running = tree::text(&pod["spec"]["serviceAccountName"]);
    if account != running {
        return case.refuse(format!(
            "PodCertificateRequest for pod {pod_called} contains serviceAccountName ({}) that differs \
             from running pod ({})",
            quote(account),
            quote(running)
        ));
    }
    let what = format!("service account {}", called(account));
    let namespace = request.namespace;
    let kind = "serviceaccount";
    let field = "serviceAccountName";
    let found = found("", "serviceaccounts", kind, namespace, field, what)?;
    let (asked, there) = (its("serviceAccountUID"), object::text(&found, "uid"));
    if asked != there {
        return fail(format!(
            "PodCertificateRequest for pod {pod_called} names service account UID {}, which differs from \
             the running service account ({})",
            quote(asked),
            quote(there)
        ));
    }
    by_signer(case, &pod, &pod_called)
}

fn by_signer(case: &Case<'_>, pod: &Value, pod_called: &str) -> Result<()> {
    let signer = tree::text(&case.object["spec"]["signerName"]);
    let volumes = tree::items(&pod["spec"]["volumes"]);
    let mut sources = volumes.flat_map(|volume| tree::items(&volume["projected"]["sources"]));
    if sources.any(|source| source["podCertificate"]["signerName"] == signer) {
        return Ok(());
    }
    let resource = signer.replace('/', ":");
    let verb = "request-serviceaccounts-podcertificate-signer";
    let account = tree::text(&case.object["spec"]["serviceAccountName"]);
    if (case.request.may)(&ask(case, verb, &resource, account)) {
        return Ok(());
    }
    case.refuse(format!(
        "pod {pod_called} does not mount a podCertificate projected volume for signer {}",
        quote(signer)
    ))
}
