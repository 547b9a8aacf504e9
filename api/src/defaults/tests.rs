use serde_json::json;

use super::*;
use crate::schema::Gvk;

fn defaulted(kind: (&str, &str, &str), mut object: Value) -> Value {
    let kind = Gvk::new(kind.0, kind.1, kind.2);
    let id = builtin().kind(&kind).unwrap();
    crate::wire::normalize(builtin(), id, &mut object).unwrap();
    apply(id, &mut object);
    crate::wire::normalize(builtin(), id, &mut object).unwrap();
    object
}

#[test]
fn the_table_and_the_rules_are_of_types_that_are_there() {
    assert!(RULES.len() > 50);
    for (id, rules) in &*RULES {
        for (field, _) in &rules.fields {
            let of = builtin().get(*id);
            assert!(of.field(field).is_some(), "{} has no {field}", of.name);
        }
    }
}

#[test]
fn a_template_gets_what_a_pod_gets_but_for_what_is_the_pods_own() {
    let web = json!({
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {
            "containers": [{"name": "a", "image": "nginx", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1"}},
                "livenessProbe": {"httpGet": {"port": 80}}}],
            "volumes": [{"name": "v"}, {"name": "c", "configMap": {"name": "c"}}]
        }}}
    });
    let spec = &defaulted(("apps", "v1", "Deployment"), web)["spec"];
    assert_eq!(
        (
            &spec["replicas"],
            &spec["revisionHistoryLimit"],
            &spec["progressDeadlineSeconds"]
        ),
        (&json!(1), &json!(10), &json!(600))
    );
    assert_eq!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["dnsPolicy"], "ClusterFirst");
    assert_eq!(pod["securityContext"], json!({}));
    assert_eq!(pod["enableServiceLinks"], Value::Null);
    let container = &pod["containers"][0];
    assert_eq!(container["imagePullPolicy"], "Always");
    assert_eq!(
        container["ports"],
        json!([{"containerPort": 80, "protocol": "TCP"}])
    );
    // Only pods ask for what they are limited to.
    assert_eq!(container["resources"], json!({"limits": {"cpu": "1"}}));
    let probe = json!({"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1});
    assert_eq!(container["livenessProbe"], probe);
    assert_eq!(pod["volumes"][0], json!({"name": "v", "emptyDir": {}}));
    assert_eq!(pod["volumes"][1]["configMap"]["defaultMode"], 420);
}

#[test]
fn a_pod_asks_for_what_it_is_limited_to() {
    let pod = json!({"spec": {"hostNetwork": true, "serviceAccount": "old", "containers": [
        {"name": "a", "image": "r:5000/x@sha256:00", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}}
    ]}});
    let spec = &defaulted(("", "v1", "Pod"), pod)["spec"];
    let container = &spec["containers"][0];
    assert_eq!(
        container["resources"]["requests"],
        json!({"cpu": "500m", "memory": "1Gi"})
    );
    assert_eq!(container["ports"][0]["hostPort"], 80);
    assert_eq!(container["imagePullPolicy"], "IfNotPresent");
    assert_eq!(spec["serviceAccountName"], "old");
    assert_eq!(spec["enableServiceLinks"], true);
}

#[test]
fn services_jobs_and_autoscalers() {
    let service = json!({"spec": {"ports": [{"port": 80}], "sessionAffinity": "ClientIP", "type": "NodePort"}});
    let spec = &defaulted(("", "v1", "Service"), service)["spec"];
    assert_eq!(
        spec["ports"][0],
        json!({"port": 80, "protocol": "TCP", "targetPort": 80})
    );
    assert_eq!(
        spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"],
        10_800
    );
    assert_eq!(
        (
            &spec["externalTrafficPolicy"],
            &spec["internalTrafficPolicy"]
        ),
        (&json!("Cluster"), &json!("Cluster"))
    );

    let job = json!({"spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}}});
    let job = defaulted(("batch", "v1", "Job"), job);
    assert_eq!(job["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(
        (&job["spec"]["completions"], &job["spec"]["backoffLimit"]),
        (&json!(1), &json!(6))
    );
    let cron = json!({"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}}});
    let cron = defaulted(("batch", "v1", "CronJob"), cron);
    assert_eq!(cron["spec"]["concurrencyPolicy"], "Allow");
    assert_eq!(
        cron["spec"]["jobTemplate"]["spec"]["backoffLimit"],
        Value::Null
    );

    let scaler = json!({"spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "x", "name": "y"}, "behavior": {"scaleDown": {"policies": []}}}});
    let scaler = defaulted(("autoscaling", "v2", "HorizontalPodAutoscaler"), scaler);
    assert_eq!(
        scaler["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"],
        80
    );
    assert_eq!(
        scaler["spec"]["behavior"]["scaleUp"]["stabilizationWindowSeconds"],
        0
    );
}
