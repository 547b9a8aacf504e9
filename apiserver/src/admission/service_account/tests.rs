use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, refusal, told};

fn plugin() -> ServiceAccount {
    ServiceAccount {
        name: |base| format!("{base}abcde"),
    }
}

fn cluster(account: Value) -> Cluster {
    let mut account = account;
    account["metadata"]["name"] = "default".into();
    account["metadata"]["namespace"] = "n".into();
    Cluster::default().with("", "serviceaccounts", account)
}

fn made(spec: Value, account: Value) -> Value {
    let pod = json!({"metadata": {"name": "x"}, "spec": spec});
    let outcome = creates_pod().admit(&plugin(), pod, &cluster(account));
    outcome.unwrap()["spec"].take()
}

#[test]
fn the_token_is_mounted_as_upstream_mounts_it() {
    let spec = json!({
        "initContainers": [{"name": "i"}],
        "containers": [{"name": "c"}, {"name": "d", "volumeMounts": [
            {"name": "own", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
        ]}],
    });
    let mount = json!({
        "name": "kube-api-access-abcde",
        "readOnly": true,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    });
    let expected = json!({
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "initContainers": [{"name": "i", "volumeMounts": [mount]}],
        "containers": [{"name": "c", "volumeMounts": [mount]}, spec["containers"][1]],
        "volumes": [{"name": "kube-api-access-abcde", "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }},
                {"downwardAPI": {"items": [{
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }]}},
            ],
        }}],
    });
    assert_eq!(made(spec, json!({})), expected);
}

#[test]
fn a_volume_that_is_there_is_taken() {
    let volume = json!({"name": "kube-api-access-own"});
    let spec = json!({"containers": [{"name": "c"}], "volumes": [volume]});
    let made = made(spec, json!({}));
    assert_eq!(made["volumes"], json!([volume]));
    let mount = &made["containers"][0]["volumeMounts"][0];
    assert_eq!(mount["name"], "kube-api-access-own");
}

#[test]
fn the_pod_or_else_its_account_may_do_without() {
    let spec =
        |own: Value| json!({"containers": [{"name": "c"}], "automountServiceAccountToken": own});
    let account = json!({"automountServiceAccountToken": false});
    assert!(made(spec(json!(false)), json!({}))["volumes"].is_null());
    assert!(made(spec(Value::Null), account.clone())["volumes"].is_null());
    assert!(made(spec(json!(true)), account)["volumes"].is_array());
}

#[test]
fn secrets_to_pull_images_are_the_accounts_unless_the_pod_has_its_own() {
    let account = json!({"imagePullSecrets": [{"name": "a"}, {"name": "b"}]});
    let given = made(json!({}), account.clone());
    assert_eq!(given["imagePullSecrets"], account["imagePullSecrets"]);
    let own = json!({"imagePullSecrets": [{"name": "own"}]});
    assert_eq!(
        made(own.clone(), account)["imagePullSecrets"],
        own["imagePullSecrets"]
    );
    assert!(made(json!({}), json!({})).get("imagePullSecrets").is_none());
}

#[test]
fn the_account_has_to_be_there() {
    let pod = json!({"spec": {"serviceAccountName": "gone"}});
    let outcome = creates_pod().admit(&plugin(), pod, &cluster(json!({})));
    assert_eq!(
        refusal(outcome),
        (
            403,
            "pods \"x\" is forbidden: error looking up service account n/gone: serviceaccount \"gone\" \
             not found"
                .to_owned()
        )
    );
    let none = creates_pod().validate(&plugin(), &json!({}), &cluster(json!({})));
    assert_eq!(
        refusal(none).1,
        "pods \"x\" is forbidden: no service account specified for pod n/"
    );
}

#[test]
fn mirror_pods_refer_to_nothing() {
    let mirror = |spec: Value| {
        let marks = json!({"kubernetes.io/config.mirror": "1"});
        let pod = json!({"metadata": {"annotations": marks}, "spec": spec});
        creates_pod().admit(&plugin(), pod, &Cluster::default())
    };
    assert!(mirror(json!({"containers": []})).is_ok());
    for (spec, what) in [
        (
            json!({"serviceAccountName": "a"}),
            "reference service accounts",
        ),
        (
            json!({"imagePullSecrets": [{"name": "a"}]}),
            "reference secrets",
        ),
        (
            json!({"volumes": [{"projected": {"sources": [{"serviceAccountToken": {}}]}}]}),
            "use ServiceAccountToken volume projections",
        ),
    ] {
        assert_eq!(
            refusal(mirror(spec)).1,
            format!("pods \"x\" is forbidden: a mirror pod may not {what}")
        );
    }
}

fn strict() -> Value {
    json!({
        "metadata": {"annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}},
        "secrets": [{"name": "own"}],
        "imagePullSecrets": [{"name": "pull"}],
    })
}

#[test]
fn accounts_may_bound_the_secrets_of_their_pods() {
    let env = |secret: &str| json!({"name": "E", "valueFrom": {"secretKeyRef": {"name": secret}}});
    let from = |secret: &str| json!({"secretRef": {"name": secret}});
    let end = "is not allowed because service account default does not reference that";
    for (spec, text) in [
        (
            json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}),
            format!("volume with secret.secretName=\"s\" {end} secret"),
        ),
        (
            json!({"initContainers": [{"name": "c", "env": [env("s")]}]}),
            format!(
                "init container c with envVar E referencing secret.secretName=\"s\" {end} secret"
            ),
        ),
        (
            json!({"containers": [{"name": "c", "env": [env("own")], "envFrom": [from("s")]}]}),
            format!("container c with envFrom referencing secret.secretName=\"s\" {end} secret"),
        ),
        (
            json!({"imagePullSecrets": [{"name": "pull"}, {"name": "s"}]}),
            format!("imagePullSecrets[1].name=\"s\" {end} imagePullSecret"),
        ),
    ] {
        let pod = json!({"spec": spec});
        let outcome = creates_pod().admit(&plugin(), pod, &cluster(strict()));
        assert_eq!(
            refusal(outcome).1,
            format!("pods \"x\" is forbidden: {text}")
        );
    }
}

#[test]
fn containers_for_debugging_are_bounded_too() {
    let told = told(Operation::Update, "", "pods", "Pod").part("ephemeralcontainers");
    let pod = |secret: &str| {
        let container = json!({"name": "e", "envFrom": [{"secretRef": {"name": secret}}]});
        json!({"spec": {"serviceAccountName": "default", "ephemeralContainers": [container]}})
    };
    assert!(
        told.validate(&plugin(), &pod("own"), &cluster(strict()))
            .is_ok()
    );
    assert_eq!(
        refusal(told.validate(&plugin(), &pod("s"), &cluster(strict()))),
        (
            500,
            "ephemeral container e with envFrom referencing secret.secretName=\"s\" is not allowed \
             because service account default does not reference that secret"
                .to_owned()
        )
    );
}
