use std::time::SystemTime;

use serde_json::{Value, json};

use crate::authn::User;
use crate::authz::rbac::Rules;
use crate::authz::{Attributes, Authorizer, Decision};

use super::{
    local_subject_access, self_subject, self_subject_access, self_subject_rules, subject_access,
};

fn rules() -> Rules {
    let mut rules = Rules::new();
    let role = json!({"rules": [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]},
        {"nonResourceURLs": ["/healthz"], "verbs": ["get"]},
    ]});
    rules.put("ClusterRole", "", "reader", &role);
    let binding = json!({
        "roleRef": {"kind": "ClusterRole", "name": "reader"},
        "subjects": [{"kind": "User", "name": "jane"}, {"kind": "Group", "name": "ops"}],
    });
    rules.put("ClusterRoleBinding", "", "readers", &binding);
    rules
}

fn jane() -> User {
    User {
        name: "jane".into(),
        ..User::default()
    }
}

const WHY: &str = "RBAC: allowed by ClusterRoleBinding \"readers\" of ClusterRole \"reader\" to";

#[test]
fn access_of_others_is_reviewed() {
    let review = |spec: Value| {
        subject_access(
            &rules(),
            &json!({"kind": "SubjectAccessReview", "spec": spec}),
        )
    };
    let pods = json!({"verb": "get", "resource": "pods", "subresource": "log", "namespace": "dev"});
    let answered = review(json!({"user": "jane", "resourceAttributes": pods})).unwrap();
    assert_eq!(answered["kind"], "SubjectAccessReview");
    assert_eq!(answered["spec"]["user"], "jane");
    assert_eq!(
        answered["status"],
        json!({"allowed": true, "reason": format!("{WHY} User \"jane\"")})
    );
    let answered = review(
        json!({"groups": ["ops"], "nonResourceAttributes": {"verb": "get", "path": "/healthz"}}),
    );
    assert_eq!(
        answered.unwrap()["status"],
        json!({"allowed": true, "reason": format!("{WHY} Group \"ops\"")})
    );
    let answered = review(json!({"user": "joe", "resourceAttributes": pods})).unwrap();
    assert_eq!(answered["status"], json!({"allowed": false}));
}

#[test]
fn reviews_are_checked() {
    let why = |review: Value| subject_access(&rules(), &review).unwrap_err().to_string();
    assert_eq!(
        why(json!({"spec": {"user": "jane"}})),
        "spec: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
    );
    assert_eq!(
        why(json!({"spec": {"resourceAttributes": {}}})),
        "spec.user: Invalid value: \"\": at least one of user or group must be specified"
    );
    let both =
        json!({"user": "a", "resourceAttributes": {}, "nonResourceAttributes": {"path": "/"}});
    assert!(
        why(json!({"spec": both}))
            .starts_with("spec: Invalid value: {\"path\":\"/\"}: exactly one")
    );
    let named = json!({"metadata": {"name": "x"}, "spec": {"user": "a", "resourceAttributes": {}}});
    assert_eq!(
        why(named),
        "metadata: Invalid value: {\"name\":\"x\"}: must be empty"
    );
    let null = json!({"metadata": {"creationTimestamp": null, "managedFields": [{}]}, "spec": {"user": "a", "resourceAttributes": {}}});
    subject_access(&rules(), &null).unwrap();
    assert!(subject_access(&rules(), &json!(7)).is_err());
}

