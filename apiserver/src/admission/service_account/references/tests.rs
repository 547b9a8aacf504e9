use serde_json::json;

use super::*;

fn of(spec: Value) -> Result<Option<&'static str>, String> {
    to_api(&spec)
}

fn volume(kind: &str, of: Value) -> Value {
    json!({"volumes": [{"name": "v", kind: of}]})
}

#[test]
fn what_a_node_cannot_know_is_named() {
    let cases = [
        (json!({"serviceAccountName": "a"}), "serviceaccounts"),
        (
            volume("rbd", json!({"secretRef": {"name": "s"}})),
            "secrets",
        ),
        (volume("configMap", json!({"name": "c"})), "configmaps"),
        (json!({"resourceClaims": [{"name": "r"}]}), "resourceclaims"),
        (
            volume("configMap", json!({})),
            "configmaps (via configmap volumes)",
        ),
        (volume("secret", json!({})), "secrets (via secret volumes)"),
        (volume("csi", json!({})), "csidrivers (via CSI volumes)"),
        (
            volume("glusterfs", json!({})),
            "endpoints (via glusterFS volumes)",
        ),
        (
            volume("persistentVolumeClaim", json!({})),
            "persistentvolumeclaims",
        ),
        (
            volume("ephemeral", json!({})),
            "persistentvolumeclaims (via ephemeral volumes)",
        ),
        (
            volume("azureFile", json!({})),
            "secrets (via azureFile volumes)",
        ),
        (
            volume(
                "projected",
                json!({"sources": [{"downwardAPI": {}}, {"serviceAccountToken": {}}]}),
            ),
            "serviceaccounts (via projected volumes)",
        ),
        (
            volume(
                "projected",
                json!({"sources": [{"clusterTrustBundle": {}}]}),
            ),
            "clustertrustbundles",
        ),
    ];
    for (spec, called) in cases {
        assert_eq!(of(spec), Ok(Some(called)));
    }
}

#[test]
fn what_it_knows_by_itself_is_not() {
    assert_eq!(of(json!({})), Ok(None));
    assert_eq!(of(volume("hostPath", json!({}))), Ok(None));
    let projected = volume("projected", json!({"sources": [{"downwardAPI": {}}]}));
    assert_eq!(of(projected), Ok(None));
}

#[test]
fn unknown_kinds_are_an_error() {
    assert_eq!(
        of(volume("new", json!({}))),
        Err("unknown volume type for volume  \"v\"".to_owned())
    );
    assert_eq!(
        of(volume("projected", json!({"sources": [{"new": {}}]}))),
        Err("unknown source for projected volume \"v\"".to_owned())
    );
}

#[test]
fn environments_count_in_all_containers() {
    for field in CONTAINERS {
        let env = json!([{"valueFrom": {"configMapKeyRef": {"name": "c"}}}]);
        assert!(has_config_maps(&json!({field: [{"env": env}]})));
        let from = json!([{"secretRef": {"name": "s"}}]);
        assert!(has_secrets(&json!({field: [{"envFrom": from}]})));
    }
}
