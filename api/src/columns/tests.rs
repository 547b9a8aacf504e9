use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-01-02T00:00:00Z".parse().unwrap()
}

fn options() -> Options {
    Options {
        include: Include::None,
        headers: true,
        beta: false,
        list: true,
        now: now(),
    }
}

/// The cells of the first row.
fn cells(group: &str, kind: &str, object: Value) -> Value {
    let printer = Printer::builtin(group, kind);
    let table = printer.table(&[object], &json!({}), options());
    table["rows"][0]["cells"].clone()
}

fn meta() -> Value {
    json!({"name": "x", "namespace": "d", "creationTimestamp": "2026-01-01T20:00:00Z"})
}

#[test]
fn spans_are_told_in_two_units() {
    let told = [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (10_860, "3h1m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (176_400, "2d1h"),
        (691_200, "8d"),
        (63_071_999, "729d"),
        (63_072_000, "2y"),
        (63_158_400, "2y1d"),
        (252_288_000, "8y"),
        (283_824_000, "9y"),
    ];
    for (seconds, text) in told {
        assert_eq!(human_duration(seconds * 1_000_000_000), text, "{seconds}");
    }
    assert_eq!(human_duration(-1_999_999_999), "0s");
}

#[test]
fn a_table_has_columns_rows_and_the_version_of_the_list() {
    let list =
        json!({"resourceVersion": "7", "continue": "", "remainingItemCount": 3, "name": "x"});
    let mut object =
        json!({"metadata": meta(), "data": {"a": "", "b": ""}, "binaryData": {"c": ""}});
    let printer = Printer::builtin("", "ConfigMap");
    let mut options = options();
    let table = printer.table(std::slice::from_ref(&object), &list, options);
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(
        table["metadata"],
        json!({"resourceVersion": "7", "remainingItemCount": 3})
    );
    let first = &table["columnDefinitions"][0];
    assert_eq!(
        (
            &first["name"],
            &first["type"],
            &first["format"],
            &first["priority"]
        ),
        (&json!("Name"), &json!("string"), &json!("name"), &json!(0))
    );
    assert_eq!(
        table["rows"],
        json!([{"cells": ["x", 3, "4h"], "object": null}])
    );

    options.include = Include::Metadata;
    options.beta = true;
    options.headers = false;
    let table = printer.table(std::slice::from_ref(&object), &list, options);
    assert_eq!(table["columnDefinitions"], Value::Null);
    assert_eq!(
        table["rows"][0]["object"],
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1beta1", "metadata": meta()})
    );
    options.include = Include::Object;
    let table = printer.table(std::slice::from_ref(&object), &list, options);
    assert_eq!(table["rows"][0]["object"], object);

    // The bookmark at the end of the first events is never without its metadata.
    options.include = Include::None;
    object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    let table = printer.table(&[object], &list, options);
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(Include::parse(""), Some(Include::Metadata));
    assert_eq!(Include::parse("all"), None);
}

#[test]
fn every_kind_fills_its_columns_even_with_an_empty_object() {
    for resource in crate::resources::Registry::builtin().resources() {
        let printer = Printer::builtin(&resource.group, &resource.kind);
        let table = printer.table(&[json!({})], &json!({}), options());
        let cells = table["rows"][0]["cells"].as_array().unwrap().len();
        // Upstream has no column for the age of addresses.
        let extra = usize::from(&*resource.kind == "IPAddress");
        assert_eq!(cells, printer.columns().len() + extra, "{}", resource.kind);
        let _ = printer.table(&[json!(null), json!([1])], &json!(null), options());
    }
}

#[test]
fn kinds_without_columns_show_when_they_were_created() {
    let role = cells(
        "rbac.authorization.k8s.io",
        "Role",
        json!({"metadata": meta()}),
    );
    assert_eq!(role, json!(["x", "2026-01-01T20:00:00Z"]));
}

mod pods {
    use super::*;

    fn pod(status: Value) -> Value {
        json!({
            "metadata": meta(),
            "spec": {"containers": [{"name": "a"}, {"name": "b"}], "nodeName": "n"},
            "status": status,
        })
    }

    fn shown(object: Value) -> [String; 3] {
        let cells = cells("", "Pod", object);
        [1, 2, 3].map(|at| cells[at].as_str().unwrap().to_owned())
    }

    fn running() -> Value {
        json!({"ready": true, "state": {"running": {}}})
    }

    #[test]
    fn a_running_pod() {
        let object = pod(json!({
            "phase": "Running", "podIPs": [{"ip": "10.0.0.1"}],
            "containerStatuses": [
                running(),
                {"ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 3,
                 "lastState": {"terminated": {"finishedAt": "2026-01-01T23:55:00Z"}}},
            ],
            "conditions": [{"type": "g", "status": "True"}],
        }));
        let mut object = object;
        object["spec"]["readinessGates"] = json!([{"conditionType": "g"}, {"conditionType": "h"}]);
        assert_eq!(
            cells("", "Pod", object),
            json!([
                "x",
                "1/2",
                "CrashLoopBackOff",
                "3 (5m ago)",
                "4h",
                "10.0.0.1",
                "n",
                "<none>",
                "1/2"
            ])
        );
    }

    #[test]
    fn a_pod_in_its_first_steps() {
        assert_eq!(
            shown(pod(json!({"phase": "Pending"}))),
            ["0/2", "Pending", "0"]
        );
        let gated = json!({
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}],
        });
        assert_eq!(shown(pod(gated))[1], "SchedulingGated");
        let evicted = json!({"phase": "Failed", "reason": "Evicted"});
        assert_eq!(shown(pod(evicted))[1], "Evicted");
    }

    #[test]
    fn init_containers_go_first() {
        let with = |states: Value| {
            let mut object = pod(json!({"phase": "Pending", "initContainerStatuses": states}));
            object["spec"]["initContainers"] = json!([{"name": "i"}, {"name": "j"}]);
            shown(object)
        };
        let done = json!({"name": "i", "state": {"terminated": {"exitCode": 0}}});
        assert_eq!(
            with(json!([done, {"name": "j", "state": {"running": {}}}])),
            ["0/2", "Init:1/2", "0"]
        );
        assert_eq!(
            with(
                json!([{"name": "i", "state": {"terminated": {"exitCode": 2}}, "restartCount": 1}])
            ),
            ["0/2", "Init:ExitCode:2", "1"]
        );
        assert_eq!(
            with(json!([{"name": "i", "state": {"terminated": {"exitCode": 2, "signal": 9}}}]))[1],
            "Init:Signal:9"
        );
        assert_eq!(
            with(
                json!([{"name": "i", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}])
            )[1],
            "Init:Error"
        );
        assert_eq!(
            with(json!([{"name": "i", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]))[1],
            "Init:ImagePullBackOff"
        );
        assert_eq!(
            with(json!([{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}]))[1],
            "Init:0/2"
        );
    }

    #[test]
    fn sidecars_count_as_containers() {
        let mut object = pod(json!({
            "phase": "Running",
            "initContainerStatuses": [
                {"name": "s", "started": true, "ready": true, "restartCount": 2, "state": {"running": {}}},
                {"name": "i", "restartCount": 5, "state": {"terminated": {"exitCode": 0}}},
            ],
            "containerStatuses": [running(), running()],
        }));
        object["spec"]["initContainers"] =
            json!([{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]);
        assert_eq!(shown(object), ["3/3", "Running", "2"]);
    }

    #[test]
    fn a_pod_that_ends() {
        let done = json!({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
        let failed = json!({"state": {"terminated": {"exitCode": 1, "reason": "Error"}}});
        let of = |states: Value, conditions: Value| {
            shown(pod(json!({
                "phase": "Running", "containerStatuses": states, "conditions": conditions,
            })))[1]
                .clone()
        };
        let ready = json!([{"type": "Ready", "status": "True"}]);
        assert_eq!(of(json!([done, running()]), ready), "Running");
        assert_eq!(of(json!([done, running()]), json!([])), "NotReady");
        assert_eq!(of(json!([done, failed]), json!([])), "Error");
        assert_eq!(of(json!([done, done]), json!([])), "Completed");
        let signalled = json!({"state": {"terminated": {"exitCode": 137, "signal": 9}}});
        assert_eq!(of(json!([signalled]), json!([])), "Signal:9");
    }

    #[test]
    fn a_pod_that_is_deleted() {
        let deleted = |status: Value| {
            let mut object = pod(status);
            object["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
            shown(object)[1].clone()
        };
        assert_eq!(deleted(json!({"phase": "Running"})), "Terminating");
        assert_eq!(deleted(json!({"phase": "Succeeded"})), "Succeeded");
        assert_eq!(
            deleted(json!({"phase": "Running", "reason": "NodeLost"})),
            "Unknown"
        );
        let table = Printer::builtin("", "Pod").table(
            &[pod(json!({"phase": "Succeeded"}))],
            &json!({}),
            options(),
        );
        assert_eq!(
            table["rows"][0]["conditions"],
            json!([{"type": "Completed", "status": "True", "reason": "Succeeded",
                    "message": "The pod has completed successfully."}])
        );
    }
}

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
        json!(["x", "IPv4", "8,n,*", "1", "4h"])
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

mod custom {
    use super::*;

    fn object() -> Value {
        json!({
            "metadata": meta(),
            "spec": {
                "size": 3, "ratio": 1.5, "on": true, "tags": ["a", "b"], "none": null,
                "ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53}],
            },
            "status": {"conditions": [
                {"type": "Ready", "status": "True"}, {"type": "Synced", "status": "False"}]},
        })
    }

    fn cell(kind: &str, path: &str) -> Value {
        let columns = json!([{"name": "C", "type": kind, "jsonPath": path}]);
        let (printer, wrong) = Printer::custom(&columns);
        assert_eq!(wrong, None, "{path}");
        let table = printer.table(&[object()], &json!({}), options());
        table["rows"][0]["cells"][1].clone()
    }

    #[test]
    fn paths_lead_to_values() {
        let told = [
            ("string", ".spec.size", json!("3")),
            ("integer", ".spec.size", json!(3)),
            ("integer", ".spec.ratio", json!(1)),
            ("number", ".spec.ratio", json!(1.5)),
            ("number", ".spec.size", json!(3)),
            ("boolean", ".spec.on", json!(true)),
            ("string", ".spec.on", json!("true")),
            ("string", ".spec.tags", json!(r#"["a","b"]"#)),
            ("string", ".spec.tags[*]", json!("a")),
            ("string", ".spec.tags[1]", json!("b")),
            ("string", ".spec.tags[-1]", json!("b")),
            ("string", ".spec.tags[-1:]", json!("b")),
            ("string", ".spec.tags[0:1]", json!("a")),
            ("string", ".spec.tags[5]", json!(null)),
            ("string", ".spec.none", json!("<no value>")),
            ("string", ".spec.missing", json!(null)),
            ("string", ".spec.size.deeper", json!(null)),
            ("string", ".spec['size']", json!("3")),
            ("string", ".spec['missing','size']", json!("3")),
            ("integer", ".spec.ports[?(@.name==\"dns\")].port", json!(53)),
            ("string", ".spec.ports[?(@.port>60)].name", json!("http")),
            ("string", ".spec.ports[?(@.port<=53)].name", json!("dns")),
            (
                "string",
                ".spec.ports[?(@.name!='http')].name",
                json!("dns"),
            ),
            ("string", ".spec.ports[?(@.port)].name", json!("http")),
            ("string", ".spec.ports[?(@.port==\"80\")].name", json!(null)),
            (
                "string",
                ".status.conditions[?(@.type==\"Ready\")].status",
                json!("True"),
            ),
            ("integer", "..port", json!(80)),
            ("date", ".metadata.creationTimestamp", json!("4h")),
            ("date", ".metadata.name", json!("<invalid>")),
            ("boolean", ".spec.size", json!(null)),
            ("string", "spec.size", json!(null)),
        ];
        for (kind, path, expected) in told {
            assert_eq!(cell(kind, path), expected, "{kind} {path}");
        }
    }

    #[test]
    fn columns_are_described() {
        let columns = json!([
            {"name": "A", "type": "string", "jsonPath": ".a", "priority": 1},
            {"name": "B", "type": "integer", "format": "int32", "jsonPath": ".b", "description": "It is b."},
        ]);
        let (printer, wrong) = Printer::custom(&columns);
        assert_eq!(wrong, None);
        let columns = printer.columns();
        assert_eq!(columns.len(), 3);
        assert_eq!(
            columns[1].to_value(),
            json!({"name": "A", "type": "string", "format": "", "priority": 1, "description":
                "Custom resource definition column (in JSONPath format): .a"})
        );
        assert_eq!(columns[2].description, "It is b.");
        let (printer, _) = Printer::custom(&json!(null));
        let table = printer.table(&[object()], &json!({}), options());
        assert_eq!(table["rows"][0]["cells"], json!(["x", "4h"]));
        assert_eq!(table["columnDefinitions"][1]["type"], "date");
    }

    #[test]
    fn a_bad_path_is_told_and_ends_the_columns() {
        let nested = format!(".a{}", "[?(@.b".repeat(100));
        for path in [".a[", ".a[x]", ".a[?(@.b", "....a", ".a[1:2:3:4]", &nested] {
            let columns = json!([
                {"name": "A", "type": "string", "jsonPath": ".a"},
                {"name": "B", "type": "string", "jsonPath": path},
                {"name": "C", "type": "string", "jsonPath": ".c"},
            ]);
            let (printer, wrong) = Printer::custom(&columns);
            assert!(
                wrong
                    .expect(path)
                    .to_string()
                    .starts_with("unrecognized column definition"),
                "{path}"
            );
            assert_eq!(printer.columns().len(), 2, "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_breaks_it(path in "[.a0-9*@?(){}\\[\\]'\"=<,:ä -]{0,20}") {
            let columns = json!([{"name": "C", "type": "string", "jsonPath": path}]);
            let (printer, _) = Printer::custom(&columns);
            let _ = printer.table(&[json!({"a": [{"a": 1}, "a", {"0": [1, 2, 3]}]})], &json!({}), options());
        }
    }
}