#[test]
fn access_in_a_namespace_is_reviewed() {
    let review = |own: &str, asked: &str| {
        let spec = json!({"user": "jane", "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": asked}});
        local_subject_access(
            &rules(),
            "dev",
            &json!({"metadata": {"namespace": own}, "spec": spec}),
        )
    };
    assert_eq!(review("dev", "dev").unwrap()["status"]["allowed"], true);
    let why = review("dev", "x").unwrap_err().to_string();
    assert_eq!(
        why,
        "spec.resourceAttributes.namespace: Invalid value: \"x\": must match metadata.namespace"
    );
    let why = review("x", "x").unwrap_err().to_string();
    assert_eq!(
        why,
        "spec.resourceAttributes.namespace must match namespace: dev"
    );
    let spec = json!({"user": "jane", "nonResourceAttributes": {"path": "/"}});
    let review = json!({"metadata": {"namespace": "dev"}, "spec": spec});
    let why = local_subject_access(&rules(), "dev", &review)
        .unwrap_err()
        .to_string();
    assert!(why.ends_with("disallowed on this kind of request"), "{why}");
}

#[test]
fn own_access_is_reviewed() {
    let review = json!({"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}});
    let answered = self_subject_access(&rules(), &jane(), &review).unwrap();
    assert_eq!(answered["status"]["allowed"], true);
    let answered = self_subject_access(&rules(), &User::default(), &review).unwrap();
    assert_eq!(answered["status"], json!({"allowed": false}));
}

/// Denies, and shows what it was asked.
struct Denies;

impl Authorizer for Denies {
    fn authorize(&self, asked: &Attributes<'_>) -> Decision {
        Decision::Deny(format!("{} {:?}", asked.version, asked.fields))
    }
}

#[test]
fn selectors_are_read_as_far_as_they_can_be() {
    let review = |selector: Value| {
        let attributes = json!({"verb": "list", "resource": "pods", "fieldSelector": selector});
        let review = json!({"spec": {"resourceAttributes": attributes}});
        self_subject_access(&Denies, &jane(), &review).map(|review| review["status"].clone())
    };
    let status = review(json!({"rawSelector": "spec.nodeName=n1,a!=b"})).unwrap();
    assert_eq!(status["denied"], true);
    let shown = status["reason"].as_str().unwrap();
    assert!(
        shown.starts_with("* [FieldRequirement { field: \"spec.nodeName\", is_equal: true"),
        "{shown}"
    );
    assert!(
        shown.contains("field: \"a\", is_equal: false, value: \"b\""),
        "{shown}"
    );
    let status = review(json!({"rawSelector": "nonsense"})).unwrap();
    let ignored = "spec.resourceAttributes.fieldSelector ignored due to parse error";
    assert_eq!(status["evaluationError"], ignored);
    let requirements = json!([
        {"key": "a", "operator": "In", "values": ["b"]},
        {"key": "a", "operator": "Exists"},
    ]);
    let status = review(json!({"requirements": requirements})).unwrap();
    let partially = "spec.resourceAttributes.fieldSelector partially ignored due to parse error";
    assert_eq!(status["evaluationError"], partially);
    let both = review(json!({"rawSelector": "a=b", "requirements": requirements}));
    assert!(
        both.unwrap_err()
            .to_string()
            .contains("may not specified at the same time as requirements")
    );
}

#[test]
fn own_rules_are_reviewed() {
    let review = json!({"spec": {"namespace": "dev"}});
    let answered = self_subject_rules(&rules(), &jane(), &review).unwrap();
    assert_eq!(
        answered["status"],
        json!({
            "resourceRules": [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]}],
            "nonResourceRules": [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}],
            "incomplete": false,
        })
    );
    let why = self_subject_rules(&rules(), &jane(), &json!({}))
        .unwrap_err()
        .to_string();
    assert_eq!(why, "no namespace on request");
}

#[test]
fn users_see_who_they_are() {
    let mut user = jane();
    user.groups = vec!["ops".into()];
    user.extra.insert("k".into(), vec!["v".into()]);
    let answered = self_subject(&user, SystemTime::UNIX_EPOCH);
    assert_eq!(
        answered["metadata"]["creationTimestamp"],
        "1970-01-01T00:00:00Z"
    );
    let info = json!({"username": "jane", "groups": ["ops"], "extra": {"k": ["v"]}});
    assert_eq!(answered["status"]["userInfo"], info);
}
