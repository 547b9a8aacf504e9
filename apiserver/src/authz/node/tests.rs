use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::authn::User;
use crate::authz::builtin::AlwaysDeny;
use crate::authz::rbac::Rules;
use crate::authz::{Attributes, Authorizer, Decision, FieldRequirement};

use super::restriction::{Objects, Request, Restricted, check};
use super::{Graph, NodeAuthorizer, node_of};

fn node(name: &str) -> User {
    User {
        name: format!("system:node:{name}"),
        groups: vec!["system:nodes".into()],
        ..User::default()
    }
}

fn decide(authorizer: &NodeAuthorizer, asked: &Attributes<'_>) -> Result<(), String> {
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

fn running() -> NodeAuthorizer {
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
fn refusals_are_those_of_upstream() {
    let authorizer = running();
    let own = node("n1");
    let why = |verb: &str, group: &str, resource: &str, part: &str, namespace: &str, name: &str| {
        let asked = Attributes {
            subresource: part,
            namespace,
            name,
            ..Attributes::of_resource(&own, verb, group, resource)
        };
        match decide(&authorizer, &asked) {
            Ok(()) => "allowed".to_owned(),
            Err(why) => why,
        }
    };
    let storage = "storage.k8s.io";
    let leases = "coordination.k8s.io";
    let certificates = "certificates.k8s.io";
    let resources = "resource.k8s.io";
    assert_eq!(
        why("update", "", "secrets", "", "dev", "vol"),
        "can only read resources of this type"
    );
    assert_eq!(
        why("get", "", "secrets", "x", "dev", "vol"),
        "cannot read subresource"
    );
    assert_eq!(
        why("get", "", "secrets", "", "", "vol"),
        "can only read namespaced object of this type"
    );
    assert_eq!(
        why("list", "", "secrets", "", "dev", ""),
        "No Object name found"
    );
    assert_eq!(why("list", "", "secrets", "", "dev", "vol"), "allowed");
    assert_eq!(
        why("list", "", "persistentvolumes", "", "", "pv"),
        "can only get individual resources of this type"
    );
    assert_eq!(
        why("get", "", "persistentvolumes", "status", "", "pv"),
        "cannot get subresource"
    );
    assert_eq!(
        why(
            "patch",
            "",
            "persistentvolumeclaims",
            "status",
            "dev",
            "data"
        ),
        "allowed"
    );
    assert_eq!(
        why("get", "", "persistentvolumeclaims", "status", "dev", "data"),
        "can only get/update/patch this type"
    );
    assert_eq!(
        why("create", "", "serviceaccounts", "token", "dev", "bot"),
        "allowed"
    );
    assert_eq!(
        why("create", "", "serviceaccounts", "", "dev", "bot"),
        "can only create token subresource of serviceaccount"
    );
    assert_eq!(
        why("create", "", "serviceaccounts", "token", "dev", ""),
        "can only create tokens for individual service accounts"
    );
    assert_eq!(
        why("get", leases, "leases", "", "kube-node-lease", "n1"),
        "allowed"
    );
    assert_eq!(
        why("create", leases, "leases", "", "kube-node-lease", ""),
        "allowed"
    );
    assert_eq!(
        why("get", leases, "leases", "", "kube-node-lease", "n2"),
        "can only access node lease with the same name as the requesting node"
    );
    assert_eq!(
        why("get", leases, "leases", "", "dev", "n1"),
        "can only access leases in the \"kube-node-lease\" system namespace"
    );
    assert_eq!(
        why("list", leases, "leases", "", "kube-node-lease", "n1"),
        "can only get, create, update, patch, or delete a node lease"
    );
    assert_eq!(why("get", storage, "csinodes", "", "", "n1"), "allowed");
    assert_eq!(
        why("get", storage, "csinodes", "", "", "n2"),
        "can only access CSINode with the same name as the requesting node"
    );
    assert_eq!(
        why("get", storage, "csinodes", "status", "", "n1"),
        "CSINode status access requires CSIVolumeHealth feature"
    );
    assert_eq!(
        why("get", storage, "csinodes", "x", "", "n1"),
        "cannot authorize CSINode subresources"
    );
    assert_eq!(
        why("list", storage, "csinodes", "", "", ""),
        "can only get, create, update, patch, or delete a CSINode"
    );
    assert_eq!(
        why("create", resources, "resourceslices", "", "", ""),
        "allowed"
    );
    assert_eq!(
        why("list", resources, "resourceslices", "", "", ""),
        "can only list/watch/deletecollection resourceslices with nodeName field selector"
    );
    assert_eq!(
        why("get", resources, "resourceslices", "x", "", "s"),
        "cannot authorize ResourceSlice subresources"
    );
    assert!(
        why("x", resources, "resourceslices", "", "", "s")
            .starts_with("only the following verbs are allowed")
    );
    assert_eq!(
        why(
            "list",
            certificates,
            "podcertificaterequests",
            "",
            "dev",
            ""
        ),
        "can only list/watch podcertificaterequests with nodeName field selector"
    );
    assert_eq!(
        why(
            "delete",
            certificates,
            "podcertificaterequests",
            "",
            "dev",
            "pcr"
        ),
        "nodes may not delete podcertificaterequests"
    );
    assert_eq!(
        why(
            "get",
            certificates,
            "podcertificaterequests",
            "status",
            "dev",
            "pcr"
        ),
        "nodes may not access the status subresource of PodCertificateRequests"
    );
    assert_eq!(why("get", "", "nodes", "", "", "n1"), "allowed");
    assert_eq!(
        why("list", "", "nodes", "", "", ""),
        "node 'n1' cannot read all nodes, only its own Node object"
    );
    assert_eq!(
        why("get", "", "nodes", "", "", "n2"),
        "node 'n1' cannot read 'n2', only its own Node object"
    );
    assert_eq!(why("patch", "", "nodes", "status", "", "n2"), "allowed");
    assert_eq!(why("delete", "", "nodes", "", "", "n1"), "");
    assert_eq!(
        why("list", "", "pods", "", "", ""),
        "can only list/watch pods with spec.nodeName field selector"
    );
    assert_eq!(why("watch", "", "pods", "", "dev", "web"), "allowed");
    assert_eq!(why("patch", "", "pods", "status", "dev", "x"), "allowed");
    assert_eq!(why("create", "", "pods", "eviction", "dev", "x"), "allowed");
    assert_eq!(why("update", "", "pods", "", "dev", "web"), "");
    // What every node needs comes from the role system:node.
    assert_eq!(why("list", "", "services", "", "", ""), "allowed");
    assert_eq!(why("create", "", "events", "", "dev", ""), "allowed");
    assert_eq!(
        why(
            "create",
            certificates,
            "certificatesigningrequests",
            "",
            "",
            ""
        ),
        "allowed"
    );
    assert_eq!(why("list", "", "endpoints", "", "", ""), "");
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

#[derive(Default)]
struct Store(BTreeMap<String, Value>);

impl Store {
    fn with(mut self, key: &str, object: Value) -> Self {
        self.0.insert(key.into(), object);
        self
    }
}

impl Objects for Store {
    fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let found = self.0.get(&format!("{resource}/{namespace}/{name}"));
        found.cloned().map(Arc::new)
    }
}

struct Write<'a> {
    operation: &'a str,
    resource: (&'a str, &'a str),
    part: &'a str,
    namespace: &'a str,
    name: &'a str,
    new: Value,
    old: Value,
}

impl Write<'_> {
    fn check(&self, store: &Store, authorizer: &dyn Authorizer) -> Result<(), Restricted> {
        let user = node("n1");
        let request = Request {
            user: &user,
            operation: self.operation,
            group: self.resource.0,
            version: "v1",
            resource: self.resource.1,
            subresource: self.part,
            namespace: self.namespace,
            name: self.name,
            object: &self.new,
            old: &self.old,
        };
        check(&request, store, authorizer)
    }

    fn why(&self, store: &Store) -> String {
        match self.check(store, &AlwaysDeny) {
            Ok(()) => "allowed".into(),
            Err(why) => why.to_string(),
        }
    }
}

