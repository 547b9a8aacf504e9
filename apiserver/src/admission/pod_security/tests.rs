use serde_json::json;

use super::*;
use crate::admission::fixture::{Cluster, creates_pod, namespace, refusal, told};

fn rules(level: Level) -> Rules {
    Rules {
        level,
        version: Version::LATEST,
    }
}

fn broken(level: Level, spec: Value) -> String {
    let pod = json!({"metadata": {}, "spec": spec});
    checks::details(&violations(rules(level), Pod::of(&pod)))
}

fn cluster(labels: Value) -> Cluster {
    Cluster::default().with("", "namespaces", namespace("n", labels))
}

#[test]
fn a_restricted_namespace_tells_all_that_a_plain_pod_lacks() {
    let pod = json!({"spec": {"containers": [{"name": "c", "image": "i"}]}});
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let told = creates_pod();
    let outcome = told.validate(&PodSecurity, &pod, &cluster(labels));
    assert_eq!(
        refusal(outcome),
        (
            403,
            "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation \
             != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), \
             unrestricted capabilities (container \"c\" must set \
             securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" \
             must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set \
             securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
                .to_owned()
        )
    );
    let policy = told.audited("pod-security.kubernetes.io/enforce-policy");
    assert_eq!(policy.as_deref(), Some("restricted:latest"));
}

#[test]
fn a_careful_pod_breaks_nothing() {
    let spec = json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        }}],
        "volumes": [{"name": "v", "projected": {}}],
    });
    assert_eq!(broken(Level::Restricted, spec), "");
}

