use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn labels() -> Value {
    json!({"a": "b", "n": "5", "example.com/x": "", "in": "notin"})
}

#[test]
fn labels_are_matched() {
    let labels = labels();
    let told = [
        ("", true),
        ("a", true),
        ("!a", false),
        ("!z", true),
        ("a=b", true),
        ("a==b", true),
        ("a!=b", false),
        ("z!=b", true),
        ("a in (x, b)", true),
        ("a in (x)", false),
        ("a notin (x)", true),
        ("z notin (x)", true),
        ("z in (x)", false),
        ("n>4", true),
        ("n<5", false),
        ("a>1", false),
        ("z>1", false),
        ("example.com/x=", true),
        ("example.com/x", true),
        ("example.com/x in ()", true),
        ("example.com/x in (,a)", true),
        ("in=notin", true),
        ("in in (notin)", true),
        ("a=b,n=5,!q", true),
        ("a=b , n = 6", false),
    ];
    for (text, expected) in told {
        let selector = LabelSelector::parse(text).unwrap();
        assert_eq!(selector.matches_labels(&labels), expected, "{text}");
        // What is printed is read as the same.
        let again = LabelSelector::parse(&selector.to_string()).unwrap();
        assert_eq!(again.matches_labels(&labels), expected, "{selector}");
    }
}

#[test]
fn selectors_are_printed_by_key_and_value() {
    let printed = LabelSelector::parse("z in (b,a),!y,x!=1,w==2,v>3,u").unwrap();
    assert_eq!(printed.to_string(), "u,v>3,w==2,x!=1,!y,z in (a,b)");
}

