use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, Told, creates_pod, refusal, told};

mod credentials;

fn node_of(told: Told) -> Told {
    told.by("system:node:a", &["system:nodes"])
}

fn placed(name: &str, node: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "n", "uid": "p"},
        "spec": {"nodeName": node, "serviceAccountName": "s"},
    })
}

fn cluster() -> Cluster {
    let node = json!({"metadata": {"name": "a", "uid": "1"}});
    let account = json!({"metadata": {"name": "s", "namespace": "n", "uid": "2"}});
    Cluster::default()
        .with("", "nodes", node)
        .with("", "pods", placed("x", "a"))
        .with("", "pods", placed("far", "b"))
        .with("", "serviceaccounts", account)
}

fn judge(told: Told, object: Value) -> Result<()> {
    let outcome = node_of(told).admit(&NodeRestriction, object, &cluster());
    outcome.map(|_| ())
}

fn why(told: Told, object: Value) -> String {
    let text = refusal(judge(told, object)).1;
    match text.split_once(" is forbidden: ") {
        Some((_, why)) => why.to_owned(),
        None => text,
    }
}

fn mirror() -> Value {
    json!({
        "metadata": {
            "name": "x",
            "annotations": {"kubernetes.io/config.mirror": "1"},
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Node", "name": "a", "uid": "1", "controller": true,
            }],
        },
        "spec": {"nodeName": "a"},
    })
}

#[test]
fn only_nodes_are_restricted() {
    let delete = || told(Operation::Delete, "", "nodes", "Node").named("b");
    let other = delete().by("system:node:a", &["others"]);
    let none = Cluster::default();
    assert!(other.admit(&NodeRestriction, json!(null), &none).is_ok());
    let nameless = delete().by("system:node:", &["system:nodes"]);
    assert_eq!(
        refusal(nameless.admit(&NodeRestriction, json!(null), &none)).1,
        "nodes \"b\" is forbidden: could not determine node from user \"system:node:\""
    );
}

#[test]
fn a_node_makes_mirror_pods_of_its_own() {
    assert!(judge(creates_pod(), mirror()).is_ok());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut pod = mirror();
        change(&mut pod);
        why(creates_pod(), pod)
    };
    let node = "node \"a\"";
    assert_eq!(
        with(&|pod| pod["metadata"]["annotations"] = json!({})),
        format!(
            "pod does not have \"kubernetes.io/config.mirror\" annotation, {node} can only create mirror \
             pods"
        )
    );
    assert_eq!(
        with(&|pod| pod["spec"]["nodeName"] = "b".into()),
        format!("{node} can only create pods with spec.nodeName set to itself")
    );
    assert_eq!(
        with(&|pod| pod["metadata"]["ownerReferences"] = json!([])),
        format!("{node} can only create pods with an owner reference set to itself")
    );
    assert_eq!(
        with(&|pod| pod["metadata"]["ownerReferences"] = json!([{}, {}])),
        format!("{node} can only create pods with a single owner reference set to itself")
    );
    let owner = |field: &'static str, value: Value| {
        with(&move |pod| pod["metadata"]["ownerReferences"][0][field] = value.clone())
    };
    assert_eq!(
        owner("controller", json!(false)),
        format!("{node} can only create pods with a controller owner reference set to itself")
    );
    assert_eq!(
        owner("blockOwnerDeletion", json!(true)),
        format!("{node} must not set blockOwnerDeletion on an owner reference")
    );
    assert_eq!(
        owner("uid", json!("9")),
        "node a UID mismatch: expected 9 got 1"
    );
    assert_eq!(
        with(&|pod| pod["spec"]["serviceAccountName"] = "s".into()),
        format!("{node} can not create pods that reference serviceaccounts")
    );
}

#[test]
fn a_node_deletes_and_evicts_its_own_pods() {
    let delete = |name| told(Operation::Delete, "", "pods", "Pod").named(name);
    assert!(judge(delete("x"), json!(null)).is_ok());
    assert_eq!(
        why(delete("far"), json!(null)),
        "node \"a\" can only delete pods with spec.nodeName set to itself"
    );
    let missing = refusal(judge(delete("gone"), json!(null)));
    assert_eq!(missing, (404, "pod \"gone\" not found".to_owned()));
    let evict = |name| {
        told(Operation::Create, "", "pods", "Eviction")
            .part("eviction")
            .named(name)
    };
    assert!(judge(evict("x"), json!({})).is_ok());
    assert_eq!(
        why(evict("far"), json!({})),
        "node a can only evict pods with spec.nodeName set to itself"
    );
    assert_eq!(
        why(told(Operation::Update, "", "pods", "Pod"), json!({})),
        "unexpected operation \"UPDATE\", node \"a\" can only create and delete mirror pods"
    );
    assert_eq!(
        why(creates_pod().part("binding"), json!({})),
        "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed"
    );
}