#[test]
fn the_rules_of_the_baseline() {
    let context = |of: Value| json!({"containers": [{"name": "a", "securityContext": of}]});
    for (spec, text) in [
        (
            json!({"hostNetwork": true, "hostPID": true, "hostIPC": true}),
            "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)",
        ),
        (
            json!({"volumes": [{"name": "v", "hostPath": {}}, {"name": "w", "hostPath": {}}]}),
            "hostPath volumes (volumes \"v\", \"w\")",
        ),
        (
            json!({"containers": [{"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 443}]}]}),
            "hostPort (container \"a\" uses hostPorts 443, 80)",
        ),
        (
            context(json!({"privileged": true})),
            "privileged (container \"a\" must not set securityContext.privileged=true)",
        ),
        (
            context(json!({"capabilities": {"add": ["SYS_ADMIN", "CHOWN", "NET_RAW"]}})),
            "non-default capabilities (container \"a\" must not include \"NET_RAW\", \"SYS_ADMIN\" in \
             securityContext.capabilities.add)",
        ),
        (
            context(json!({"procMount": "Unmasked"})),
            "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")",
        ),
        (
            json!({
                "securityContext": {"seLinuxOptions": {"type": "bad", "user": "u"}},
                "containers": [{"name": "a", "securityContext": {"seLinuxOptions": {"role": "r"}}}],
            }),
            "seLinuxOptions (pod and container \"a\" set forbidden securityContext.seLinuxOptions: type \
             \"bad\"; user may not be set; role may not be set)",
        ),
        (
            json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
            "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
        ),
        (
            json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
            "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")",
        ),
        (
            json!({"securityContext": {"sysctls": [{"name": "a.b"}, {"name": "net.ipv4.tcp_rmem"}]}}),
            "forbidden sysctls (a.b)",
        ),
        (
            json!({"securityContext": {"windowsOptions": {"hostProcess": true}}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            json!({"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "h"}}}]}),
            "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")",
        ),
    ] {
        assert_eq!(broken(Level::Baseline, spec), text);
    }
}

#[test]
fn the_rules_of_the_restricted_level() {
    let careful = |mut spec: Value| {
        let context = json!({"runAsNonRoot": true, "seccompProfile": {"type": "Localhost"}});
        if spec["securityContext"].is_null() {
            spec["securityContext"] = context;
        }
        broken(Level::Restricted, spec)
    };
    assert_eq!(
        careful(json!({"volumes": [{"name": "v", "nfs": {}}, {"name": "w", "hostPath": {}}]})),
        "restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")"
    );
    let unsafe_pod = json!({
        "runAsNonRoot": false, "runAsUser": 0, "seccompProfile": {"type": "Unconfined"},
    });
    assert_eq!(
        careful(json!({"securityContext": unsafe_pod})),
        "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod \
         must not set runAsUser=0), seccompProfile (pod must not set securityContext.seccompProfile.type \
         to \"Unconfined\")"
    );
    assert_eq!(
        broken(
            Level::Restricted,
            json!({
                "hostUsers": false,
                "securityContext": {"runAsUser": 0, "seccompProfile": {"type": "Localhost"}},
            })
        ),
        ""
    );
}

#[test]
fn older_versions_have_fewer_rules() {
    let pod = json!({"metadata": {"annotations": {
        "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
    }}, "spec": {"containers": [{"name": "c"}]}});
    let at = |level, minor| {
        let version = Version(Some(minor));
        checks::details(&violations(Rules { level, version }, Pod::of(&pod)))
    };
    let annotation = "seccompProfile (forbidden annotation \
                      seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")";
    assert_eq!(at(Level::Baseline, 18), annotation);
    assert_eq!(at(Level::Baseline, 19), "");
    let root = "runAsNonRoot != true (pod or container \"c\" must set \
                securityContext.runAsNonRoot=true)";
    assert_eq!(at(Level::Restricted, 7), format!("{annotation}, {root}"));
    assert_eq!(at(Level::Restricted, 99), at(Level::Restricted, 37));
}

#[test]
fn labels_say_what_is_enforced_noted_and_warned_of() {
    let of = |labels: Value| Policy::of(&labels);
    let (policy, faults) = of(json!({
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/enforce-version": "v1.30",
    }));
    assert!(faults.is_empty());
    assert_eq!(policy.enforce.to_string(), "baseline:v1.30");
    assert_eq!(policy.warn.to_string(), "baseline:v1.30");
    assert_eq!(policy.audit.to_string(), "privileged:latest");
    let (policy, faults) = of(json!({
        "pod-security.kubernetes.io/enforce": "much",
        "pod-security.kubernetes.io/warn-version": "v1.01",
    }));
    assert_eq!(policy.enforce.level, Level::Restricted);
    assert_eq!(policy.warn.level, Level::Privileged);
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"much\": must be one of \
             privileged, baseline, restricted",
            "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"v1.01\": must be \
             \"latest\" or \"v1.x\"",
        ]
    );
}

#[test]
fn templates_warn_and_are_not_refused() {
    let labels = json!({
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/audit": "restricted",
    });
    let told = told(Operation::Create, "apps", "deployments", "Deployment");
    let object = json!({"spec": {"template": {"spec": {"hostPID": true}}}});
    let outcome = told.validate(&PodSecurity, &object, &cluster(labels));
    assert!(outcome.is_ok());
    assert_eq!(
        told.warnings(),
        ["would violate PodSecurity \"baseline:latest\": host namespaces (hostPID=true)"]
    );
    let noted = told.audited("pod-security.kubernetes.io/audit-violations");
    assert!(
        noted
            .unwrap()
            .starts_with("would violate PodSecurity \"restricted:latest\": host namespaces")
    );
}

#[test]
fn updates_that_run_nothing_else_are_let_be() {
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let pod = |image: &str| json!({"spec": {"containers": [{"name": "c", "image": image}]}});
    let judge = |new: &Value| {
        let told = told(Operation::Update, "", "pods", "Pod").over(pod("a"));
        told.validate(&PodSecurity, new, &cluster(labels.clone()))
    };
    assert!(judge(&pod("a")).is_ok());
    assert!(judge(&pod("b")).is_err());
    let mut debugged = pod("a");
    debugged["spec"]["ephemeralContainers"] = json!([{"name": "e", "image": "i"}]);
    assert!(judge(&debugged).is_err());
    let bound = creates_pod().part("binding");
    assert!(
        bound
            .validate(&PodSecurity, &json!({}), &cluster(labels))
            .is_ok()
    );
}

#[test]
fn a_namespace_that_becomes_stricter_warns_of_its_pods() {
    let pod = |name: &str, owner: &str, spec: Value| {
        let owners = json!([{"controller": true, "uid": owner}]);
        json!({
            "metadata": {"name": name, "namespace": "n", "ownerReferences": owners},
            "spec": spec,
        })
    };
    let look = Cluster::default()
        .with("", "pods", pod("b", "1", json!({"hostPID": true})))
        .with("", "pods", pod("a", "1", json!({"hostPID": true})))
        .with("", "pods", pod("c", "2", json!({"hostPID": true})))
        .with(
            "",
            "pods",
            pod(
                "d",
                "3",
                json!({"volumes": [{"name": "v", "hostPath": {}}]}),
            ),
        )
        .with("", "pods", pod("e", "4", json!({})));
    let new = namespace(
        "n",
        json!({"pod-security.kubernetes.io/enforce": "baseline"}),
    );
    let update = || told(Operation::Update, "", "namespaces", "Namespace").named("n");
    let first = update().over(namespace("n", json!({})));
    first.validate(&PodSecurity, &new, &look).unwrap();
    assert_eq!(
        first.warnings(),
        [
            "existing pods in namespace \"n\" violate the new PodSecurity enforce level \
             \"baseline:latest\"",
            "a (and 2 other pods): host namespaces",
            "d: hostPath volumes",
        ]
    );
    let again = update().over(new.clone());
    again.validate(&PodSecurity, &new, &look).unwrap();
    assert!(again.warnings().is_empty());
}

#[test]
fn malformed_labels_are_refused_unless_they_are_there_already() {
    let bad = namespace("n", json!({"pod-security.kubernetes.io/audit": "x"}));
    let none = Cluster::default();
    let create = told(Operation::Create, "", "namespaces", "Namespace").named("n");
    assert_eq!(
        refusal(create.validate(&PodSecurity, &bad, &none)),
        (
            422,
            "Namespace \"n\" is invalid: metadata.labels[pod-security.kubernetes.io/audit]: Invalid \
             value: \"x\": must be one of privileged, baseline, restricted"
                .to_owned()
        )
    );
    let update = told(Operation::Update, "", "namespaces", "Namespace").over(bad.clone());
    assert!(update.validate(&PodSecurity, &bad, &none).is_ok());
}
