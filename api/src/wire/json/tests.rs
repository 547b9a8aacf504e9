use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::schema::{Field, Gvk, Patch, Shape, Slot, Type, builtin};

fn pod(text: &str) -> Result<Read, DecodeError> {
    let id = builtin().kind(&Gvk::new("", "v1", "Pod")).unwrap();
    read(builtin(), id, text.as_bytes())
}

fn error(text: &str) -> String {
    pod(text).unwrap_err().to_string()
}

#[test]
fn syntax_errors_are_gos() {
    for (text, expected) in [
        ("{", "unexpected end of JSON input"),
        ("", "unexpected end of JSON input"),
        (
            r#"{"a":tru}"#,
            "invalid character '}' in literal true (expecting 'e')",
        ),
        (
            "nul",
            "invalid character ' ' in literal null (expecting 'l')",
        ),
        (
            r#"{"a":01}"#,
            "invalid character '1' after object key:value pair",
        ),
        (r#"{"a" 1}"#, "invalid character '1' after object key"),
        (
            r#"{"a":1 "b"}"#,
            "invalid character '\"' after object key:value pair",
        ),
        ("[1 2]", "invalid character '2' after array element"),
        (
            r#"{"a":"\x"}"#,
            "invalid character 'x' in string escape code",
        ),
        (
            r#"{"a":"\u12g4"}"#,
            "invalid character 'g' in \\u hexadecimal character escape",
        ),
        (
            "{\"a\":\"\n\"}",
            "invalid character '\\n' in string literal",
        ),
        (r#"{"a":1}x"#, "invalid character 'x' after top-level value"),
        (r#"{"a":-}"#, "invalid character '}' in numeric literal"),
        (
            r#"{"a":1.}"#,
            "invalid character '}' after decimal point in numeric literal",
        ),
        (
            r#"{"a":1e}"#,
            "invalid character '}' in exponent of numeric literal",
        ),
        (
            "{,}",
            "invalid character ',' looking for beginning of object key string",
        ),
        (
            r#"{"a":1,}"#,
            "invalid character '}' looking for beginning of object key string",
        ),
        (
            "'",
            "invalid character '\\'' looking for beginning of value",
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
        assert!(matches!(pod(text), Err(DecodeError::Syntax(_))), "{text}");
    }
}

#[test]
fn errors_of_types_are_gos() {
    let field = "json: cannot unmarshal";
    for (text, expected) in [
        ("5", "number into Go value of type v1.Pod"),
        ("[]", "array into Go value of type v1.Pod"),
        (
            r#"{"kind":5}"#,
            "number into Go struct field Pod.TypeMeta.kind of type string",
        ),
        (
            r#"{"spec":{"containers":"x"}}"#,
            "string into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            r#"{"spec":{"containers":[{"name":5}]}}"#,
            "number into Go struct field Container.spec.containers.name of type string",
        ),
        (
            r#"{"spec":{"containers":[5]}}"#,
            "number into Go struct field PodSpec.spec.containers of type v1.Container",
        ),
        (
            r#"{"spec":{"containers":[{"ports":[{"containerPort":99999999999}]}]}}"#,
            "number 99999999999 into Go struct field ContainerPort.spec.containers.ports.containerPort \
             of type int32",
        ),
        (
            r#"{"spec":{"volumes":[{"emptyDir":5}]}}"#,
            "number into Go struct field Volume.spec.volumes.VolumeSource.emptyDir of type \
             v1.EmptyDirVolumeSource",
        ),
        (
            r#"{"spec":{"activeDeadlineSeconds":1.0}}"#,
            "number 1.0 into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64",
        ),
        (
            r#"{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":1.5}}}]}}"#,
            "number 1.5 into Go struct field \
             HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32",
        ),
        (
            r#"{"metadata":{"labels":{"a":5}}}"#,
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            r#"{"metadata":{"creationTimestamp":5}}"#,
            "number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            r#"{"metadata":{"uid":true}}"#,
            "bool into Go struct field ObjectMeta.metadata.uid of type types.UID",
        ),
    ] {
        assert_eq!(error(text), format!("{field} {expected}"), "{text}");
    }
}

#[test]
fn a_later_syntax_error_is_told_before_a_bad_quantity() {
    let bad = r#"{"spec":{"overhead":{"cpu":"x"}}"#;
    assert_eq!(error(bad), "unexpected end of JSON input");
    assert!(error(&format!("{bad}}}")).starts_with("quantities must match"));
}

#[test]
fn an_error_of_a_values_own_decoder_is_told_before_one_of_types() {
    let text = r#"{"kind":5,"spec":{"overhead":{"cpu":"x"}}}"#;
    assert!(error(text).starts_with("quantities must match"));
}

#[test]
fn problems_are_told_in_upstreams_words_and_order() {
    let read = pod(
        r#"{"spec":{"nodeName":null,"foo":1,"containers":[{"name":"a","name":"b"},{"bar":{}}]},"x":1,
            "metadata":{"labels":{"a":"1","a":"2"}},"Kind":"Pod"}"#,
    );
    assert_eq!(
        read.unwrap().problems,
        [
            r#"unknown field "spec.foo""#,
            r#"duplicate field "spec.containers[0].name""#,
            r#"unknown field "spec.containers[1].bar""#,
            r#"unknown field "x""#,
            r#"duplicate field "metadata.labels.a""#,
            r#"unknown field "Kind""#,
        ]
    );
}

#[test]
fn no_more_than_a_hundred_problems_are_told() {
    let fields: Vec<String> = (0..300)
        .map(|at| format!("\"x{at}\":1,\"x{at}\":1"))
        .collect();
    let read = pod(&format!("{{{}}}", fields.join(","))).unwrap();
    assert_eq!(read.problems.len(), 100);
    assert_eq!(read.problems[99], r#"unknown field "x99""#);
}

#[test]
fn a_tree_is_what_go_prints() {
    let read = pod(
        r#"{"metadata":{"name":"","labels":{},"annotations":null,"generation":0,
            "deletionGracePeriodSeconds":0},
            "spec":{"containers":[{"name":"a","command":[],"resources":{"limits":{"cpu":0.10}},
            "env":[{"name":"x","value":""},null],"securityContext":{}}],"hostNetwork":false}}"#,
    );
    assert_eq!(
        read.unwrap().value,
        json!({
            "metadata": {"deletionGracePeriodSeconds": 0},
            "spec": {"containers": [{
                "name": "a",
                "resources": {"limits": {"cpu": "100m"}},
                "env": [{"name": "x"}, {"name": ""}],
                "securityContext": {},
            }]},
            "status": {},
        })
    );
    let empty = pod("{}").unwrap().value;
    assert_eq!(
        empty,
        json!({"metadata": {}, "spec": {"containers": null}, "status": {}})
    );
    assert_eq!(pod("null").unwrap().value, empty);
}

#[test]
fn a_field_that_is_there_twice_is_read_over_the_first() {
    let read = pod(
        r#"{"spec":{"nodeName":"a","containers":[{"name":"x","image":"i"},{"name":"z"}]},
            "spec":{"nodeName":null,"containers":[{"name":"y"}],"hostname":"h"}}"#,
    );
    let expected = json!({
        "nodeName": "a",
        "hostname": "h",
        "containers": [{"name": "y", "image": "i", "resources": {}}],
    });
    assert_eq!(read.unwrap().value["spec"], expected);
}

#[test]
fn lone_surrogates_and_bad_utf_8_are_replaced() {
    let id = builtin().kind(&Gvk::new("", "v1", "Pod")).unwrap();
    let text = b"{\"spec\":{\"hostname\":\"\\ud800x\\ud83d\\ude00\xff\xc3\"}}";
    let read = read(builtin(), id, text).unwrap();
    assert_eq!(
        read.value["spec"]["hostname"],
        "\u{fffd}x\u{1f600}\u{fffd}\u{fffd}"
    );
}

#[test]
fn nesting_is_bounded() {
    let deep = |open: &str, close: &str, times: usize| {
        format!("{}1{}", open.repeat(times), close.repeat(times))
    };
    let exceeded = "invalid character '[' exceeded max depth";
    // What no type knows is only looked over, with Go's own bound.
    let skipped = |times| pod(&format!("{{\"x\":{}}}", deep("[", "]", times)));
    assert!(skipped(9_000).is_ok());
    assert_eq!(skipped(20_000).unwrap_err().to_string(), exceeded);
    assert!(read_any(deep("[", "]", 200).as_bytes()).is_ok());
    let error = read_any(deep("[", "]", 100_000).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), exceeded);
    let id = builtin()
        .named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
        .unwrap();
    let deep = deep("{\"not\":", "}", 50_000);
    let error = read(builtin(), id, deep.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid character '{' exceeded max depth"
    );
}

