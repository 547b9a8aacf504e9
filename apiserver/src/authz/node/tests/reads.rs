use super::*;

pub(super) fn decide(authorizer: &NodeAuthorizer, asked: &Attributes<'_>) -> Result<(), String> {
    match authorizer.authorize(asked) {
        Decision::Allow(why) if why.is_empty() => Ok(()),
        Decision::NoOpinion(why) => Err(why),
        other => panic!("{other:?}"),
    }
}

fn get<'a>(user: &'a User, group: &'a str, resource: &'a str, name: &'a str) -> Attributes<'a> {
    let namespace = match resource {
        "persistentvolumes" | "volumeattachments" | "nodes" | "csinodes" | "resourceslices" => "",
        _ => "dev",
    };
    Attributes {
        namespace,
        name,
        ..Attributes::of_resource(user, "get", group, resource)
    }
}

fn pod(node: &str) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "dev"},
        "spec": {
            "nodeName": node,
            "serviceAccountName": "bot",
            "imagePullSecrets": [{"name": "pull"}],
            "initContainers": [{"envFrom": [{"secretRef": {"name": "init"}}, {"configMapRef": {"name": "init-map"}}]}],
            "containers": [{"env": [
                {"valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}},
                {"valueFrom": {"configMapKeyRef": {"name": "env-map", "key": "k"}}},
            ]}],
            "ephemeralContainers": [{"envFrom": [{"secretRef": {"name": "debug"}}]}],
            "resourceClaims": [
                {"name": "a", "resourceClaimName": "direct"},
                {"name": "b", "resourceClaimTemplateName": "t"},
                {"name": "c", "resourceClaimTemplateName": "t"},
            ],
            "volumes": [
                {"name": "v1", "secret": {"secretName": "vol"}},
                {"name": "v2", "configMap": {"name": "vol-map"}},
                {"name": "v3", "projected": {"sources": [{"secret": {"name": "proj"}}, {"configMap": {"name": "proj-map"}}]}},
                {"name": "v4", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "v5", "ephemeral": {"volumeClaimTemplate": {}}},
                {"name": "v6", "csi": {"nodePublishSecretRef": {"name": "csi"}}},
                {"name": "v7", "azureFile": {"secretName": "azure"}},
                {"name": "v8", "rbd": {"secretRef": {"name": "rbd"}}},
            ],
        },
        "status": {
            "resourceClaimStatuses": [{"name": "b", "resourceClaimName": "made"}, {"name": "c"}],
            "extendedResourceClaimStatus": {"resourceClaimName": "extended"},
        },
    })
}

fn volume() -> Value {
    json!({"spec": {
        "claimRef": {"namespace": "dev", "name": "data"},
        "csi": {
            "nodeStageSecretRef": {"namespace": "sys", "name": "stage"},
            "controllerPublishSecretRef": {"namespace": "sys", "name": "controller"},
        },
    }})
}

pub(super) fn running() -> NodeAuthorizer {
    let mut authorizer = NodeAuthorizer::default();
    authorizer.graph.put("Pod", "dev", "web", &pod("n1"));
    authorizer
        .graph
        .put("PersistentVolume", "", "pv", &volume());
    let attached = json!({"spec": {"nodeName": "n1"}});
    authorizer
        .graph
        .put("VolumeAttachment", "", "va", &attached);
    authorizer
        .graph
        .put("ResourceSlice", "", "slice", &attached);
    authorizer
        .graph
        .put("PodCertificateRequest", "dev", "pcr", &attached);
    authorizer
}

const ON_N1: &[(&str, &str, &str)] = &[
    ("", "secrets", "pull"),
    ("", "secrets", "init"),
    ("", "secrets", "env"),
    ("", "secrets", "debug"),
    ("", "secrets", "vol"),
    ("", "secrets", "proj"),
    ("", "secrets", "csi"),
    ("", "secrets", "azure"),
    ("", "secrets", "rbd"),
    ("", "configmaps", "init-map"),
    ("", "configmaps", "env-map"),
    ("", "configmaps", "vol-map"),
    ("", "configmaps", "proj-map"),
    ("", "persistentvolumeclaims", "data"),
    ("", "persistentvolumeclaims", "web-v5"),
    ("", "persistentvolumes", "pv"),
    ("", "serviceaccounts", "bot"),
    ("", "pods", "web"),
    ("resource.k8s.io", "resourceclaims", "direct"),
    ("resource.k8s.io", "resourceclaims", "made"),
    ("resource.k8s.io", "resourceclaims", "extended"),
    ("storage.k8s.io", "volumeattachments", "va"),
    ("resource.k8s.io", "resourceslices", "slice"),
    ("certificates.k8s.io", "podcertificaterequests", "pcr"),
];

