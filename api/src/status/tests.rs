use serde_json::{Value, json};

use super::field::{Error, Path, aggregate};
use super::text::{json as go_json, number, quote};
use super::*;

#[test]
fn a_missing_pod_is_told_as_upstream_does() {
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "pods \"x\" not found", "reason": "NotFound",
        "details": {"name": "x", "kind": "pods"}, "code": 404
    });
    assert_eq!(Status::not_found("", "pods", "x").to_value(), expected);
}

#[test]
fn every_reason_has_a_name_and_a_failing_code() {
    let names: HashSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(names.len(), 19);
    assert!(Reason::ALL.iter().all(|reason| reason.code() >= 400));
}

#[test]
fn messages_are_upstreams() {
    let told = [
        (
            Status::already_exists("apps", "deployments", "x"),
            409,
            "deployments.apps \"x\" already exists",
        ),
        (
            Status::generate_name_conflict("", "pods", "x-abcde", 1),
            409,
            "pods \"x-abcde\" already exists, the server was not able to generate a unique name for \
             the object",
        ),
        (
            Status::modified("", "pods", "x"),
            409,
            "Operation cannot be fulfilled on pods \"x\": the object has been modified; please apply \
             your changes to the latest version and try again",
        ),
        (
            Status::forbidden("", "pods", "", "no"),
            403,
            "pods is forbidden: no",
        ),
        (
            Status::forbidden("", "pods", "x", "no"),
            403,
            "pods \"x\" is forbidden: no",
        ),
        (Status::forbidden("", "", "", "no"), 403, "forbidden: no"),
        (Status::unauthorized(""), 401, "not authorized"),
        (
            Status::method_not_supported("apps", "deployments", "delete"),
            405,
            "delete is not supported on resources of kind \"deployments.apps\"",
        ),
        (
            Status::method_not_allowed(),
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            Status::no_such_resource(),
            404,
            "the server could not find the requested resource",
        ),
        (
            Status::generic(404, "GET", "", "pods", "x", "", 0),
            404,
            "the server could not find the requested resource (get pods x)",
        ),
        (
            Status::not_acceptable(&["application/json", "application/yaml"]),
            406,
            "only the following media types are accepted: application/json, application/yaml",
        ),
        (
            Status::unsupported_media_type(&["application/json"]),
            415,
            "the body of the request was in an unknown format - accepted media types include: \
             application/json",
        ),
        (
            Status::request_entity_too_large("limit is 3145728"),
            413,
            "Request entity too large: limit is 3145728",
        ),
        (
            Status::server_timeout("", "pods", "create", 2),
            500,
            "The create operation against pods could not be completed at this time, please try again.",
        ),
        (
            Status::internal("boom"),
            500,
            "Internal error occurred: boom",
        ),
        (
            Status::generic(502, "GET", "", "", "", "bad", 0),
            502,
            "an error on the server (\"bad\") has prevented the request from succeeding",
        ),
    ];
    for (status, code, message) in told {
        assert_eq!(
            (status.code, status.message.as_str()),
            (code, message),
            "{status:?}"
        );
    }
}

#[test]
fn a_future_version_has_a_cause_and_a_time_to_come_back() {
    let value = Status::resource_version_too_large(9, 5, 1).to_value();
    let expected = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1
    });
    assert_eq!(value["details"], expected);
    assert_eq!(
        value["message"],
        "Timeout: Too large resource version: 9, current: 5"
    );
    assert_eq!(value["code"], 504);
}

#[test]
fn an_invalid_object_tells_each_error_once_but_all_causes() {
    let spec = Path::new("spec");
    let containers = spec.child("containers");
    let first = containers.index(0);
    let missing = Error::required(&first.child("name"), "");
    let errors = [missing.clone(), missing];
    let status = Status::invalid("", "Pod", "x", &errors);
    assert_eq!(
        status.message,
        "Pod \"x\" is invalid: spec.containers[0].name: Required value"
    );
    assert_eq!(status.details.as_ref().unwrap().causes.len(), 2);
    let cause = &status.to_value()["details"]["causes"][0];
    let expected = json!({
        "reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers[0].name"
    });
    assert_eq!(*cause, expected);

    let errors = [
        Error::invalid(&Path::new("a"), "x\u{1}", "must be \"y\""),
        Error::not_supported(&Path::new("b"), "z", ["A", "B"]),
    ];
    let status = Status::invalid("apps", "Deployment", "x", &errors);
    assert_eq!(
        status.message,
        "Deployment.apps \"x\" is invalid: [a: Invalid value: \"x\\x01\": must be \"y\", b: \
         Unsupported value: \"z\": supported values: \"A\", \"B\"]"
    );
    assert_eq!(
        Status::invalid("", "Pod", "", &[]).message,
        "Pod \"\" is invalid"
    );
    assert_eq!(aggregate(&[]), None);
}

