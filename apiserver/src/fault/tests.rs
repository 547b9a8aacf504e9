use super::*;

#[test]
fn an_object_that_is_not_there() {
    let fault = Fault::not_found("apps", "deployments", "web");
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "deployments.apps \"web\" not found", "reason": "NotFound",
        "details": {"name": "web", "group": "apps", "kind": "deployments"}, "code": 404
    });
    assert_eq!(fault.status(), expected);
}

#[test]
fn several_things_wrong_are_told_in_brackets_and_once() {
    let cause = |field: &str| Cause {
        kind: "FieldValueRequired",
        message: "Required value".to_owned(),
        field: field.to_owned(),
    };
    let one = Fault::invalid("", "Pod", "x", &[cause("spec.containers")]);
    assert_eq!(one.message(), "Pod \"x\" is invalid: spec.containers: Required value");
    let several = Fault::invalid("", "Pod", "x", &[cause("a"), cause("b"), cause("a")]);
    assert_eq!(several.message(), "Pod \"x\" is invalid: [a: Required value, b: Required value]");
    assert_eq!(several.status()["details"]["causes"].as_array().unwrap().len(), 3);
}

#[test]
fn a_page_that_is_gone_says_where_to_go_on() {
    let status = Fault::expired_page("too old", "token".to_owned()).status();
    assert_eq!(status["metadata"]["continue"], "token");
    assert!(status.get("details").is_none());
}

#[test]
fn what_lies_ahead_may_be_asked_for_again() {
    let fault = Fault::too_new("Too large resource version: 9, current: 5".to_owned());
    assert_eq!(fault.retry_after(), Some(1));
    let status = fault.status();
    assert_eq!(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    assert_eq!(status["code"], 504);
}