fn write<'a>(operation: &'a str, resource: (&'a str, &'a str), name: &'a str) -> Write<'a> {
    Write {
        operation,
        resource,
        part: "",
        namespace: "dev",
        name,
        new: Value::Null,
        old: Value::Null,
    }
}

const PODS: (&str, &str) = ("", "pods");
const NODES: (&str, &str) = ("", "nodes");

fn mirror() -> Value {
    json!({
        "metadata": {
            "name": "static",
            "annotations": {"kubernetes.io/config.mirror": "x"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u", "controller": true}],
        },
        "spec": {"nodeName": "n1", "volumes": [{"name": "h", "hostPath": {}}]},
    })
}

#[test]
fn nodes_make_mirrors_of_static_pods_only() {
    let store = Store::default().with("nodes//n1", json!({"metadata": {"uid": "u"}}));
    let why = |change: &dyn Fn(&mut Value)| {
        let mut new = mirror();
        change(&mut new);
        Write {
            new,
            ..write("CREATE", PODS, "static")
        }
        .why(&store)
    };
    let owner = |key: &str, value: Value| {
        why(&move |pod| pod["metadata"]["ownerReferences"][0][key] = value.clone())
    };
    assert_eq!(why(&|_| {}), "allowed");
    assert_eq!(
        why(&|pod| pod["metadata"]["annotations"] = json!({})),
        "pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create mirror pods"
    );
    assert_eq!(
        why(&|pod| pod["spec"]["nodeName"] = "n2".into()),
        "node \"n1\" can only create pods with spec.nodeName set to itself"
    );
    assert_eq!(
        why(&|pod| pod["metadata"]["ownerReferences"] = json!([])),
        "node \"n1\" can only create pods with an owner reference set to itself"
    );
    assert_eq!(
        why(&|pod| pod["metadata"]["ownerReferences"] = json!([{}, {}])),
        "node \"n1\" can only create pods with a single owner reference set to itself"
    );
    assert_eq!(
        owner("name", "n2".into()),
        "node \"n1\" can only create pods with an owner reference set to itself"
    );
    assert_eq!(
        owner("controller", false.into()),
        "node \"n1\" can only create pods with a controller owner reference set to itself"
    );
    assert_eq!(
        owner("blockOwnerDeletion", true.into()),
        "node \"n1\" must not set blockOwnerDeletion on an owner reference"
    );
    assert_eq!(
        owner("uid", "v".into()),
        "node n1 UID mismatch: expected v got u"
    );
    let volume = |volume: Value| why(&move |pod| pod["spec"]["volumes"] = json!([volume]));
    let refers = |what: &str| format!("node \"n1\" can not create pods that reference {what}");
    assert_eq!(
        why(&|pod| pod["spec"]["serviceAccountName"] = "bot".into()),
        refers("serviceaccounts")
    );
    assert_eq!(
        volume(json!({"secret": {"secretName": "s"}})),
        refers("secrets")
    );
    assert_eq!(
        volume(json!({"configMap": {"name": "s"}})),
        refers("configmaps")
    );
    assert_eq!(
        volume(json!({"secret": {}})),
        refers("secrets (via secret volumes)")
    );
    assert_eq!(
        volume(json!({"persistentVolumeClaim": {"claimName": "c"}})),
        refers("persistentvolumeclaims")
    );
    assert_eq!(
        volume(json!({"csi": {"driver": "d"}})),
        refers("csidrivers (via CSI volumes)")
    );
    assert_eq!(
        volume(
            json!({"projected": {"sources": [{"downwardAPI": {}}, {"serviceAccountToken": {}}]}})
        ),
        refers("serviceaccounts (via projected volumes)")
    );
    assert_eq!(
        volume(json!({"name": "v", "new": {}})),
        "error checking mirror pod for API references: unknown volume type for volume  \"v\""
    );
    let gone = Write {
        new: mirror(),
        ..write("CREATE", PODS, "static")
    }
    .why(&Store::default());
    assert_eq!(gone, "node \"n1\" not found");
}

#[test]
fn nodes_delete_evict_and_report_their_pods() {
    let of = |node: &str| json!({"spec": {"nodeName": node}});
    let store = Store::default()
        .with("pods/dev/own", of("n1"))
        .with("pods/dev/other", of("n2"));
    let delete = |name: &str| write("DELETE", PODS, name).why(&store);
    assert_eq!(delete("own"), "allowed");
    assert_eq!(
        delete("other"),
        "node \"n1\" can only delete pods with spec.nodeName set to itself"
    );
    assert_eq!(delete("gone"), "pod \"gone\" not found");
    assert_eq!(
        write("UPDATE", PODS, "own").why(&store),
        "unexpected operation \"UPDATE\", node \"n1\" can only create and delete mirror pods"
    );
    let evict = |name: &str| {
        Write {
            part: "eviction",
            ..write("CREATE", PODS, name)
        }
        .why(&store)
    };
    assert_eq!(evict("own"), "allowed");
    assert_eq!(
        evict("other"),
        "node n1 can only evict pods with spec.nodeName set to itself"
    );
    assert_eq!(evict(""), "could not determine pod from request data");
    let exec = Write {
        part: "exec",
        ..write("CREATE", PODS, "own")
    }
    .why(&store);
    assert_eq!(
        exec,
        "unexpected pod subresource \"exec\", only 'status' and 'eviction' are allowed"
    );

    let status = |node: &str, new: Value| {
        Write {
            part: "status",
            old: of(node),
            new,
            ..write("UPDATE", PODS, "own")
        }
        .why(&store)
    };
    assert_eq!(status("n1", of("n1")), "allowed");
    assert_eq!(
        status("n2", of("n2")),
        "node \"n1\" can only update pod status for pods with spec.nodeName set to itself"
    );
    assert_eq!(
        status("n1", json!({"metadata": {"labels": {"a": "b"}}})),
        "node \"n1\" cannot update labels through pod status"
    );
    assert_eq!(status("n1", json!({"metadata": {"labels": {}}})), "allowed");
    let claims = json!({"status": {"resourceClaimStatuses": [{"name": "a"}]}});
    assert_eq!(
        status("n1", claims),
        "node \"n1\" cannot update resource claim statues"
    );
}

#[test]
fn nodes_label_themselves_within_limits() {
    let store = Store::default();
    let with = |labels: Value| json!({"metadata": {"name": "n1", "labels": labels}});
    let create = |labels: Value| {
        Write {
            new: with(labels),
            ..write("CREATE", NODES, "n1")
        }
        .why(&store)
    };
    assert_eq!(
        create(
            json!({"kubernetes.io/hostname": "n1", "example.com/a": "b", "plain": "c", "x.node.kubernetes.io/y": "z"})
        ),
        "allowed"
    );
    assert_eq!(
        create(
            json!({"node-restriction.kubernetes.io/a": "", "node-role.kubernetes.io/b": "", "c.k8s.io/d": ""})
        ),
        "node \"n1\" is not allowed to set the following labels: c.k8s.io/d, node-restriction.kubernetes.io/a, node-role.kubernetes.io/b"
    );
    let update = |old: Value, new: Value| {
        Write {
            new,
            old,
            ..write("UPDATE", NODES, "n1")
        }
        .why(&store)
    };
    let role = with(json!({"node-role.kubernetes.io/b": ""}));
    assert_eq!(update(role.clone(), role.clone()), "allowed");
    assert_eq!(
        update(role.clone(), with(json!({}))),
        "is not allowed to modify labels: node-role.kubernetes.io/b"
    );
    let tainted = json!({"spec": {"taints": [{"key": "a"}]}});
    assert_eq!(
        update(tainted.clone(), with(json!({}))),
        "node \"n1\" is not allowed to modify taints"
    );
    assert_eq!(
        update(json!({"spec": {"taints": []}}), json!({})),
        "allowed"
    );
    let owned = json!({"metadata": {"ownerReferences": [{}]}});
    assert_eq!(
        update(json!({}), owned),
        "node \"n1\" is not allowed to modify ownerReferences"
    );
    let configured = json!({"spec": {"configSource": {"a": 1}}});
    assert_eq!(
        update(json!({}), configured.clone()),
        "node \"n1\" is not allowed to update configSource to a new non-nil configSource"
    );
    assert_eq!(update(configured.clone(), configured), "allowed");
    assert_eq!(
        write("UPDATE", NODES, "n2").why(&store),
        "node \"n1\" is not allowed to modify node \"n2\""
    );
}

#[test]
fn nodes_write_the_rest_within_limits() {
    let store = Store::default();
    let leases = ("coordination.k8s.io", "leases");
    let named = |name: &str| json!({"metadata": {"name": name}});
    let own = Write {
        namespace: "kube-node-lease",
        new: named("n1"),
        ..write("CREATE", leases, "")
    };
    assert_eq!(own.why(&store), "allowed");
    let other = Write {
        new: named("n2"),
        ..own
    };
    assert_eq!(
        other.why(&store),
        "can only access node lease with the same name as the requesting node"
    );
    assert_eq!(
        write("UPDATE", leases, "n1").why(&store),
        "can only access leases in the \"kube-node-lease\" system namespace"
    );
    let csi = ("storage.k8s.io", "csinodes");
    assert_eq!(write("UPDATE", csi, "n1").why(&store), "allowed");
    assert_eq!(
        write("DELETE", csi, "n2").why(&store),
        "can only access CSINode with the same name as the requesting node"
    );
    let slices = ("resource.k8s.io", "resourceslices");
    let slice = |node: &str| json!({"spec": {"nodeName": node}});
    assert_eq!(
        Write {
            new: slice("n1"),
            ..write("CREATE", slices, "")
        }
        .why(&store),
        "allowed"
    );
    assert_eq!(
        Write {
            old: slice("n2"),
            ..write("DELETE", slices, "s")
        }
        .why(&store),
        "can only delete ResourceSlice with the same NodeName as the requesting node"
    );
    let claims = ("", "persistentvolumeclaims");
    assert_eq!(
        write("UPDATE", claims, "c").why(&store),
        "may only update PVC status"
    );
    let status = |new: Value| {
        let old = json!({"metadata": {"resourceVersion": "1"}, "spec": {"a": 1}, "status": {"capacity": {}}});
        Write {
            part: "status",
            old,
            new,
            ..write("UPDATE", claims, "c")
        }
        .why(&store)
    };
    assert_eq!(
        status(
            json!({"metadata": {"resourceVersion": "2"}, "spec": {"a": 1}, "status": {"conditions": [{}]}})
        ),
        "allowed"
    );
    let why = status(json!({"spec": {"a": 1}, "status": {"phase": "Lost"}}));
    assert_eq!(
        why,
        "node \"n1\" is not allowed to update fields other than status.quantity and status.conditions: status.phase"
    );
    assert_eq!(
        write("UPDATE", ("apps", "deployments"), "d").why(&store),
        "allowed"
    );
}

#[test]
fn nodes_ask_for_certificates_of_their_own() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let requests = ("certificates.k8s.io", "certificatesigningrequests");
    let store = Store::default();
    let ask = |signer: &str, pem: &str| {
        let new = json!({"spec": {"signerName": signer, "request": STANDARD.encode(pem)}});
        Write {
            new,
            ..write("CREATE", requests, "")
        }
        .why(&store)
    };
    // The request of system:node:n1, made by OpenSSL.
    let own = include_str!("tests/n1.csr");
    let other = include_str!("tests/n2.csr");
    let serving = "kubernetes.io/kubelet-serving";
    assert_eq!(ask(serving, own), "allowed");
    assert_eq!(
        ask(serving, other),
        "can only create a node CSR with CN=system:node:n1"
    );
    assert_eq!(ask("example.com/x", other), "allowed");
    assert_eq!(
        ask(serving, "x"),
        "unable to parse csr: PEM block type must be CERTIFICATE REQUEST"
    );
}

