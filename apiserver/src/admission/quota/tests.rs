use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::admission::fixture::{Told, creates_pod, refusal, told};
use crate::admission::resources;

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn quota(hard: Value, used: Value) -> Value {
    json!({
        "metadata": {"name": "q", "namespace": "n", "resourceVersion": "7"},
        "spec": {"hard": hard},
        "status": {"hard": hard, "used": used},
    })
}

fn pod(requests: Value, limits: Value) -> Value {
    json!({"metadata": {"name": "x"}, "spec": {"containers": [
        {"name": "c", "resources": {"requests": requests, "limits": limits}},
    ]}})
}

fn bare() -> Value {
    pod(json!({}), json!({}))
}

fn charged(told: &Told, object: &Value, quota: &Value) -> Result<Vec<Charge>> {
    charge(&told.request(), object, std::slice::from_ref(quota), now())
}

fn why(told: &Told, object: &Value, quota: &Value) -> String {
    let text = refusal(charged(told, object, quota)).1;
    let (_, why) = text.split_once(" is forbidden: ").unwrap();
    why.to_owned()
}

#[test]
fn a_charge_is_the_new_status_of_the_quota_that_was_judged() {
    let quota = quota(
        json!({"pods": "3", "requests.cpu": "1"}),
        json!({"pods": "1", "requests.cpu": "200m"}),
    );
    let pod = pod(json!({"cpu": "300m"}), json!({}));
    let charges = charged(&creates_pod(), &pod, &quota).unwrap();
    let expected = Charge {
        namespace: "n".into(),
        name: "q".into(),
        resource_version: "7".into(),
        status: json!({
            "hard": {"pods": "3", "requests.cpu": "1"},
            "used": {"pods": "2", "requests.cpu": "500m"},
        }),
    };
    assert_eq!(charges, [expected]);
}

#[test]
fn too_much_is_refused_with_what_is_asked_used_and_there() {
    let full = quota(json!({"pods": "2"}), json!({"pods": "2"}));
    assert_eq!(
        why(&creates_pod(), &bare(), &full),
        "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
    );
    let small = quota(
        json!({"pods": "9", "requests.cpu": "1", "limits.memory": "1Gi"}),
        json!({"pods": "1", "requests.cpu": "600m", "limits.memory": "512Mi"}),
    );
    let big = pod(json!({"cpu": "500m"}), json!({"memory": "1Gi"}));
    assert_eq!(
        why(&creates_pod(), &big, &small),
        "exceeded quota: q, requested: limits.memory=1Gi,requests.cpu=500m, used: \
         limits.memory=512Mi,requests.cpu=600m, limited: limits.memory=1Gi,requests.cpu=1"
    );
}

#[test]
fn what_is_counted_has_to_be_said() {
    let quota = quota(
        json!({"limits.cpu": "2", "requests.memory": "1Gi"}),
        json!({"limits.cpu": "0", "requests.memory": "0"}),
    );
    let mut pod = pod(json!({"memory": "1Mi"}), json!({}));
    pod["spec"]["initContainers"] = json!([{"name": "i"}]);
    assert_eq!(
        why(&creates_pod(), &pod, &quota),
        "failed quota: q: must specify limits.cpu for: c,i; requests.memory for: i"
    );
    pod["spec"]["resources"] = json!({"limits": {"cpu": "1"}});
    assert!(charged(&creates_pod(), &pod, &quota).is_ok());
}

#[test]
fn a_quota_that_is_not_counted_yet_refuses() {
    let quota = quota(
        json!({"pods": "2", "count/pods": "3"}),
        json!({"pods": "1"}),
    );
    assert_eq!(
        why(&creates_pod(), &bare(), &quota),
        "status unknown for quota: q, resources: count/pods,pods"
    );
}

