//! Certificates: who may approve, sign and vouch for them, and for whom none are made.

use serde_json::Value;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::request::{Ask, Request};

pub mod approval;
pub mod attestation;
pub mod signing;
pub mod subject;

/// The API group.
pub(super) const GROUP: &str = "certificates.k8s.io";
/// The resource of requests.
pub(super) const REQUESTS: &str = "certificatesigningrequests";

/// Whether the user may do that for a signer, or for all signers of its domain.
pub(super) fn may(request: &Request<'_>, verb: &str, signer: &str) -> bool {
    let allows = |name: &str| {
        (request.may)(&Ask {
            verb,
            group: GROUP,
            version: "*",
            resource: "signers",
            namespace: "",
            name,
        })
    };
    let domain = signer.split('/').next().unwrap_or_default();
    allows(signer) || allows(&format!("{domain}/*"))
}

/// The subject of a certificate signing request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its common name, the last one of several; empty if there is none.
    pub common_name: String,
    /// Its organisations.
    pub organizations: Vec<String>,
}

/// Reads the subject of a request, which is the field `spec.request`: base64 of PEM.
///
/// # Errors
/// It is none. The texts of malformed ASN.1 are not upstream's.
pub fn subject(request: &Value) -> Result<Subject, String> {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::STANDARD;
    let bytes = engine.decode(request.as_str().unwrap_or_default());
    let bytes = bytes.unwrap_or_default();
    let pem = x509_parser::pem::parse_x509_pem(&bytes).ok();
    let Some((_, pem)) = pem.filter(|(_, pem)| pem.label == "CERTIFICATE REQUEST") else {
        return Err("PEM block type must be CERTIFICATE REQUEST".into());
    };
    let parsed = X509CertificationRequest::from_der(&pem.contents);
    let (rest, parsed) = parsed.map_err(|error| error.to_string())?;
    if !rest.is_empty() {
        return Err("asn1: syntax error: trailing data".into());
    }
    Ok(read(&parsed.certification_request_info.subject))
}

fn read(name: &X509Name<'_>) -> Subject {
    let texts = |of: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        of.as_str().unwrap_or_default().to_owned()
    };
    Subject {
        common_name: name
            .iter_common_name()
            .last()
            .map(texts)
            .unwrap_or_default(),
        organizations: name.iter_organization().map(texts).collect(),
    }
}

#[cfg(test)]
pub(super) mod tests;
