use super::*;

#[test]
fn nodes_show_their_state_and_roles() {
    let node = json!({
        "metadata": {"name": "n", "labels": {
            "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "",
            "kubernetes.io/role": "edge"}},
        "spec": {"unschedulable": true},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2", "kernelVersion": "6.1", "architecture": "amd64"},
        },
    });
    assert_eq!(
        cells("", "Node", node),
        json!([
            "n",
            "Ready,SchedulingDisabled",
            "control-plane,edge,worker",
            "<unknown>",
            "v1.37.2",
            "10.0.0.1",
            "<none>",
            "<unknown>",
            "6.1 (amd64)",
            "<unknown>"
        ])
    );
}

#[test]
fn workloads() {
    let template =
        json!({"spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "j"}]}});
    let deployment = json!({
        "metadata": meta(),
        "spec": {"replicas": 3, "template": template, "selector": {"matchLabels": {"b": "c", "a": "b"}}},
        "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
    });
    assert_eq!(
        cells("apps", "Deployment", deployment),
        json!(["x", "1/3", 2, 1, "4h", "a,b", "i,j", "a=b,b=c"])
    );
    let job = json!({
        "metadata": meta(), "spec": {"parallelism": 2, "template": template},
        "status": {"startTime": "2026-01-01T23:00:00Z", "succeeded": 1,
                   "conditions": [{"type": "Suspended", "status": "True"}]},
    });
    assert_eq!(
        cells("batch", "Job", job),
        json!([
            "x",
            "Suspended",
            "1/1 of 2",
            "60m",
            "4h",
            "a,b",
            "i,j",
            "<none>"
        ])
    );
    let cron = json!({
        "metadata": meta(),
        "spec": {"schedule": "* * * * *", "suspend": false, "jobTemplate": {"spec": {"template": template,
                 "selector": {}}}},
        "status": {"active": [{}], "lastScheduleTime": "2026-01-01T23:59:00Z"},
    });
    assert_eq!(
        cells("batch", "CronJob", cron),
        json!([
            "x",
            "* * * * *",
            "<none>",
            "False",
            1,
            "60s",
            "4h",
            "a,b",
            "i,j",
            "<none>"
        ])
    );
    let revision = json!({
        "metadata": {"name": "r", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "controller": true}]},
        "revision": 2,
    });
    assert_eq!(
        cells("apps", "ControllerRevision", revision),
        json!(["r", "daemonset.apps/d", 2, "<unknown>"])
    );
    let budget = json!({"metadata": meta(), "spec": {"minAvailable": "50%"}});
    assert_eq!(
        cells("policy", "PodDisruptionBudget", budget),
        json!(["x", "50%", "N/A", 0, "4h"])
    );
}

#[test]
fn services_and_what_is_behind_them() {
    let service = json!({
        "metadata": meta(),
        "spec": {"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "externalIPs": ["1.1.1.1"],
                 "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
                 "selector": {"a": "b"}},
        "status": {"loadBalancer": {"ingress": [{"hostname": "lb"}, {"ip": "2.2.2.2"}]}},
    });
    assert_eq!(
        cells("", "Service", service),
        json!([
            "x",
            "LoadBalancer",
            "10.0.0.1",
            "2.2.2.2,lb,1.1.1.1",
            "80:30080/TCP,53/UDP",
            "4h",
            "a=b"
        ])
    );
    let pending = json!({"spec": {"type": "LoadBalancer"}});
    assert_eq!(cells("", "Service", pending)[3], "<pending>");
    let name = json!({"spec": {"type": "ExternalName", "externalName": "e"}});
    assert_eq!(cells("", "Service", name)[3], "e");
    let endpoints = json!({"metadata": meta(), "subsets": [
        {"addresses": [{"ip": "1"}, {"ip": "f::1"}], "ports": [{"port": 8}, {"port": 9}]},
        {"addresses": [{"ip": "2"}]},
    ]});
    assert_eq!(
        cells("", "Endpoints", endpoints),
        json!(["x", "1:8,[f::1]:8,1:9 + 2 more...", "4h"])
    );
    let slice = json!({"metadata": meta(), "addressType": "IPv4", "ports": [{"port": 8}, {"name": "n"}, {}],
                       "endpoints": [{"addresses": ["1"]}]});
    assert_eq!(
        cells("discovery.k8s.io", "EndpointSlice", slice),
        json!(["x", "IPv4", "8,n,", "1", "4h"])
    );
    let ingress = json!({"metadata": meta(), "spec": {"tls": [{}], "rules": [
        {"host": "a"}, {"host": "b"}, {}, {"host": "c"}, {"host": "d"}]}});
    assert_eq!(
        cells("networking.k8s.io", "Ingress", ingress),
        json!(["x", "<none>", "a,b,c + 2 more...", "", "80, 443", "4h"])
    );
}