#[test]
fn bad_label_selectors_are_told_as_upstream_does() {
    let name = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let told = [
        (
            "a,",
            "found '', expected: identifier after ','".to_owned(),
        ),
        (
            ",",
            "found ',', expected: !, identifier, or 'end of string'".to_owned(),
        ),
        (
            "a b",
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt".to_owned(),
        ),
        (
            "a=b=c",
            "found '=', expected: ',' or 'end of string'".to_owned(),
        ),
        (
            "a in b",
            "unable to parse requirement: found 'b' expected: '('".to_owned(),
        ),
        (
            "a in (b",
            "unable to parse requirement: found '', expected: ',' or ')'".to_owned(),
        ),
        (
            "a in (=",
            "unable to parse requirement: found '=', expected: ',', ')' or identifier".to_owned(),
        ),
        (
            "!=x",
            "found '!=', expected: !, identifier, or 'end of string'".to_owned(),
        ),
        (
            "a>b",
            "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, \
             the value must be an integer"
                .to_owned(),
        ),
        (
            "-a",
            format!("unable to parse requirement: <nil>: Invalid value: \"-a\": name part {name}"),
        ),
        (
            "a=-",
            "unable to parse requirement: values[0][a]: Invalid value: \"-\": a valid label must be an \
             empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end \
             with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
             validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        ),
        (
            "a/b/c",
            format!(
                "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a valid label key {name} \
                 with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ),
        ),
    ];
    for (text, expected) in told {
        assert_eq!(
            LabelSelector::parse(text).unwrap_err().to_string(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn objects_are_selectors_too() {
    let object = json!({
        "matchLabels": {"a": "b"},
        "matchExpressions": [
            {"key": "n", "operator": "In", "values": ["5", "6"]},
            {"key": "z", "operator": "DoesNotExist"},
        ],
    });
    let selector = LabelSelector::from_object(&object).unwrap();
    assert!(selector.matches_labels(&labels()));
    assert_eq!(selector.to_string(), "a=b,n in (5,6),!z");
    assert!(
        LabelSelector::from_object(&json!({}))
            .unwrap()
            .matches_labels(&json!(null))
    );
    assert!(
        !LabelSelector::from_object(&json!(null))
            .unwrap()
            .matches_labels(&labels())
    );
    let bad = json!({"matchExpressions": [{"key": "n", "operator": "Gt"}]});
    assert_eq!(
        LabelSelector::from_object(&bad).unwrap_err().to_string(),
        "\"Gt\" is not a valid label selector operator"
    );
    let bad = json!({"matchExpressions": [{"key": "n", "operator": "In"}]});
    assert_eq!(
        LabelSelector::from_object(&bad).unwrap_err().to_string(),
        "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"
    );
    assert!(LabelSelector::from_map(&json!({"a": "b"})).matches_labels(&labels()));
}

fn select(group: &str, kind: &str, selector: &str, object: &Value) -> bool {
    let of = Selectable::builtin(group, kind);
    FieldSelector::parse(selector, &of)
        .unwrap()
        .matches_object(&of, object)
}

#[test]
fn fields_are_matched_and_missing_ones_read_as_zero() {
    let node = json!({"metadata": {"name": "n"}});
    assert!(select("", "Node", "spec.unschedulable=false", &node));
    assert!(select(
        "",
        "Node",
        "metadata.name=n,spec.unschedulable!=true",
        &node
    ));
    let pod = json!({
        "metadata": {"name": "p", "namespace": "d"}, "spec": {"nodeName": "n"},
        "status": {"podIPs": [{"ip": "10.0.0.1"}], "phase": "Running"},
    });
    assert!(select("", "Pod", "spec.host=n,status.podIP=10.0.0.1", &pod));
    assert!(select(
        "",
        "Pod",
        "spec.hostNetwork==false,status.podIPs=",
        &pod
    ));
    assert!(select(
        "",
        "Pod",
        "status.phase!=Failed,status.phase!=Succeeded",
        &pod
    ));
    assert!(!select("", "Pod", "status.nominatedNodeName!=", &pod));
    let job = json!({"status": {"succeeded": 2}});
    assert!(select("batch", "Job", "status.successful=2", &job));
    assert!(select("batch", "Job", "status.successful=0", &json!({})));
    let event = json!({"regarding": {"kind": "Pod"}, "reportingController": "kubelet"});
    assert!(select(
        "",
        "Event",
        "involvedObject.kind=Pod,source=kubelet",
        &event
    ));
    assert!(select(
        "events.k8s.io",
        "Event",
        "regarding.kind=Pod,reportingController=kubelet",
        &event
    ));
    assert!(select(
        "",
        "ConfigMap",
        "metadata.name=a",
        &json!({"metadata": {"name": "a"}})
    ));
}

#[test]
fn unknown_fields_are_told_as_upstream_does() {
    let refused = |group, kind, label: &str| {
        let of = Selectable::builtin(group, kind);
        FieldSelector::parse(&format!("{label}=1"), &of)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused("", "ConfigMap", "foo"),
        "\"foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    );
    assert_eq!(refused("", "Pod", "foo"), "field label not supported: foo");
    assert_eq!(
        refused("", "Node", "metadata.namespace"),
        "field label not supported: metadata.namespace"
    );
    assert_eq!(
        refused("batch", "Job", "foo"),
        "field label \"foo\" not supported for Job"
    );
    assert_eq!(
        refused("resource.k8s.io", "ResourceSlice", "foo"),
        "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: foo"
    );
    assert_eq!(
        refused("events.k8s.io", "Event", "source"),
        "field label not supported: source"
    );
}

#[test]
fn values_are_escaped() {
    let of = Selectable::builtin("", "ConfigMap");
    let selector = FieldSelector::parse(r"metadata.name=a\,b\=c\\", &of).unwrap();
    assert_eq!(selector.exact("metadata.name"), Some(r"a,b=c\"));
    assert_eq!(selector.to_string(), r"metadata.name=a\,b\=c\\");
    let told = [
        (
            "metadata.name",
            "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
        ),
        (
            r"metadata.name=\a",
            r"invalid field selector: invalid escape sequence: \a",
        ),
        (
            "metadata.name=a=b",
            "invalid field selector: unescaped character in value: 61",
        ),
        (
            r"metadata.name=a\",
            r"invalid field selector: invalid escape sequence: \",
        ),
    ];
    for (text, expected) in told {
        assert_eq!(
            FieldSelector::parse(text, &of).unwrap_err().to_string(),
            expected
        );
    }
    assert!(FieldSelector::parse(",,==", &of).unwrap().is_empty());
    // The last of two equal labels decides nothing: both have to hold.
    let both = FieldSelector::parse("metadata.name=a,metadata.name=b", &of).unwrap();
    assert!(!both.matches_object(&of, &json!({"metadata": {"name": "b"}})));
}

#[test]
fn custom_resources_name_their_fields() {
    let of = Selectable::custom(true, [".spec.color", ".spec.size"]);
    let object = json!({"spec": {"size": 3}});
    let matches = |text: &str| {
        FieldSelector::parse(text, &of)
            .unwrap()
            .matches_object(&of, &object)
    };
    assert!(matches("spec.color=,spec.size=3"));
    assert!(!matches("spec.color=red"));
    assert_eq!(
        FieldSelector::parse("spec.shape=x", &of)
            .unwrap_err()
            .to_string(),
        "field label not supported: spec.shape"
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_parsers(text in "[a-c!=<>(), \\\\in\0ä/.-]{0,24}") {
        let of = Selectable::builtin("", "Pod");
        let _ = FieldSelector::parse(&text, &of);
        if let Ok(selector) = LabelSelector::parse(&text) {
            let printed = selector.to_string();
            let again = LabelSelector::parse(&printed);
            prop_assert_eq!(again.map(|it| it.to_string()), Ok(printed));
        }
    }
}
