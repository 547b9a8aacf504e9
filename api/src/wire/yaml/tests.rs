use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::schema::{Gvk, builtin};

fn value(text: &str) -> Value {
    read_any(text.as_bytes()).unwrap().value
}

fn error(text: &str) -> String {
    read_any(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    for (text, expected) in [
        ("y", json!(true)),
        ("No", json!(false)),
        ("on", json!(true)),
        ("'on'", json!("on")),
        ("~", json!(null)),
        ("0o17", json!(15)),
        ("017", json!(15)),
        ("0x1F", json!(31)),
        ("-0b11", json!(-3)),
        ("089", json!(89)),
        ("1_000", json!(1000)),
        ("1:30", json!("1:30")),
        ("1.0", json!(1)),
        (".5", json!(0.5)),
        ("1e400", json!("1e400")),
        ("0x8000000000000000", json!(9_223_372_036_854_775_808.0_f64)),
        ("2001-01-01", json!("2001-01-01")),
        ("!!str 5", json!("5")),
        ("!!int '7'", json!(7)),
        ("!!float 3", json!(3)),
        ("!!binary aGk=", json!("hi")),
        ("!foo bar", json!("bar")),
        ("<<", json!("<<")),
        ("", json!(null)),
    ] {
        assert_eq!(value(&format!("a: {text}"))["a"], expected, "{text}");
    }
}

#[test]
fn keys_become_texts() {
    let expected = json!({"1": "a", "true": "b", "1.5": "c", "0": "d"});
    assert_eq!(value("1: a\ny: b\n1.5: c\n0x0: d"), expected);
}

#[test]
fn aliases_and_merges_are_followed() {
    let text = "a: &x {p: 1, q: 2}\nb: *x\nc:\n  <<: *x\n  q: 3\nd:\n  <<: [{p: 5}, *x]";
    let expected = json!({
        "a": {"p": 1, "q": 2},
        "b": {"p": 1, "q": 2},
        "c": {"p": 1, "q": 3},
        "d": {"p": 5, "q": 2},
    });
    assert_eq!(value(text), expected);
}

#[test]
fn of_several_documents_the_first_counts() {
    assert_eq!(value("---\na: 1\n---\nb: 2\n"), json!({"a": 1}));
    assert_eq!(value("# nothing\n"), json!(null));
}

#[test]
fn keys_that_are_there_twice_are_a_problem() {
    let id = builtin().kind(&Gvk::new("", "v1", "ConfigMap")).unwrap();
    let text = "data:\n  a: '1'\n  a: '2'\nfoo: 1\nfoo: 2\n";
    let read = read(builtin(), id, text.as_bytes()).unwrap();
    assert_eq!(read.value, json!({"metadata": {}, "data": {"a": "2"}}));
    let twice = "yaml: unmarshal errors:\n  line 3: key \"a\" already set in map\n  line 5: key \"foo\" \
                 already set in map";
    assert_eq!(read.problems, [twice, "unknown field \"foo\""]);
}

#[test]
fn errors_are_go_yamls() {
    for (text, expected) in [
        ("a: [\n", "line 1: did not find expected node content"),
        ("a: b: c", "mapping values are not allowed in this context"),
        ("a: *x", "unknown anchor 'x' referenced"),
        ("a: &x [*x]", "anchor 'x' value contains itself"),
        ("? [a]\n: b", "invalid map key: []interface {}{\"a\"}"),
        (
            "a: {{ .b }}",
            "invalid map key: map[interface {}]interface {}{\".b\":interface {}(nil)}",
        ),
        ("x:\n  - a\n - b", "line 2: did not find expected key"),
        ("a: @b", "found character that cannot start any token"),
        ("a: \"x", "found unexpected end of stream"),
        ("{a: 1", "line 1: did not find expected ',' or '}'"),
        ("a: !!int x", "cannot decode !!str `x` as a !!int"),
        (
            "<<: 5",
            "map merge requires map or sequence of maps as the value",
        ),
    ] {
        assert_eq!(error(text), format!("yaml: {expected}"), "{text}");
    }
    assert_eq!(error("a: .inf"), "json: unsupported value: +Inf");
    assert_eq!(
        error("null: .inf"),
        "unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>"
    );
}

#[test]
fn bombs_are_refused() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for at in 1..12 {
        let before = format!("*a{}", at - 1);
        let items = [before.as_str(); 10].join(",");
        text.push_str(&format!("a{at}: &a{at} [{items}]\n"));
    }
    assert_eq!(error(&text), "yaml: document contains excessive aliasing");
    assert_eq!(error(&"[".repeat(100_000)), "yaml: exceeded max depth");
    assert_eq!(error(&"- ".repeat(100_000)), "yaml: exceeded max depth");
    assert_eq!(error(&"{a: ".repeat(100_000)), "yaml: exceeded max depth");
}

#[test]
fn text_is_printed_as_go_yaml_does() {
    let value = json!({
        "b10": [1, {"x": [], "y": {}}, ["a"]],
        "b9": "y",
        "B": "1.5",
        "nn": null,
        "t": "a\nb\n",
        "q": "a: b",
        "f": 0.00001,
        "time": "2001-01-01",
        "sixty": "1:30",
        "e": "",
    });
    let expected = "B: \"1.5\"\nb9: \"y\"\nb10:\n- 1\n- x: []\n  \"y\": {}\n- - a\ne: \"\"\nf: 1e-05\nnn: null\n\
                    q: 'a: b'\nsixty: \"1:30\"\nt: |\n  a\n  b\ntime: \"2001-01-01\"\n";
    assert_eq!(write(&value), expected);
    assert_eq!(read_any(expected.as_bytes()).unwrap().value, value);
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "[ab10&*!|>'\"%@`{}\\[\\]:,?#. \\n\\t\\r\\\\é\u{feff}<~-]{0,60}") {
        let _ = read_any(text.as_bytes());
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = read_any(&bytes);
    }

    #[test]
    fn what_is_printed_is_read(key in "\\PC{0,12}", text in "(\\PC|[\\n\\r\\t \u{85}\u{2028}]){0,20}", number in any::<i64>()) {
        let value = json!({ key.clone(): [text.clone(), number, {"k": key}], "l": text });
        let printed = write(&value);
        prop_assert_eq!(read_any(printed.as_bytes()).unwrap().value, value, "{}", printed);
    }
}
