use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, refusal, told};

fn cluster(limits: Value) -> Cluster {
    let range = json!({
        "metadata": {"name": "r", "namespace": "n"},
        "spec": {"limits": limits},
    });
    Cluster::default().with("", "limitranges", range)
}

fn pod(requests: Value, limits: Value) -> Value {
    json!({"metadata": {"name": "x"}, "spec": {"containers": [
        {"name": "c", "resources": {"requests": requests, "limits": limits}},
    ]}})
}

fn judged(limit: Value, pod: &Value) -> Result<()> {
    creates_pod().validate(&LimitRanger, pod, &cluster(json!([limit])))
}

fn why(limit: Value, pod: &Value) -> String {
    let text = refusal(judged(limit, pod)).1;
    let start = "pods \"x\" is forbidden: ";
    text.strip_prefix(start).unwrap().to_owned()
}

#[test]
fn containers_get_defaults_and_the_pod_a_note_of_them() {
    let limit = json!({
        "type": "Container",
        "defaultRequest": {"cpu": "100m", "memory": "1Gi"},
        "default": {"cpu": "200m"},
    });
    let pod = json!({"metadata": {"name": "x"}, "spec": {
        "initContainers": [{"name": "i", "resources": {"requests": {"memory": "2Gi"}}}],
        "containers": [{"name": "c"}, {"name": "d", "resources": {
            "requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1"},
        }}],
    }});
    let made = creates_pod().admit(&LimitRanger, pod, &cluster(json!([limit])));
    let made = made.unwrap();
    assert_eq!(
        made["spec"]["containers"][0]["resources"],
        json!({"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"cpu": "200m"}})
    );
    assert_eq!(
        made["spec"]["initContainers"][0]["resources"],
        json!({"requests": {"cpu": "100m", "memory": "2Gi"}, "limits": {"cpu": "200m"}})
    );
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c; cpu \
         request for init container i; cpu limit for init container i"
    );
}

#[test]
fn nothing_is_noted_where_nothing_is_set() {
    let bare = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c"}]}});
    let limit = json!({"type": "Container", "max": {"cpu": "1"}});
    let made = creates_pod().admit(&LimitRanger, bare.clone(), &cluster(json!([limit])));
    assert_eq!(made.unwrap(), bare);
}

#[test]
fn too_little_is_refused() {
    let limit = json!({"type": "Container", "min": {"cpu": "100m"}});
    assert_eq!(
        why(limit.clone(), &pod(json!({}), json!({}))),
        "minimum cpu usage per Container is 100m.  No request is specified"
    );
    assert_eq!(
        why(limit.clone(), &pod(json!({"cpu": "50m"}), json!({}))),
        "minimum cpu usage per Container is 100m, but request is 50m"
    );
    assert_eq!(
        why(
            limit.clone(),
            &pod(json!({"cpu": "100m"}), json!({"cpu": "99m"}))
        ),
        "minimum cpu usage per Container is 100m, but limit is 99m"
    );
    let enough = pod(json!({"cpu": "0.1"}), json!({}));
    assert!(judged(limit, &enough).is_ok());
}

#[test]
fn too_much_is_refused() {
    let limit = json!({"type": "Container", "max": {"memory": "1Gi"}});
    assert_eq!(
        why(limit.clone(), &pod(json!({"memory": "1Gi"}), json!({}))),
        "maximum memory usage per Container is 1Gi.  No limit is specified"
    );
    assert_eq!(
        why(limit.clone(), &pod(json!({}), json!({"memory": "2Gi"}))),
        "maximum memory usage per Container is 1Gi, but limit is 2Gi"
    );
    assert_eq!(
        why(
            limit.clone(),
            &pod(json!({"memory": "2Gi"}), json!({"memory": "1Gi"}))
        ),
        "maximum memory usage per Container is 1Gi, but request is 2Gi"
    );
}

#[test]
fn too_wide_a_range_is_refused() {
    let limit = json!({"type": "Container", "maxLimitRequestRatio": {"cpu": "1500m"}});
    let start = "cpu max limit to request ratio per Container is 1500m";
    let told = |requests, limits| why(limit.clone(), &pod(requests, limits));
    assert_eq!(
        told(json!({}), json!({"cpu": "1"})),
        format!("{start}, but no request is specified or request is 0")
    );
    assert_eq!(
        told(json!({"cpu": "1"}), json!({"cpu": "0"})),
        format!("{start}, but no limit is specified or limit is 0")
    );
    assert_eq!(
        told(json!({"cpu": "300m"}), json!({"cpu": "1"})),
        format!("{start}, but provided ratio is 3.333333")
    );
    let narrow = pod(json!({"cpu": "1"}), json!({"cpu": "1500m"}));
    assert!(judged(limit, &narrow).is_ok());
}

#[test]
fn a_pod_is_the_sum_of_its_containers() {
    let limit = json!({"type": "Pod", "max": {"cpu": "2"}});
    let pod = json!({"metadata": {"name": "x"}, "spec": {
        "initContainers": [{"name": "i", "resources": {"limits": {"cpu": "3"}}}],
        "containers": [
            {"name": "a", "resources": {"limits": {"cpu": "1500m"}}},
            {"name": "b", "resources": {"limits": {"cpu": "1"}}},
        ],
    }});
    let text = "maximum cpu usage per Pod is 2, but limit is ";
    assert_eq!(why(limit.clone(), &pod), format!("{text}3"));
    let mut small = pod.clone();
    small["spec"]["initContainers"] = json!([]);
    assert_eq!(why(limit.clone(), &small), format!("{text}2500m"));
    small["spec"]["resources"] = json!({"limits": {"cpu": "2"}});
    assert!(judged(limit, &small).is_ok());
}

#[test]
fn several_faults_are_told_at_once() {
    let limit = json!({"type": "Container", "min": {"cpu": "1"}, "max": {"memory": "1Gi"}});
    assert_eq!(
        why(limit, &pod(json!({}), json!({}))),
        "[minimum cpu usage per Container is 1.  No request is specified, maximum memory usage per \
         Container is 1Gi.  No limit is specified]"
    );
}

#[test]
fn claims_are_bounded_by_what_they_request() {
    let limit = json!([{
        "type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"},
    }]);
    let kind = "PersistentVolumeClaim";
    let told = told(Operation::Update, "", "persistentvolumeclaims", kind);
    let judge = |size: &str| {
        let claim = json!({"spec": {"resources": {"requests": {"storage": size}}}});
        told.validate(&LimitRanger, &claim, &cluster(limit.clone()))
    };
    assert!(judge("1536Mi").is_ok());
    let start = "persistentvolumeclaims \"x\" is forbidden: ";
    assert_eq!(
        refusal(judge("3Gi")).1,
        format!(
            "{start}maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"
        )
    );
    assert_eq!(
        refusal(judge("1Mi")).1,
        format!(
            "{start}minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi"
        )
    );
}

#[test]
fn running_pods_are_judged_when_they_are_resized_only() {
    let limits = json!([{"type": "Container", "max": {"cpu": "1"}}]);
    let big = pod(json!({}), json!({"cpu": "2"}));
    let update = || told(Operation::Update, "", "pods", "Pod");
    let judge = |told: &crate::admission::fixture::Told| {
        told.validate(&LimitRanger, &big, &cluster(limits.clone()))
    };
    assert!(judge(&update()).is_ok());
    assert!(judge(&update().part("resize")).is_err());
    let going = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    assert!(judge(&update().part("resize").over(going)).is_ok());
    assert!(judge(&creates_pod().within("other")).is_ok());
}
