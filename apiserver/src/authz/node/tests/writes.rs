use super::*;

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
    let own = include_str!("n1.csr");
    let other = include_str!("n2.csr");
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

proptest::proptest! {
    #[test]
    fn no_signing_request_panics(bytes in proptest::collection::vec(0u8.., 0..80), text in "\\PC{0,40}") {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{encoded}\n-----END CERTIFICATE REQUEST-----\n");
        for request in [pem.as_str(), text.as_str()] {
            let request = base64::engine::general_purpose::STANDARD.encode(request);
            let new = json!({"spec": {"signerName": "kubernetes.io/kubelet-serving", "request": request}});
            let requests = ("certificates.k8s.io", "certificatesigningrequests");
            let why = Write { new, ..write("CREATE", requests, "") }.why(&Store::default());
            proptest::prop_assert!(why.starts_with("unable to parse csr: "), "{}", why);
        }
    }
}
