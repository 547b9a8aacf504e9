use super::*;

fn now() -> Timestamp {
    "2026-01-01T00:01:00Z".parse().unwrap()
}

/// What is used of `hard` names by objects of one resource.
fn used(quota: &Value, objects: &[Value]) -> Value {
    let objects: Vec<Arc<Value>> = objects.iter().cloned().map(Arc::new).collect();
    let status = status(quota, |_| Some(objects.clone()), now()).unwrap();
    status["used"].clone()
}

fn quota(names: &[&str]) -> Value {
    let hard: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!("10")))
        .collect();
    json!({"spec": {"hard": hard}})
}

fn pod(requests: &Value, limits: &Value) -> Value {
    json!({"spec": {"containers": [{"resources": {"requests": requests, "limits": limits}}]}})
}

#[test]
fn pods_are_counted_and_summed() {
    let quota = quota(&[
        "pods",
        "count/pods",
        "cpu",
        "requests.cpu",
        "limits.memory",
        "requests.example.com/gpu",
    ]);
    let ended = json!({"status": {"phase": "Failed"}, "spec": pod(&json!({"cpu": "9"}), &json!({}))["spec"]});
    let pods = [
        pod(
            &json!({"cpu": "250m", "example.com/gpu": "2"}),
            &json!({"memory": "1Gi"}),
        ),
        pod(&json!({"cpu": "1"}), &json!({"memory": "512Mi"})),
        ended,
    ];
    assert_eq!(
        used(&quota, &pods),
        json!({"pods": "2", "count/pods": "3", "cpu": "1250m", "requests.cpu": "1250m",
               "limits.memory": "1536Mi", "requests.example.com/gpu": "2"})
    );
}

#[test]
fn initialisation_sidecars_and_overhead_count_as_the_scheduler_has_them() {
    let container = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
    let sidecar =
        |cpu: &str| json!({"restartPolicy": "Always", "resources": {"requests": {"cpu": cpu}}});
    let mut pod = json!({"spec": {
        "containers": [container("1"), container("1")],
        "initContainers": [container("2"), sidecar("500m"), container("3")],
        "overhead": {"cpu": "100m"},
    }});
    let quota = quota(&["cpu"]);
    // The last one runs beside the sidecar: 3 + 0.5, more than 2 + 0.5.
    assert_eq!(used(&quota, &[pod.clone()]), json!({"cpu": "3600m"}));
    pod["spec"]["resources"] = json!({"requests": {"cpu": "7"}});
    assert_eq!(used(&quota, &[pod]), json!({"cpu": "7100m"}));
}

#[test]
fn overhead_adds_to_limits_that_are_there_only() {
    let mut pod = pod(&json!({}), &json!({"cpu": "1"}));
    pod["spec"]["overhead"] = json!({"cpu": "1", "memory": "1Gi"});
    assert_eq!(
        used(&quota(&["limits.cpu", "limits.memory"]), &[pod]),
        json!({"limits.cpu": "2", "limits.memory": "0"})
    );
}

#[test]
fn a_pod_that_should_be_gone_does_not_count() {
    let dying = |grace: i64| json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": grace}});
    let quota = quota(&["pods", "count/pods"]);
    assert_eq!(
        used(&quota, &[dying(30), dying(90)]),
        json!({"pods": "1", "count/pods": "2"})
    );
}

#[test]
fn services_count_their_ports() {
    let service = |kind: &str, allocate: Value| {
        json!({"spec": {"type": kind, "allocateLoadBalancerNodePorts": allocate,
                        "ports": [{"nodePort": 30000}, {"port": 1}]}})
    };
    let services = [
        service("ClusterIP", Value::Null),
        service("NodePort", Value::Null),
        service("LoadBalancer", json!(true)),
        service("LoadBalancer", json!(false)),
    ];
    assert_eq!(
        used(
            &quota(&[
                "services",
                "services.loadbalancers",
                "services.nodeports",
                "count/services"
            ]),
            &services
        ),
        json!({"services": "4", "services.loadbalancers": "2", "services.nodeports": "5", "count/services": "4"})
    );
}

#[test]
fn claims_count_by_class() {
    let claim = |class: &str, size: &str, allocated: &str| {
        json!({"spec": {"storageClassName": class, "resources": {"requests": {"storage": size}}},
               "status": {"allocatedResources": {"storage": allocated}}})
    };
    let gold = "gold.storageclass.storage.k8s.io/requests.storage";
    let claims = [claim("gold", "1Gi", "2Gi"), claim("", "1Gi", "0")];
    assert_eq!(
        used(
            &quota(&["requests.storage", "persistentvolumeclaims", gold]),
            &claims
        ),
        json!({"requests.storage": "3Gi", "persistentvolumeclaims": "2", gold: "2Gi"})
    );
}

#[test]
fn scopes_choose_pods_and_nothing_else() {
    let mut scoped = quota(&["pods"]);
    scoped["spec"]["scopes"] = json!(["BestEffort"]);
    let best = pod(&json!({}), &json!({}));
    let other = pod(&json!({"cpu": "1"}), &json!({}));
    assert_eq!(
        used(&scoped, &[best.clone(), other.clone()]),
        json!({"pods": "1"})
    );
    scoped["spec"]["scopes"] = json!(["NotBestEffort", "Terminating"]);
    assert_eq!(used(&scoped, &[best, other]), json!({"pods": "0"}));
    let mut classes = quota(&["pods", "secrets"]);
    classes["spec"]["scopeSelector"] = json!({"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]},
    ]});
    let with = |class: &str| json!({"spec": {"priorityClassName": class}});
    assert_eq!(
        used(&classes, &[with("high"), with("low"), with("")]),
        json!({"pods": "1", "secrets": "0"})
    );
}

#[test]
fn a_status_that_is_right_is_left() {
    let mut quota = quota(&["secrets", "nodes.unknown"]);
    let one = |_: &Source| Some(vec![Arc::new(json!({}))]);
    let found = status(&quota, one, now()).unwrap();
    assert_eq!(
        found["hard"],
        json!({"secrets": "10", "nodes.unknown": "10"})
    );
    assert_eq!(found["used"], json!({"secrets": "1"}));
    quota["status"] = found;
    assert_eq!(status(&quota, one, now()), None);
    // Another form of the same amount is no change; less is.
    quota["status"]["hard"]["secrets"] = json!("10000m");
    assert_eq!(status(&quota, one, now()), None);
    assert!(status(&quota, |_| Some(Vec::new()), now()).is_some());
}

#[test]
fn what_cannot_be_known_stays() {
    let mut quota = quota(&["secrets"]);
    quota["status"] = json!({"hard": {"secrets": "10"}, "used": {"secrets": "4", "gone": "1"}});
    let found = status(&quota, |_| None, now()).unwrap();
    assert_eq!(found["used"], json!({"secrets": "4"}));
}
