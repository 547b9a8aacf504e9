//! What takes a few lines each: claims, leases, CSI nodes, resource slices, signing requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

use crate::authz::node::authorizer::LEASES;
use crate::authz::node::{PREFIX, references::text};
use crate::authz::quote::quoted;

use super::{Answer, Checked, forbid};

impl Checked<'_> {
    pub(super) fn claims(&self) -> Answer {
        let request = self.request;
        if request.subresource != "status" {
            return forbid("may only update PVC status");
        }
        if request.operation != "UPDATE" {
            return forbid(format!(
                "unexpected operation {}",
                quoted(request.operation)
            ));
        }
        let (old, new) = (without_size(request.old), without_size(request.object));
        let changed = changed(&old, &new);
        if changed.is_empty() {
            return Ok(());
        }
        forbid(format!(
            "node {} is not allowed to update fields other than status.quantity and status.conditions: {}",
            quoted(self.node),
            changed.join(", ")
        ))
    }

    pub(super) fn leases(&self) -> Answer {
        if self.request.namespace != LEASES {
            let namespace = quoted(LEASES);
            return forbid(format!(
                "can only access leases in the {namespace} system namespace"
            ));
        }
        match self.has_own_name() {
            true => Ok(()),
            false => forbid("can only access node lease with the same name as the requesting node"),
        }
    }

    pub(super) fn csi_nodes(&self) -> Answer {
        if !self.has_own_name() {
            return forbid("can only access CSINode with the same name as the requesting node");
        }
        match self.request.subresource {
            "status" => forbid("CSIVolumeHealth feature gate is disabled"),
            _ => Ok(()),
        }
    }

    pub(super) fn slices(&self) -> Answer {
        let (slice, verb) = match self.request.operation {
            "CREATE" => (self.request.object, "create"),
            "DELETE" => (self.request.old, "delete"),
            _ => return Ok(()),
        };
        match slice["spec"]["nodeName"].as_str() == Some(self.node) {
            true => Ok(()),
            false => forbid(format!(
                "can only {verb} ResourceSlice with the same NodeName as the requesting node"
            )),
        }
    }

    pub(super) fn signing_requests(&self) -> Answer {
        let spec = &self.request.object["spec"];
        let is_of_nodes = [
            "kubernetes.io/kubelet-serving",
            "kubernetes.io/kube-apiserver-client-kubelet",
        ]
        .contains(&text(spec, "signerName"));
        if self.request.operation != "CREATE" || !is_of_nodes {
            return Ok(());
        }
        let wanted = format!("{PREFIX}{}", self.node);
        match common_name(text(spec, "request")) {
            Ok(name) if name == wanted => Ok(()),
            Ok(_) => forbid(format!("can only create a node CSR with CN={wanted}")),
            Err(why) => forbid(format!("unable to parse csr: {why}")),
        }
    }
}

/// The common name in a signing request: PEM, as base64.
fn common_name(request: &str) -> Result<String, String> {
    let kind = "PEM block type must be CERTIFICATE REQUEST";
    let pem = STANDARD.decode(request).map_err(|why| why.to_string())?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).map_err(|_| kind)?;
    if pem.label != "CERTIFICATE REQUEST" {
        return Err(kind.into());
    }
    let (_, request) =
        X509CertificationRequest::from_der(&pem.contents).map_err(|why| why.to_string())?;
    let subject = &request.certification_request_info.subject;
    let name = subject.iter_common_name().last();
    let name = name.and_then(|name| name.as_str().ok());
    Ok(name.unwrap_or_default().to_owned())
}

/// A claim without what nodes may change.
fn without_size(claim: &Value) -> Value {
    let mut claim = claim.clone();
    let mut remove = |part: &str, keys: &[&str]| {
        if let Some(part) = claim.get_mut(part).and_then(Value::as_object_mut) {
            part.retain(|key, value| !keys.contains(&key.as_str()) && !value.is_null());
        }
    };
    remove("metadata", &["resourceVersion", "managedFields"]);
    remove(
        "status",
        &[
            "capacity",
            "conditions",
            "allocatedResourceStatuses",
            "allocatedResources",
        ],
    );
    claim
}

/// The paths, two levels deep, where two objects differ.
fn changed(old: &Value, new: &Value) -> Vec<String> {
    let mut changed = Vec::new();
    for part in ["metadata", "spec", "status"] {
        let keys = [old, new]
            .into_iter()
            .filter_map(|object| object[part].as_object());
        let keys: std::collections::BTreeSet<&String> = keys.flat_map(|part| part.keys()).collect();
        let differing = keys.into_iter().filter(|key| {
            let [old, new] = [old, new].map(|object| &object[part][key.as_str()]);
            !super::is_same(old, new)
        });
        changed.extend(differing.map(|key| format!("{part}.{key}")));
    }
    changed
}