#[test]
fn a_type_that_keeps_unknown_fields_keeps_them() {
    let field = Field {
        json: "known".into(),
        number: 0,
        within: Box::default(),
        slot: Slot::of(Shape::Int64),
        required: false,
        pointer: true,
        omit: true,
        patch: Patch::default(),
    };
    let mut made = Type::new("keeps", vec![field]);
    made.preserve = true;
    let mut schema = Schema::new();
    let id = schema.add(made);
    let text = br#"{"known":1,"other":{"a":1.0,"b":null,"c":1e3,"a":2},"other":null}"#;
    let read = read(&schema, id, text).unwrap();
    assert_eq!(read.value, json!({"known": 1, "other": null}));
    let told = [r#"duplicate field "other.a""#, r#"duplicate field "other""#];
    assert_eq!(read.problems, told);
}

#[test]
fn numbers_of_no_type_are_whole_where_they_can_be() {
    let read = read_any(br#"[1, -0, 1.0, 1e3, 1.5, 9223372036854775807, 9223372036854775808]"#);
    let expected = json!([
        1,
        0,
        1,
        1000,
        1.5,
        i64::MAX,
        9_223_372_036_854_775_808.0_f64
    ]);
    assert_eq!(read.unwrap().value, expected);
}

#[test]
fn the_kind_is_found_without_regard_to_case() {
    let found = |text: &str| kind(text.as_bytes()).map_err(|error| error.to_string());
    let pair = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
    assert_eq!(found(r#"{"Kind":"a","APIVERSION":"b"}"#), pair("b", "a"));
    assert_eq!(found(r#"{"kind":"a","kind":"b","x":[{}]}"#), pair("", "b"));
    assert_eq!(found(r#"{"kind":null}"#), pair("", ""));
    let wrapped = "couldn't get version/kind; json parse error: ";
    assert_eq!(
        found(r#"{"kind":{"a":1}}"#).unwrap_err(),
        format!("{wrapped}json: cannot unmarshal object into Go struct field .kind of type string")
    );
    assert_eq!(
        found("{").unwrap_err(),
        format!("{wrapped}unexpected end of JSON input")
    );
}

/// JSON-like text of a pod, to be damaged.
fn texts() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("\"5Gi\"".to_owned()),
        Just("\"2020-01-02T03:04:05Z\"".to_owned()),
        "-?[0-9]{1,3}(\\.[0-9])?",
        "\"[a-z\\\\]{0,4}\"",
    ];
    let key = "(spec|metadata|containers|name|limits|resources|labels|cpu|ports|x|status)";
    leaf.prop_recursive(6, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key, inner), 0..4).prop_map(|entries| {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let id = builtin().kind(&Gvk::new("", "v1", "Pod")).unwrap();
        let _ = read(builtin(), id, &bytes);
        let _ = kind(&bytes);
    }

    #[test]
    fn what_is_read_is_canonical(text in texts()) {
        let id = builtin().kind(&Gvk::new("", "v1", "Pod")).unwrap();
        if let Ok(first) = read(builtin(), id, text.as_bytes()) {
            let printed = serde_json::to_vec(&first.value).unwrap();
            let second = read(builtin(), id, &printed).unwrap();
            prop_assert_eq!(&second.value, &first.value);
            let mut normal = first.value.clone();
            crate::wire::normalize(builtin(), id, &mut normal).unwrap();
            prop_assert_eq!(&normal, &first.value);
        }
    }

    #[test]
    fn syntax_is_serdes(text in texts(), at in 0_usize..64, byte in "[\\[\\]{},:\"0-9e.-]") {
        let mut text = text;
        let at = at.min(text.len());
        text.insert_str(at, &byte);
        let theirs = serde_json::from_str::<Value>(&text);
        prop_assert_eq!(read_any(text.as_bytes()).is_ok(), theirs.is_ok(), "{}", text);
    }
}