#[test]
fn nodes_reach_what_their_pods_need() {
    let authorizer = running();
    let (own, other) = (node("n1"), node("n2"));
    for (group, resource, name) in ON_N1 {
        decide(&authorizer, &get(&own, group, resource, name)).expect(name);
        let why = decide(&authorizer, &get(&other, group, resource, name)).unwrap_err();
        assert_eq!(
            why,
            "no relationship found between node 'n2' and this object"
        );
    }
    let stage = Attributes {
        namespace: "sys",
        ..get(&own, "", "secrets", "stage")
    };
    decide(&authorizer, &stage).unwrap();
    for (group, resource, name) in [
        ("", "secrets", "controller"),
        ("", "secrets", "vol-map"),
        ("", "configmaps", "vol"),
        ("resource.k8s.io", "resourceclaims", "t"),
    ] {
        decide(&authorizer, &get(&own, group, resource, name)).unwrap_err();
    }
}

#[test]
fn nodes_lose_what_goes_away() {
    let mut authorizer = running();
    let (own, other) = (node("n1"), node("n2"));
    // A pod of the same name elsewhere takes everything with it.
    authorizer.graph.put("Pod", "dev", "web", &pod("n2"));
    decide(&authorizer, &get(&own, "", "secrets", "pull")).unwrap_err();
    decide(&authorizer, &get(&other, "", "secrets", "pull")).unwrap();
    decide(&authorizer, &get(&other, "", "persistentvolumes", "pv")).unwrap();
    // Two pods may need the same.
    authorizer.graph.put("Pod", "dev", "web2", &pod("n2"));
    authorizer.graph.remove("Pod", "dev", "web");
    decide(&authorizer, &get(&other, "", "secrets", "pull")).unwrap();
    for (kind, namespace, name) in [
        ("Pod", "dev", "web2"),
        ("PersistentVolume", "", "pv"),
        ("VolumeAttachment", "", "va"),
        ("ResourceSlice", "", "slice"),
        ("PodCertificateRequest", "dev", "pcr"),
    ] {
        authorizer.graph.remove(kind, namespace, name);
        authorizer.graph.remove(kind, namespace, name);
    }
    for (group, resource, name) in ON_N1 {
        decide(&authorizer, &get(&other, group, resource, name)).unwrap_err();
        decide(&authorizer, &get(&own, group, resource, name)).unwrap_err();
    }
    assert_eq!(
        format!("{:?}", authorizer.graph),
        format!("{:?}", Graph::new())
    );
}

#[test]
fn mirrors_of_static_pods_give_nothing() {
    let mut authorizer = NodeAuthorizer::default();
    let mut mirror = pod("n1");
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    authorizer.graph.put("Pod", "dev", "web", &mirror);
    let own = node("n1");
    decide(&authorizer, &get(&own, "", "pods", "web")).unwrap();
    decide(&authorizer, &get(&own, "", "secrets", "pull")).unwrap_err();
    decide(&authorizer, &get(&own, "", "serviceaccounts", "bot")).unwrap_err();
}

#[test]
fn nodes_may_list_what_is_theirs() {
    let authorizer = running();
    let own = node("n1");
    let select = |field, is_equal, value| {
        [FieldRequirement {
            field,
            is_equal,
            value,
        }]
    };
    let ask = |group: &'static str, resource: &'static str, fields: &[FieldRequirement<'_>]| {
        decide(
            &authorizer,
            &Attributes {
                fields,
                ..Attributes::of_resource(&own, "list", group, resource)
            },
        )
    };
    for (group, resource) in [
        ("", "pods"),
        ("resource.k8s.io", "resourceslices"),
        ("certificates.k8s.io", "podcertificaterequests"),
    ] {
        ask(group, resource, &select("spec.nodeName", true, "n1")).unwrap();
        ask(group, resource, &select("spec.nodeName", false, "n1")).unwrap_err();
        ask(group, resource, &select("spec.nodeName", true, "n2")).unwrap_err();
        ask(group, resource, &select("metadata.name", true, "n1")).unwrap_err();
    }
}

#[test]
fn nodes_are_known_by_name_and_group() {
    assert_eq!(node_of(&node("n1")), Some("n1"));
    let mut user = node("n1");
    user.groups.clear();
    assert_eq!(node_of(&user), None);
    let authorizer = running();
    assert_eq!(
        decide(&authorizer, &get(&user, "", "secrets", "vol")),
        Err(String::new())
    );
    let why = decide(&authorizer, &get(&node(""), "", "secrets", "vol")).unwrap_err();
    assert_eq!(why, "unknown node for user \"system:node:\"");
    assert!(authorizer.rules(&node("n1"), "dev").is_incomplete);
    assert!(!authorizer.rules(&user, "dev").is_incomplete);
}
