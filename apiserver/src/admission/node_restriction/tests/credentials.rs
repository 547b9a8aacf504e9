use serde_json::json;

use super::*;
use crate::admission::certificates::tests::signing_request;

fn token(kind: &str, name: &str, uid: &str, audiences: &[&str]) -> Value {
    let bound = json!({"apiVersion": "v1", "kind": kind, "name": name, "uid": uid});
    json!({"spec": {"boundObjectRef": bound, "audiences": audiences}})
}

#[test]
fn a_node_gets_tokens_for_its_own_pods() {
    let create = || {
        let told = told(Operation::Create, "", "serviceaccounts", "TokenRequest");
        told.part("token").named("s")
    };
    let not_bound = "node requested token not bound to a pod";
    assert_eq!(why(create(), json!({})), not_bound);
    assert_eq!(why(create(), token("Secret", "x", "p", &[])), not_bound);
    assert_eq!(
        why(create(), token("Pod", "x", "", &[])),
        "node requested token with a pod binding without a uid"
    );
    assert_eq!(
        why(create(), token("Pod", "x", "q", &[])),
        "the UID in the bound object reference (q) does not match the UID in record. The object might \
         have been deleted and then recreated"
    );
    assert_eq!(
        why(create(), token("Pod", "far", "p", &[])),
        "node requested token bound to a pod scheduled on a different node"
    );
    assert_eq!(
        why(create(), token("Pod", "x", "p", &["a", "b"])),
        "node may only request 0 or 1 audiences"
    );
    assert_eq!(
        why(create(), token("Pod", "x", "p", &["vault"])),
        "system:node:a is not authorized to request tokens for audience \"vault\""
    );
    let allowed = create().may(|ask| {
        ask.verb == "request-serviceaccounts-token-audience"
            && (ask.resource, ask.namespace, ask.name) == ("vault", "n", "s")
    });
    assert!(judge(allowed, token("Pod", "x", "p", &["vault"])).is_ok());
}

#[test]
fn the_volumes_of_a_pod_say_for_whom_its_tokens_are() {
    let create = node_of(
        told(Operation::Create, "", "serviceaccounts", "TokenRequest")
            .part("token")
            .named("s"),
    );
    let driver =
        json!({"metadata": {"name": "d"}, "spec": {"tokenRequests": [{"audience": "csi"}]}});
    let claim = json!({"metadata": {"name": "x-e", "namespace": "n"}, "spec": {"volumeName": "v"}});
    let volume = json!({"metadata": {"name": "v"}, "spec": {"csi": {"driver": "d"}}});
    let mut pod = placed("x", "a");
    let judge = |volumes: Value, audience: &str| {
        pod["spec"]["volumes"] = volumes;
        let look = Cluster::default()
            .with("", "pods", pod.clone())
            .with("storage.k8s.io", "csidrivers", driver.clone())
            .with("", "persistentvolumeclaims", claim.clone())
            .with("", "persistentvolumes", volume.clone());
        let object = token("Pod", "x", "p", &[audience]);
        create.admit(&NodeRestriction, object, &look).map(|_| ())
    };
    let mut judge = judge;
    let sources = json!([{"serviceAccountToken": {"path": "p", "audience": "vault"}}]);
    assert!(
        judge(
            json!([{"name": "t", "projected": {"sources": sources}}]),
            "vault"
        )
        .is_ok()
    );
    assert!(judge(json!([{"name": "t", "csi": {"driver": "d"}}]), "csi").is_ok());
    let ephemeral = json!([{"name": "e", "ephemeral": {"volumeClaimTemplate": {}}}]);
    assert!(judge(ephemeral.clone(), "csi").is_ok());
    assert!(judge(ephemeral, "vault").is_err());
    let missing = json!([{"name": "m", "persistentVolumeClaim": {"claimName": "m"}}]);
    let text = refusal(judge(missing, "csi")).1;
    assert!(
        text.ends_with("error validating audience \"csi\": persistentvolumeclaim \"m\" not found")
    );
}

#[test]
fn a_node_asks_for_certificates_in_its_own_name() {
    let kind = "CertificateSigningRequest";
    let create = || {
        told(
            Operation::Create,
            certificates::GROUP,
            certificates::REQUESTS,
            kind,
        )
    };
    let csr = |name: &str| {
        let request = signing_request(name, "system:nodes");
        json!({"spec": {"signerName": "kubernetes.io/kubelet-serving", "request": request}})
    };
    assert!(judge(create(), csr("system:node:a")).is_ok());
    assert_eq!(
        why(create(), csr("system:node:b")),
        "can only create a node CSR with CN=system:node:a"
    );
}

#[test]
fn a_node_asks_for_certificates_of_the_pods_that_it_runs() {
    let kind = "PodCertificateRequest";
    let create = || {
        told(
            Operation::Create,
            certificates::GROUP,
            "podcertificaterequests",
            kind,
        )
    };
    let with = |field: &str, value: &str| {
        let mut spec = json!({
            "nodeName": "a", "nodeUID": "1", "podName": "x", "podUID": "p",
            "serviceAccountName": "s", "serviceAccountUID": "2", "signerName": "e.com/f",
        });
        spec[field] = value.into();
        json!({"spec": spec})
    };
    assert_eq!(
        why(create(), with("nodeName", "b")),
        "PodCertificateRequest.Spec.NodeName=\"b\", which is not the requesting node \"a\""
    );
    assert_eq!(
        refusal(judge(create(), with("nodeUID", "9"))),
        (
            500,
            "PodCertificateRequest for pod \"n/x\" names node UID \"9\", inconsistent with the running \
             node (\"1\")"
                .to_owned()
        )
    );
    assert_eq!(
        refusal(judge(create(), with("podName", "gone"))),
        (
            500,
            "while retrieving pod \"n/gone\" named in the PodCertificateRequest: pod \"gone\" not found"
                .to_owned()
        )
    );
    assert_eq!(
        why(create(), with("podName", "far")),
        "pod \"n/far\" is not running on node \"a\" named in the PodCertificateRequest"
    );
    assert_eq!(
        why(create(), with("serviceAccountName", "t")),
        "PodCertificateRequest for pod \"n/x\" contains serviceAccountName (\"t\") that differs from \
         running pod (\"s\")"
    );
    assert_eq!(
        why(create(), with("podUID", "p")),
        "pod \"n/x\" does not mount a podCertificate projected volume for signer \"e.com/f\""
    );
    let allowed = create().may(|ask| {
        ask.verb == "request-serviceaccounts-podcertificate-signer"
            && (ask.resource, ask.name) == ("e.com:f", "s")
    });
    assert!(judge(allowed, with("podUID", "p")).is_ok());
}