#[test]
fn nodes_ask_for_tokens_of_their_pods() {
    let accounts = ("", "serviceaccounts");
    let pod = json!({
        "metadata": {"name": "web", "uid": "p"},
        "spec": {"nodeName": "n1", "volumes": [
            {"name": "a", "projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}]}},
            {"name": "b", "csi": {"driver": "inline"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
        ]},
    });
    let driver = |audience: &str| json!({"spec": {"tokenRequests": [{"audience": audience}]}});
    let store = Store::default()
        .with("pods/dev/web", pod.clone())
        .with("csidrivers//inline", driver("from-inline"))
        .with(
            "persistentvolumeclaims/dev/data",
            json!({"spec": {"volumeName": "pv"}}),
        )
        .with(
            "persistentvolumes//pv",
            json!({"spec": {"awsElasticBlockStore": {}}}),
        )
        .with("csidrivers//ebs.csi.aws.com", driver("from-claim"));
    let request = |uid: &str, audiences: Value| {
        let reference = json!({"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": uid});
        let new = json!({"spec": {"boundObjectRef": reference, "audiences": audiences}});
        Write {
            part: "token",
            new,
            ..write("CREATE", accounts, "bot")
        }
    };
    let ask = |uid: &str, audiences: Value| request(uid, audiences).why(&store);
    for audience in ["vault", "from-inline", "from-claim"] {
        assert_eq!(ask("p", json!([audience])), "allowed", "{audience}");
    }
    let refused = "system:node:n1 is not authorized to request tokens for audience \"x\"";
    assert_eq!(ask("p", json!(["x"])), refused);
    assert_eq!(
        ask("p", json!([])),
        "system:node:n1 is not authorized to request tokens for audience \"\""
    );
    assert_eq!(
        ask("p", json!(["x", "y"])),
        "node may only request 0 or 1 audiences"
    );
    assert_eq!(
        ask("", json!([])),
        "node requested token with a pod binding without a uid"
    );
    assert!(
        ask("q", json!([])).starts_with("the UID in the bound object reference (q) does not match")
    );
    let unbound = Write {
        part: "token",
        ..write("CREATE", accounts, "bot")
    };
    assert_eq!(
        unbound.why(&store),
        "node requested token not bound to a pod"
    );
    // RBAC may let nodes ask for more.
    let mut rules = Rules::new();
    let verb = "request-serviceaccounts-token-audience";
    let role = json!({"rules": [{"apiGroups": [""], "resources": ["x"], "verbs": [verb], "resourceNames": ["bot"]}]});
    rules.put("ClusterRole", "", "r", &role);
    let binding = json!({
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "Group", "name": "system:nodes"}],
    });
    rules.put("ClusterRoleBinding", "", "b", &binding);
    request("p", json!(["x"])).check(&store, &rules).unwrap();
    let mut elsewhere = pod;
    elsewhere["spec"]["nodeName"] = "n2".into();
    let store = Store::default().with("pods/dev/web", elsewhere);
    let why = request("p", json!([])).why(&store);
    assert_eq!(
        why,
        "node requested token bound to a pod scheduled on a different node"
    );
}

#[test]
fn nodes_ask_for_certificates_of_their_pods() {
    let requests = ("certificates.k8s.io", "podcertificaterequests");
    let pod = json!({
        "metadata": {"name": "web", "uid": "p"},
        "spec": {"nodeName": "n1", "serviceAccountName": "bot", "volumes": [
            {"projected": {"sources": [{"podCertificate": {"signerName": "a/b"}}]}},
        ]},
    });
    let store = Store::default()
        .with("pods/dev/web", pod)
        .with("nodes//n1", json!({"metadata": {"uid": "n"}}))
        .with("serviceaccounts/dev/bot", json!({"metadata": {"uid": "s"}}));
    let good = json!({"nodeName": "n1", "nodeUID": "n", "podName": "web", "podUID": "p",
        "serviceAccountName": "bot", "serviceAccountUID": "s", "signerName": "a/b"});
    let why = |key: &str, value: &str| {
        let mut spec = good.clone();
        spec[key] = value.into();
        Write {
            new: json!({"spec": spec}),
            ..write("CREATE", requests, "")
        }
        .why(&store)
    };
    assert_eq!(why("nodeUID", "n"), "allowed");
    assert_eq!(
        why("nodeName", "n2"),
        "PodCertificateRequest.Spec.NodeName=\"n2\", which is not the requesting node \"n1\""
    );
    assert_eq!(
        why("nodeUID", "x"),
        "PodCertificateRequest for pod \"dev/web\" names node UID \"x\", inconsistent with the running node (\"n\")"
    );
    assert_eq!(
        why("podUID", "x"),
        "PodCertificateRequest for pod \"dev/web\" contains pod UID (\"x\") which differs from running pod \"p\""
    );
    assert_eq!(
        why("podName", "x"),
        "while retrieving pod \"dev/x\" named in the PodCertificateRequest: pod \"x\" not found"
    );
    assert_eq!(
        why("serviceAccountName", "x"),
        "PodCertificateRequest for pod \"dev/web\" contains serviceAccountName (\"x\") that differs from running pod (\"bot\")"
    );
    assert_eq!(
        why("serviceAccountUID", "x"),
        "PodCertificateRequest for pod \"dev/web\" names service account UID \"x\", which differs from the running service account (\"s\")"
    );
    assert_eq!(
        why("signerName", "x/y"),
        "pod \"dev/web\" does not mount a podCertificate projected volume for signer \"x/y\""
    );
}

#[test]
fn others_are_not_restricted() {
    let user = User::default();
    let request = Request {
        user: &user,
        operation: "CREATE",
        group: "",
        version: "v1",
        resource: "pods",
        subresource: "",
        namespace: "dev",
        name: "",
        object: &Value::Null,
        old: &Value::Null,
    };
    check(&request, &Store::default(), &AlwaysDeny).unwrap();
    let user = node("");
    let why = check(
        &Request {
            user: &user,
            ..request
        },
        &Store::default(),
        &AlwaysDeny,
    )
    .unwrap_err();
    assert_eq!(
        why.to_string(),
        "could not determine node from user \"system:node:\""
    );
}