#[test]
fn volumes_and_classes() {
    let volume = json!({
        "metadata": meta(),
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
                 "claimRef": {"namespace": "d", "name": "c"}, "persistentVolumeReclaimPolicy": "Retain",
                 "storageClassName": "fast", "volumeMode": "Filesystem"},
        "status": {"phase": "Bound"},
    });
    assert_eq!(
        cells("", "PersistentVolume", volume),
        json!([
            "x",
            "1Gi",
            "RWO,RWX",
            "Retain",
            "Bound",
            "d/c",
            "fast",
            "<unset>",
            "",
            "4h",
            "Filesystem"
        ])
    );
    let claim = json!({"metadata": meta(), "status": {"phase": "Pending"}});
    assert_eq!(
        cells("", "PersistentVolumeClaim", claim),
        json!(["x", "Pending", "", "", "", "", "<unset>", "4h", "<unset>"])
    );
    let class = |name: &str, created: &str| {
        json!({"metadata": {"name": name, "creationTimestamp": created, "annotations": {
            "storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "p"})
    };
    let classes = [
        class("old", "2026-01-01T00:00:00Z"),
        class("b", "2026-01-01T12:00:00Z"),
        class("a", "2026-01-01T12:00:00Z"),
    ];
    let printer = Printer::builtin("storage.k8s.io", "StorageClass");
    let names = |list: bool| -> Vec<Value> {
        let options = Options { list, ..options() };
        let table = printer.table(&classes, &json!({}), options);
        let rows = table["rows"].as_array().unwrap().iter();
        rows.map(|row| row["cells"][0].clone()).collect()
    };
    assert_eq!(names(true), ["old", "b", "a (default)"]);
    assert_eq!(names(false), ["old", "b", "a"]);
}

#[test]
fn events_of_both_groups_look_alike() {
    let core = json!({
        "metadata": {"name": "e"}, "type": "Warning", "reason": "Failed", "message": " no \n",
        "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{a}"},
        "source": {"component": "kubelet", "host": "n"}, "count": 2,
        "firstTimestamp": "2026-01-01T23:00:00Z", "lastTimestamp": "2026-01-01T23:59:00Z",
    });
    let row = json!([
        "60s",
        "Warning",
        "Failed",
        "pod/p",
        "spec.containers{a}",
        "kubelet, n",
        "no",
        "60m",
        2,
        "e"
    ]);
    assert_eq!(cells("", "Event", core), row);
    let new = json!({
        "metadata": {"name": "e"}, "type": "Warning", "reason": "Failed", "note": "no",
        "regarding": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{a}"},
        "reportingController": "kubelet", "reportingInstance": "n",
        "eventTime": "2026-01-01T23:00:00.000000Z",
        "series": {"count": 2, "lastObservedTime": "2026-01-01T23:59:00.000000Z"},
    });
    assert_eq!(cells("events.k8s.io", "Event", new), row);
    let once = json!({"eventTime": "2026-01-01T23:00:00.5Z"});
    let row = cells("", "Event", once);
    assert_eq!(
        (&row[0], &row[7], &row[8]),
        (&json!("59m"), &json!("59m"), &json!(1))
    );
}

#[test]
fn the_rest_in_short() {
    let quota = json!({"metadata": meta(), "status": {
        "hard": {"limits.cpu": "2", "pods": "4", "requests.cpu": "1"}, "used": {"pods": "1"}}});
    assert_eq!(
        cells("", "ResourceQuota", quota),
        json!(["x", "pods: 1/4, requests.cpu: 0/1", "limits.cpu: 0/2", "4h"])
    );
    let scaler = json!({"metadata": meta(), "spec": {
        "scaleTargetRef": {"kind": "Deployment", "name": "d"}, "minReplicas": 1, "maxReplicas": 5,
        "metrics": [
            {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}},
            {"type": "Pods", "pods": {"target": {"averageValue": "1k"}}},
            {"type": "External", "external": {"target": {"value": "2"}}},
        ]},
        "status": {"currentReplicas": 2, "currentMetrics": [
            {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 50}}}]}});
    assert_eq!(
        cells("autoscaling", "HorizontalPodAutoscaler", scaler),
        json!([
            "x",
            "Deployment/d",
            "cpu: 50%/80%, <unknown>/1k + 1 more...",
            "1",
            5,
            2,
            "4h"
        ])
    );
    let binding = json!({"metadata": meta(), "roleRef": {"kind": "Role", "name": "r"}, "subjects": [
        {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "namespace": "d", "name": "s"},
        {"kind": "User", "name": "v"}]});
    assert_eq!(
        cells("rbac.authorization.k8s.io", "RoleBinding", binding),
        json!(["x", "Role/r", "4h", "u, v", "", "d/s"])
    );
    let request = json!({"metadata": meta(), "spec": {"signerName": "s", "username": "u",
        "expirationSeconds": 3600}, "status": {"certificate": "aGk=", "conditions": [{"type": "Approved"}]}});
    assert_eq!(
        cells("certificates.k8s.io", "CertificateSigningRequest", request),
        json!(["x", "4h", "s", "u", "60m", "Approved,Issued"])
    );
    let policy = json!({"metadata": meta(), "spec": {"policyName": "p", "paramRef": {"selector": {
        "matchLabels": {"a": "b"}, "matchExpressions": [{"key": "k", "operator": "In", "values": ["v", "w"]}]}}}});
    assert_eq!(
        cells(
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding",
            policy
        )[2],
        "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement\
         {LabelSelectorRequirement{Key:k,Operator:In,Values:[v w],},},}"
    );
    let service = json!({"metadata": meta(), "spec": {"service": {"namespace": "d", "name": "s"}}, "status": {
        "conditions": [{"type": "Available", "status": "False", "reason": "Gone"}]}});
    assert_eq!(
        cells("apiregistration.k8s.io", "APIService", service),
        json!(["x", "d/s", "False (Gone)", "4h"])
    );
    let level = json!({"metadata": meta(), "spec": {"type": "Limited", "limited": {
        "nominalConcurrencyShares": 30, "limitResponse": {"queuing": {"queues": 64}}}}});
    assert_eq!(
        cells(
            "flowcontrol.apiserver.k8s.io",
            "PriorityLevelConfiguration",
            level
        ),
        json!(["x", "Limited", 30, 64, 0, 0, "4h"])
    );
    let claim = json!({"metadata": meta(), "status": {"allocation": {}, "reservedFor": [{}]}});
    assert_eq!(
        cells("resource.k8s.io", "ResourceClaim", claim)[1],
        "allocated,reserved"
    );
}