#[test]
fn nothing_is_charged_for_what_is_not_stored_or_not_counted() {
    let some = quota(json!({"pods": "2"}), json!({"pods": "1"}));
    let mut dry = creates_pod();
    dry.is_dry = true;
    assert_eq!(charged(&dry, &bare(), &some).unwrap(), []);
    let full = quota(json!({"pods": "2"}), json!({"pods": "2"}));
    assert!(charged(&dry, &bare(), &full).is_err());
    let event = told(Operation::Create, "", "events", "Event");
    let counted = quota(json!({"count/events": "0"}), json!({"count/events": "0"}));
    assert_eq!(charged(&event, &json!({}), &counted).unwrap(), []);
    let other = quota(json!({"services": "0"}), json!({"services": "0"}));
    assert_eq!(charged(&creates_pod(), &bare(), &other).unwrap(), []);
    let cluster = told(Operation::Create, "", "nodes", "Node").within("");
    assert_eq!(charged(&cluster, &json!({}), &some).unwrap(), []);
}

#[test]
fn objects_of_any_kind_are_counted_by_their_resource() {
    let name = "count/deployments.apps";
    let full = quota(json!({name: "1"}), json!({name: "1"}));
    let told = told(Operation::Create, "apps", "deployments", "Deployment");
    assert_eq!(
        why(&told, &json!({}), &full),
        "exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1, \
         limited: count/deployments.apps=1"
    );
    let secrets = quota(json!({"secrets": "1"}), json!({"secrets": "0"}));
    let told = crate::admission::fixture::told(Operation::Create, "", "secrets", "Secret");
    let charges = charged(&told, &json!({}), &secrets).unwrap();
    assert_eq!(charges[0].status["used"], json!({"secrets": "1"}));
}

#[test]
fn an_update_costs_what_is_more_than_before() {
    let service = |kind: &str, ports: usize| {
        let ports = vec![json!({"port": 1}); ports];
        json!({
            "metadata": {"name": "x", "resourceVersion": "1"},
            "spec": {"type": kind, "ports": ports},
        })
    };
    let hard = json!({"services": "1", "services.nodeports": "2", "services.loadbalancers": "1"});
    let used = json!({"services": "1", "services.nodeports": "1", "services.loadbalancers": "0"});
    let quota = quota(hard, used);
    let update = |old| told(Operation::Update, "", "services", "Service").over(old);
    let charges = charged(
        &update(service("NodePort", 1)),
        &service("LoadBalancer", 2),
        &quota,
    );
    let expected =
        json!({"services": "1", "services.nodeports": "2", "services.loadbalancers": "1"});
    assert_eq!(charges.unwrap()[0].status["used"], expected);
    let fewer = charged(
        &update(service("NodePort", 1)),
        &service("ClusterIP", 1),
        &quota,
    );
    assert_eq!(fewer.unwrap(), []);
    assert_eq!(
        why(
            &update(service("ClusterIP", 3)),
            &service("NodePort", 3),
            &quota
        ),
        "exceeded quota: q, requested: services.nodeports=3, used: services.nodeports=1, limited: \
         services.nodeports=2"
    );
}

#[test]
fn claims_are_counted_by_class_and_in_whole_bytes() {
    let names = [
        "requests.storage",
        "gold.storageclass.storage.k8s.io/requests.storage",
    ];
    let quota = quota(
        json!({names[0]: "10Gi", names[1]: "1Gi"}),
        json!({names[0]: "0", names[1]: "0"}),
    );
    let kind = "PersistentVolumeClaim";
    let told = told(Operation::Create, "", "persistentvolumeclaims", kind);
    let claim = |class: &str| {
        json!({"spec": {
            "storageClassName": class, "resources": {"requests": {"storage": "2Gi"}},
        }})
    };
    let charges = charged(&told, &claim("silver"), &quota).unwrap();
    assert_eq!(
        charges[0].status["used"],
        json!({names[0]: "2Gi", names[1]: "0"})
    );
    assert_eq!(
        why(&told, &claim("gold"), &quota),
        format!(
            "exceeded quota: q, requested: {0}=2Gi, used: {0}=0, limited: {0}=1Gi",
            names[1]
        )
    );
    let used = Evaluator::VolumeClaims.usage(
        &json!({"spec": {"resources": {"requests": {"storage": "1500m"}}}}),
        now(),
    );
    assert_eq!(used["requests.storage"].to_string(), "2");
}