#[test]
fn a_node_tells_how_its_own_pods_are() {
    let update = |old| {
        told(Operation::Update, "", "pods", "Pod")
            .part("status")
            .over(old)
    };
    assert!(judge(update(placed("x", "a")), placed("x", "a")).is_ok());
    assert_eq!(
        why(update(placed("x", "b")), placed("x", "b")),
        "node \"a\" can only update pod status for pods with spec.nodeName set to itself"
    );
    let mut new = placed("x", "a");
    new["metadata"]["labels"] = json!({"a": "b"});
    assert_eq!(
        why(update(placed("x", "a")), new),
        "node \"a\" cannot update labels through pod status"
    );
    let mut new = placed("x", "a");
    new["status"]["resourceClaimStatuses"] = json!([{"name": "r"}]);
    assert_eq!(
        why(update(placed("x", "a")), new),
        "node \"a\" cannot update resource claim statues"
    );
}

#[test]
fn a_node_changes_itself_only_and_not_its_taints() {
    let node = |labels: Value| json!({"metadata": {"name": "a", "labels": labels}, "spec": {}});
    let create = || told(Operation::Create, "", "nodes", "Node").named("a");
    let update = || {
        let told = told(Operation::Update, "", "nodes", "Node").named("a");
        told.over(node(json!({})))
    };
    assert_eq!(
        why(create().named("b"), json!({})),
        "node \"a\" is not allowed to modify node \"b\""
    );
    let own = json!({
        "kubernetes.io/hostname": "a", "x.node.kubernetes.io/y": "", "example.com/z": "",
        "kubernetes.io.example.com/z": "",
    });
    assert!(judge(create(), node(own.clone())).is_ok());
    assert!(judge(update(), node(own)).is_ok());
    let others = json!({
        "node-restriction.kubernetes.io/a": "", "x.node-restriction.kubernetes.io/b": "",
        "kubernetes.io/other": "", "sub.k8s.io/x": "",
    });
    let listed = "kubernetes.io/other, node-restriction.kubernetes.io/a, sub.k8s.io/x, \
                  x.node-restriction.kubernetes.io/b";
    assert_eq!(
        why(create(), node(others.clone())),
        format!("node \"a\" is not allowed to set the following labels: {listed}")
    );
    assert_eq!(
        why(update(), node(others)),
        format!("is not allowed to modify labels: {listed}")
    );
    let mut tainted = node(json!({}));
    tainted["spec"]["taints"] = json!([{"key": "a", "effect": "NoSchedule"}]);
    assert_eq!(
        why(update(), tainted.clone()),
        "node \"a\" is not allowed to modify taints"
    );
    assert!(judge(create(), tainted).is_ok());
    let mut owned = node(json!({}));
    owned["metadata"]["ownerReferences"] = json!([{"name": "o"}]);
    assert_eq!(
        why(update(), owned),
        "node \"a\" is not allowed to modify ownerReferences"
    );
}

#[test]
fn a_node_says_how_large_a_volume_has_become_and_nothing_else() {
    let kind = "PersistentVolumeClaim";
    let claim = |capacity: &str, label: &str| json!({"metadata": {"labels": {"l": label}}, "status": {"capacity": capacity}});
    let update = || {
        let told = told(Operation::Update, "", "persistentvolumeclaims", kind);
        told.over(claim("1", "a"))
    };
    assert!(judge(update().part("status"), claim("2", "a")).is_ok());
    assert_eq!(
        why(update().part("status"), claim("1", "b")),
        "node \"a\" is not allowed to update fields other than status.quantity and status.conditions: \
         metadata.labels"
    );
    assert_eq!(why(update(), claim("2", "a")), "may only update PVC status");
}

#[test]
fn a_node_has_its_own_lease_csi_node_and_slices() {
    let lease = |operation, namespace, name| {
        let told = told(operation, "coordination.k8s.io", "leases", "Lease");
        told.within(namespace).named(name)
    };
    let own = json!({"metadata": {"name": "a"}});
    assert!(
        judge(
            lease(Operation::Create, "kube-node-lease", "a"),
            own.clone()
        )
        .is_ok()
    );
    assert_eq!(
        why(lease(Operation::Update, "kube-system", "a"), own.clone()),
        "can only access leases in the \"kube-node-lease\" system namespace"
    );
    assert_eq!(
        why(
            lease(Operation::Update, "kube-node-lease", "b"),
            own.clone()
        ),
        "can only access node lease with the same name as the requesting node"
    );
    let csi = told(Operation::Delete, "storage.k8s.io", "csinodes", "CSINode").named("b");
    assert_eq!(
        why(csi, json!(null)),
        "can only access CSINode with the same name as the requesting node"
    );
    let slice = |operation| {
        told(
            operation,
            "resource.k8s.io",
            "resourceslices",
            "ResourceSlice",
        )
    };
    let of = |node: &str| json!({"spec": {"nodeName": node}});
    assert!(judge(slice(Operation::Create), of("a")).is_ok());
    assert_eq!(
        why(slice(Operation::Create), of("b")),
        "can only create ResourceSlice with the same NodeName as the requesting node"
    );
    assert_eq!(
        why(slice(Operation::Delete).over(of("b")), json!(null)),
        "can only delete ResourceSlice with the same NodeName as the requesting node"
    );
}