#[test]
fn errors_of_fields_read_as_upstreams() {
    let at = Path::new("f");
    let told = [
        (
            Error::invalid(&at, 5, "must be less"),
            "f: Invalid value: 5: must be less",
        ),
        (
            Error::invalid(&at, json!({"b": [1.5, "<"], "a": null}), ""),
            r#"f: Invalid value: {"a":null,"b":[1.5,"\u003c"]}"#,
        ),
        (Error::type_invalid(&at, true, ""), "f: Invalid value: true"),
        (Error::duplicate(&at, "a"), "f: Duplicate value: \"a\""),
        (Error::not_found(&at, "a"), "f: Not found: \"a\""),
        (
            Error::forbidden(&at, "may not be set"),
            "f: Forbidden: may not be set",
        ),
        (
            Error::too_long(&at, 63),
            "f: Too long: may not be more than 63 bytes",
        ),
        (
            Error::too_long_characters(&at, 1),
            "f: Too long: may not be more than 1 character",
        ),
        (
            Error::too_short(&at, 2),
            "f: Too short: must be at least 2 characters",
        ),
        (
            Error::too_many(&at, Some(9), 8),
            "f: Too many: 9: must have at most 8 items",
        ),
        (
            Error::too_many(&at, None, 1),
            "f: Too many: must have at most 1 item",
        ),
        (
            Error::too_few(&at, Some(0), 1),
            "f: Too few: 0: must have at least 1 item",
        ),
        (Error::internal(&at, "boom"), "f: Internal error: boom"),
    ];
    for (error, expected) in told {
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(Path::EMPTY.to_string(), "<nil>");
    assert_eq!(
        Path::EMPTY.child("a").key("b/c").child("d").to_string(),
        "a[b/c].d"
    );
    assert_eq!(Path::EMPTY.index(3).to_string(), "[3]");
}

#[test]
fn text_is_quoted_as_in_go() {
    let quoted = [
        ("a\"b\\", r#""a\"b\\""#),
        ("\n\r\t\x07\x08\x0b\x0c", r#""\n\r\t\a\b\v\f""#),
        ("\0\x1f\x7f", r#""\x00\x1f\x7f""#),
        ("ä日😀", "\"ä日😀\""),
        // A combining mark is printable, a no-break space and a byte order mark are not.
        (
            "e\u{301}\u{a0}\u{feff}\u{e0001}",
            "\"e\u{301}\\u00a0\\ufeff\\U000e0001\"",
        ),
    ];
    for (text, expected) in quoted {
        assert_eq!(quote(text), expected);
    }
}

#[test]
fn numbers_are_written_as_in_go() {
    let written = [
        (json!(1.0), "1", "1"),
        (json!(0.00001), "1e-05", "0.00001"),
        (json!(1e21), "1e+21", "1e+21"),
        (json!(1e20), "1e+20", "100000000000000000000"),
        (json!(10_000_000.5), "1.00000005e+07", "10000000.5"),
        (json!(123_456.5), "123456.5", "123456.5"),
        (json!(1e-7), "1e-07", "1e-7"),
        (json!(-2.5e-9), "-2.5e-09", "-2.5e-9"),
        (
            json!(u64::MAX),
            "18446744073709551615",
            "18446744073709551615",
        ),
    ];
    for (value, shown, as_json) in written {
        let Value::Number(it) = &value else {
            panic!("a number");
        };
        assert_eq!(number(it), shown);
        assert_eq!(go_json(&value), as_json);
    }
}