fn scoped(scopes: Value, selector: Value) -> Value {
    let mut quota = quota(json!({"pods": "1"}), json!({"pods": "1"}));
    quota["spec"]["scopes"] = scopes;
    quota["spec"]["scopeSelector"] = json!({"matchExpressions": selector});
    quota
}

fn counts(quota: &Value, pod: &Value) -> bool {
    charged(&creates_pod(), pod, quota).is_err()
}

#[test]
fn scopes_choose_the_pods_that_count() {
    let scope = |name: &str| scoped(json!([name]), json!([]));
    let asking = pod(json!({"cpu": "1"}), json!({}));
    assert!(counts(&scope("BestEffort"), &bare()));
    assert!(!counts(&scope("BestEffort"), &asking));
    assert!(counts(&scope("NotBestEffort"), &asking));
    assert!(!counts(&scope("NotBestEffort"), &bare()));
    let mut ending = bare();
    ending["spec"]["activeDeadlineSeconds"] = 0.into();
    assert!(counts(&scope("Terminating"), &ending));
    assert!(!counts(&scope("NotTerminating"), &ending));
    assert!(counts(&scope("NotTerminating"), &bare()));
    let mut near = bare();
    let term = json!({"podAffinityTerm": {"namespaceSelector": {}}});
    near["spec"]["affinity"]["podAntiAffinity"] =
        json!({"preferredDuringSchedulingIgnoredDuringExecution": [term]});
    assert!(counts(&scope("CrossNamespacePodAffinity"), &near));
    assert!(!counts(&scope("CrossNamespacePodAffinity"), &bare()));
    let both = scoped(json!(["BestEffort", "Terminating"]), json!([]));
    assert!(counts(&both, &ending));
    assert!(!counts(&both, &bare()));
}

#[test]
fn scopes_choose_by_priority_class() {
    let scope = |operator: &str, values: Value| {
        let term = json!({"scopeName": "PriorityClass", "operator": operator, "values": values});
        scoped(json!([]), json!([term]))
    };
    let mut high = bare();
    high["spec"]["priorityClassName"] = "high".into();
    for (operator, values, of_high, of_none) in [
        ("Exists", json!([]), true, false),
        ("DoesNotExist", json!([]), false, true),
        ("In", json!(["high", "x"]), true, false),
        ("In", json!(["low"]), false, false),
        ("NotIn", json!(["high"]), false, true),
        ("NotIn", json!(["low"]), true, true),
    ] {
        let quota = scope(operator, values);
        assert_eq!(counts(&quota, &high), of_high, "{operator}");
        assert_eq!(counts(&quota, &bare()), of_none, "{operator}");
    }
}

#[test]
fn a_pod_that_begins_to_end_by_itself_changes_its_quota() {
    let mut old = bare();
    old["metadata"]["resourceVersion"] = "1".into();
    let mut new = old.clone();
    new["spec"]["activeDeadlineSeconds"] = 5.into();
    let update = told(Operation::Update, "", "pods", "Pod").over(old);
    let full = scoped(json!(["Terminating"]), json!([]));
    assert!(charged(&update, &new, &full).is_err());
    let same = scoped(json!(["NotTerminating"]), json!([]));
    assert_eq!(charged(&update, &new, &same).unwrap(), []);
}

#[test]
fn pods_that_have_ended_count_as_objects_only() {
    let mut ended = pod(json!({"cpu": "1"}), json!({}));
    ended["status"] = json!({"phase": "Succeeded"});
    let used = |pod: &Value| resources::to_value(&Evaluator::Pods.usage(pod, now()));
    assert_eq!(used(&ended), json!({"count/pods": "1"}));
    let mut late = bare();
    late["metadata"]["deletionTimestamp"] = "2025-12-31T23:59:00Z".into();
    late["metadata"]["deletionGracePeriodSeconds"] = 59.into();
    assert_eq!(used(&late), json!({"count/pods": "1"}));
    late["metadata"]["deletionGracePeriodSeconds"] = 60.into();
    assert_eq!(used(&late), json!({"count/pods": "1", "pods": "1"}));
}

