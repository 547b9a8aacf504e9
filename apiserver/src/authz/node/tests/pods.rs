use super::*;

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
