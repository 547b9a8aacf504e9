use base64::Engine as _;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use super::*;
use crate::admission::fixture::{Cluster, refusal, told};
use crate::admission::request::Operation;

/// A certificate signing request as the API has it.
pub(in crate::admission) fn signing_request(common_name: &str, organization: &str) -> Value {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, common_name);
    name.push(DnType::OrganizationName, organization);
    let key = KeyPair::generate().unwrap();
    let pem = params.serialize_request(&key).unwrap().pem().unwrap();
    let engine = base64::engine::general_purpose::STANDARD;
    engine.encode(pem).into()
}

#[test]
fn subjects_are_read() {
    let read = subject(&signing_request("system:node:a", "system:nodes")).unwrap();
    assert_eq!(read.common_name, "system:node:a");
    assert_eq!(read.organizations, ["system:nodes"]);
    for other in [json!("x"), json!(null), json!("LS0tLS1CRUdJTg==")] {
        let error = subject(&other).unwrap_err();
        assert_eq!(error, "PEM block type must be CERTIFICATE REQUEST");
    }
}

#[test]
fn nobody_becomes_a_master() {
    let judge = |signer: &str, request: Value| {
        let object = json!({"spec": {"signerName": signer, "request": request}});
        let told = told(
            Operation::Create,
            GROUP,
            REQUESTS,
            "CertificateSigningRequest",
        );
        told.validate(
            &subject::CertificateSubjectRestriction,
            &object,
            &Cluster::default(),
        )
    };
    let client = "kubernetes.io/kube-apiserver-client";
    let start = "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: ";
    let masters = || signing_request("a", "system:masters");
    assert_eq!(
        refusal(judge(client, masters())).1,
        format!("{start}use of {client} signer with system:masters group is not allowed")
    );
    assert_eq!(
        refusal(judge(client, json!("x"))).1,
        format!("{start}failed to parse CSR: PEM block type must be CERTIFICATE REQUEST")
    );
    assert!(judge(client, signing_request("a", "others")).is_ok());
    assert!(judge("other.io/signer", masters()).is_ok());
}

fn csr(certificate: &str) -> Value {
    json!({"spec": {"signerName": "a.io/b"}, "status": {"certificate": certificate}})
}

#[test]
fn who_approves_has_to_be_allowed_to_for_the_signer_or_its_domain() {
    let judge = |may: fn(&Ask<'_>) -> bool| {
        let told = told(
            Operation::Update,
            GROUP,
            REQUESTS,
            "CertificateSigningRequest",
        );
        let told = told.part("approval").over(csr("")).may(may);
        told.validate(
            &approval::CertificateApproval,
            &csr(""),
            &Cluster::default(),
        )
    };
    assert_eq!(
        refusal(judge(|_| false)).1,
        "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: user not permitted to approve \
         requests with signerName \"a.io/b\""
    );
    assert!(judge(|ask| ask.verb == "approve" && ask.name == "a.io/b").is_ok());
    assert!(judge(|ask| ask.resource == "signers" && ask.name == "a.io/*").is_ok());
    assert!(judge(|ask| ask.verb == "sign").is_err());
}

#[test]
fn who_signs_has_to_be_allowed_to_unless_nothing_is_signed() {
    let judge = |new: &str, may: fn(&Ask<'_>) -> bool| {
        let told = told(
            Operation::Update,
            GROUP,
            REQUESTS,
            "CertificateSigningRequest",
        );
        let told = told.part("status").over(csr("old")).may(may);
        told.validate(&signing::CertificateSigning, &csr(new), &Cluster::default())
    };
    assert_eq!(
        refusal(judge("new", |_| false)).1,
        "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: user not permitted to sign \
         requests with signerName \"a.io/b\""
    );
    assert!(judge("old", |_| false).is_ok());
    assert!(judge("new", |ask| ask.verb == "sign").is_ok());
}

#[test]
fn who_vouches_has_to_be_allowed_to() {
    let bundle = |text: &str| {
        json!({
            "metadata": {"name": "x", "finalizers": [text]},
            "spec": {"signerName": "a.io/b", "trustBundle": "t"},
        })
    };
    let plugin = attestation::ClusterTrustBundleAttest;
    let kind = "ClusterTrustBundle";
    let create = told(Operation::Create, GROUP, "clustertrustbundles", kind);
    assert_eq!(
        refusal(create.validate(&plugin, &bundle("f"), &Cluster::default())).1,
        "clustertrustbundles.certificates.k8s.io \"x\" is forbidden: user not permitted to attest for \
         signerName \"a.io/b\""
    );
    let update = told(Operation::Update, GROUP, "clustertrustbundles", kind).over(bundle("f"));
    assert!(
        update
            .validate(&plugin, &bundle("g"), &Cluster::default())
            .is_ok()
    );
}