#[test]
fn pods_use_what_they_ask_for_by_several_names() {
    let asking = pod(
        json!({"cpu": "1", "hugepages-2Mi": "4Mi", "example.com/gpu": "2"}),
        json!({"cpu": "2", "example.com/gpu": "2"}),
    );
    let used = resources::to_value(&Evaluator::Pods.usage(&asking, now()));
    let expected = json!({
        "count/pods": "1",
        "pods": "1",
        "cpu": "1",
        "requests.cpu": "1",
        "limits.cpu": "2",
        "hugepages-2Mi": "4Mi",
        "requests.hugepages-2Mi": "4Mi",
        "requests.example.com/gpu": "2",
    });
    assert_eq!(used, expected);
}

#[test]
fn claims_of_devices_are_counted_by_class() {
    let name = "gpu.deviceclass.resource.k8s.io/devices";
    let exact = |count: i64| json!({"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": count});
    let claim = json!({"spec": {"devices": {"requests": [
        {"exactly": exact(2)},
        {"firstAvailable": [exact(1), exact(3)]},
        {"exactly": {"deviceClassName": "gpu", "allocationMode": "All"}},
    ]}}});
    let used = resources::to_value(&Evaluator::DeviceClaims.usage(&claim, now()));
    let expected = json!({name: "37", "count/resourceclaims.resource.k8s.io": "1"});
    assert_eq!(used, expected);
}

#[test]
fn a_recount_says_what_there_is() {
    let hard = json!({
        "pods": "5", "requests.cpu": "2", "secrets": "3", "count/deployments.apps": "4",
        "count/gone.example.com": "1",
    });
    let before = json!({"pods": "9", "count/gone.example.com": "1", "old": "1"});
    let mut quota = quota(hard.clone(), before);
    let objects = |group: &str, resource: &str| match (group, resource) {
        ("", "pods") => Some(vec![
            pod(json!({"cpu": "500m"}), json!({})),
            pod(json!({"cpu": "250m"}), json!({})),
        ]),
        ("", "secrets") => Some(Vec::new()),
        ("apps", "deployments") => Some(vec![json!({}), json!({})]),
        _ => None,
    };
    let status = usage(&quota, objects, now());
    let expected = json!({
        "hard": hard,
        "used": {
            "pods": "2", "requests.cpu": "750m", "secrets": "0", "count/deployments.apps": "2",
            "count/gone.example.com": "1",
        },
    });
    assert_eq!(status, expected);
    assert!(differs(&quota, &status));
    quota["status"] = status.clone();
    assert!(!differs(&quota, &status));
}

#[test]
fn a_recount_heeds_scopes() {
    let quota = scoped(json!(["BestEffort"]), json!([]));
    let objects = |_: &str, _: &str| Some(vec![bare(), pod(json!({"cpu": "1"}), json!({}))]);
    let status = usage(&quota, objects, now());
    assert_eq!(status["used"], json!({"pods": "1"}));
}

#[test]
fn what_has_to_be_listed_is_told_by_the_names() {
    let hard = json!({
        "limits.cpu": "1", "count/deployments.apps": "1", "count/configmaps": "1", "configmaps": "1",
        "services.nodeports": "1", "a.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
    });
    let quota = quota(hard, json!({}));
    let mut found: Vec<(String, String)> = sources(&quota)
        .iter()
        .map(Evaluator::resource)
        .map(|(group, resource)| (group.to_owned(), resource.to_owned()))
        .collect();
    found.sort();
    let expected = [
        ("", "configmaps"),
        ("", "persistentvolumeclaims"),
        ("", "pods"),
        ("", "services"),
        ("apps", "deployments"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(group, resource)| ((*group).to_owned(), (*resource).to_owned()))
        .collect();
    assert_eq!(found, expected);
}
