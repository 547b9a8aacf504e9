use serde_json::json;

use super::*;

#[test]
fn the_examples_of_the_rfc() {
    let cases = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (
            json!({"a": "b"}),
            json!({"b": "c"}),
            json!({"a": "b", "b": "c"}),
        ),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (
            json!({"a": "b", "b": "c"}),
            json!({"a": null}),
            json!({"b": "c"}),
        ),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (
            json!({"a": {"b": "c"}}),
            json!({"a": {"b": "d", "c": null}}),
            json!({"a": {"b": "d"}}),
        ),
        (
            json!({"a": [{"b": "c"}]}),
            json!({"a": [1]}),
            json!({"a": [1]}),
        ),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a": "b"}), json!(["c"]), json!(["c"])),
        (
            json!({"e": null}),
            json!({"a": 1}),
            json!({"e": null, "a": 1}),
        ),
        (
            json!({}),
            json!({"a": {"bb": {"ccc": null}}}),
            json!({"a": {"bb": {}}}),
        ),
    ];
    for (doc, patch, merged) in cases {
        assert_eq!(apply(doc, patch).unwrap(), merged);
    }
}

#[test]
fn nulls_within_lists_stay_only_where_an_object_stood() {
    let list = json!([{"x": null}, null]);
    let cases = [
        (json!({}), json!([{}, null])),
        (json!({"a": [1]}), json!([{}, null])),
        (json!({"a": null}), json!([{}, null])),
        (json!({"a": {}}), list.clone()),
    ];
    for (doc, merged) in cases {
        let patched = apply(doc, json!({"a": list})).unwrap();
        assert_eq!(patched, json!({"a": merged}));
    }
}

#[test]
fn what_is_no_patch() {
    for patch in [json!(null), json!("x"), json!(1)] {
        let error = apply(json!({}), patch).unwrap_err();
        assert_eq!(error, PatchError::Malformed("Invalid JSON Patch".into()));
    }
    let mut deep = json!({});
    for _ in 0..MAX_DEPTH {
        deep = json!({ "a": deep });
    }
    assert_eq!(apply(json!({}), deep).unwrap_err().status(), 400);
}
