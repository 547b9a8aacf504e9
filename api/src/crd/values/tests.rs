use serde_json::{Value, json};

use super::super::duplicates;
use super::super::schema::{schema, tests::cron_tab};
use super::*;

fn texts(errors: &[Error]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn check(schema: &Value, value: &Value) -> Vec<String> {
    let validator = Validator::new(schema).unwrap();
    texts(&validator.validate(value))
}

#[test]
fn cron_tabs_are_checked_in_upstreams_words() {
    let object = json!({"spec": {"replicas": "x", "mode": "C", "labels": {"a": 1}}});
    let errors = validate_value(&cron_tab(), "v1", &object).unwrap();
    assert_eq!(
        texts(&errors),
        [
            r#"spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer""#,
            r#"spec.mode: Unsupported value: "C": supported values: "A", "B""#,
            r#"spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string""#,
            "spec.cronSpec: Required value",
        ]
    );
    let object = json!({"spec": {"replicas": 0, "cronSpec": "no"}});
    let errors = validate_value(&cron_tab(), "v1", &object).unwrap();
    assert_eq!(
        texts(&errors),
        [
            r#"spec.cronSpec: Invalid value: "no": spec.cronSpec in body should match '^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$'"#,
            "spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1",
        ]
    );
    let object = json!({"spec": {"replicas": 3, "cronSpec": "* * * * */5", "ports": [{"name": "a", "at": "b"}]}});
    assert!(
        validate_value(&cron_tab(), "v1", &object)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_did_not_change_is_forgiven() {
    let validator = Validator::of_version(&cron_tab(), "v1").unwrap();
    let old = json!({"spec": {"cronSpec": "no", "mode": "C", "ports": [{"name": "a", "protocol": 1}, {"name": "b"}]}});
    let mut new = old.clone();
    assert!(validator.validate_update(&new, &old).is_empty());
    new["spec"]["mode"] = "D".into();
    new["spec"]["ports"].as_array_mut().unwrap().reverse();
    assert_eq!(
        texts(&validator.validate_update(&new, &old)),
        [r#"spec.mode: Unsupported value: "D": supported values: "A", "B""#]
    );
}

#[test]
fn lengths_and_counts() {
    let of = json!({"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 2, "minLength": 2},
        "b": {"type": "array", "maxItems": 1, "minItems": 1, "uniqueItems": true},
        "c": {"type": "object", "maxProperties": 1, "minProperties": 1},
        "d": {"type": "number", "multipleOf": 0.5, "exclusiveMaximum": true, "maximum": 2.5}
    }});
    assert_eq!(
        check(
            &of,
            &json!({"a": "abc", "b": [1, 1], "c": {"x": 1, "y": 1}, "d": 2.5})
        ),
        [
            "a: Too long: may not be more than 2 bytes",
            "b: Too many: 2: must have at most 1 item",
            r#"b: Invalid value: "": b in body shouldn't contain duplicates"#,
            "c: Too many: 2: must have at most 1 item",
            "d: Invalid value: 2.5: d in body should be less than 2.5",
        ]
    );
    assert_eq!(
        check(&of, &json!({"a": "ä", "b": [], "c": {}, "d": 1.25})),
        [
            r#"a: Invalid value: "ä": a in body should be at least 2 chars long"#,
            "b: Invalid value: 0: b in body should have at least 1 items",
            "c: Invalid value: 0: c in body should have at least 1 properties",
            "d: Invalid value: 1.25: d in body should be a multiple of 0.5",
        ]
    );
}

#[test]
fn several_schemas() {
    let of = json!({"type": "object", "properties": {"x": {
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        "not": {"required": ["c"]}
    }}});
    assert_eq!(check(&of, &json!({"x": {"a": 1}})), Vec::<String>::new());
    assert_eq!(
        check(&of, &json!({"x": {"a": 1, "b": 1, "c": 1}})),
        [
            r#"<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives"#,
            r#"<nil>: Invalid value: "": "x" must not validate the schema (not)"#,
        ]
    );
    let none = check(&of, &json!({"x": {}}));
    assert_eq!(none.len(), 2);
    assert!(none[0].ends_with("(oneOf). Found none valid"), "{none:?}");
    assert_eq!(none[1], "x.a: Required value");
}

#[test]
fn formats() {
    let good = [
        ("date-time", "2014-12-15T19:30:20.000Z"),
        ("date", "2024-02-29"),
        ("ipv4", "10.0.0.1"),
        ("ipv6", "::1"),
        ("cidr", "10.0.0.0/8"),
        ("mac", "00:00:5e:00:53:01"),
        ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("uuid4", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
        ("email", "a@b.c"),
        ("uri", "https://x.y/z"),
        ("hostname", "a.example.com"),
        ("byte", "aGk="),
        ("duration", "1h2m"),
        ("duration", "22 ns"),
        ("isbn", "978-0321751041"),
        ("isbn10", "0321751043"),
        ("hexcolor", "#ffF"),
        ("rgbcolor", "rgb(255,0,1)"),
        ("creditcard", "4111-1111-1111-1111"),
        ("k8s-short-name", "a-b"),
        ("unknown", "anything"),
    ];
    for (format, value) in good {
        let of = json!({"type": "string", "format": format});
        assert_eq!(check(&of, &value.into()), Vec::<String>::new(), "{format}");
    }
    let bad = [
        "date-time",
        "date",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid4",
        "email",
        "uri",
        "byte",
        "duration",
        "isbn",
        "hexcolor",
        "rgbcolor",
        "creditcard",
        "k8s-short-name",
    ];
    for format in bad {
        let of =
            json!({"type": "object", "properties": {"a": {"type": "string", "format": format}}});
        assert_eq!(
            check(&of, &json!({"a": "-x y"})),
            [format!(
                r#"a: Invalid value: "-x y": a in body must be of type {format}: "-x y""#
            )]
        );
    }
    let small =
        json!({"type": "object", "properties": {"a": {"type": "integer", "format": "int32"}}});
    assert_eq!(
        check(&small, &json!({"a": 1_i64 << 40})),
        [
            r#"<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a"#
        ]
    );
}

#[test]
fn patterns_mean_what_they_mean_in_go() {
    let fits = |pattern: &str, value: &str| pattern::compile(pattern).unwrap().is_match(value);
    assert!(!fits(r"^\d$", "٣"));
    assert!(fits(r"^[\w.]+$", "a.b"));
    assert!(fits("^[[]$", "["));
    assert!(fits("^a{$", "a{"));
    assert!(fits("^a{2}$", "aa"));
    assert!(fits("^[a&&b]+$", "&&"));
    assert!(fits(r"^[^\D]$", "1"));
    assert!(fits(r"^\Qa.b\E$", "a.b"));
    assert!(fits("^[[:alpha:]]$", "x"));
    assert!(pattern::compile("(").is_err());
}

#[test]
fn items_that_stand_twice() {
    let (schema, id) = schema(&cron_tab(), "v1").unwrap();
    let object = json!({"spec": {
        "set": ["a", "b", "a", "a"],
        "ports": [{"name": "x", "at": 1}, {"name": "x"}]
    }});
    assert_eq!(
        texts(&duplicates(&schema, id, &object)),
        [
            r#"spec.ports[1]: Duplicate value: {"name":"x"}"#,
            r#"spec.set[2]: Duplicate value: "a""#,
        ]
    );
}

/// What upstream's own validation says of many values: a line each of schema, value, errors by text.
#[test]
fn all_is_said_as_upstream_says_it() {
    let mut wrong = Vec::new();
    for line in include_str!("upstream.jsonl").lines() {
        let (of, value, wanted): (Value, Value, Vec<String>) = serde_json::from_str(line).unwrap();
        let mut found = check(&of, &value);
        found.sort();
        if found != wanted {
            wrong.push(format!(
                "{of} {value}\n  wanted {wanted:?}\n  found  {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_a_pattern_or_format(text in "\\PC{0,40}", value in "\\PC{0,40}") {
        let _ = pattern::compile(&text);
        for known in ["uri", "email", "isbn", "duration", "date-time", "cidr", "mac", "rgbcolor"] {
            let _ = format::holds(known, &value);
        }
        let of = json!({"type": "string", "pattern": text, "format": value});
        let _ = check(&of, &value.into());
    }
}
