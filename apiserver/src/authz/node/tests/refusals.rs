use super::reads::{decide, running};
use super::*;

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
