use proptest::prelude::*;
use serde_json::json;

use super::*;

fn run(doc: Value, patch: &Value) -> Result<Value, String> {
    apply(&doc, patch.to_string().as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn operations_that_do() {
    let doc = json!({"a": [1, 2], "b": {"c/d": 1}});
    let cases = [
        (
            json!({"op": "add", "path": "/a/-", "value": 3}),
            json!({"a": [1, 2, 3], "b": {"c/d": 1}}),
        ),
        (
            json!({"op": "add", "path": "/a/0", "value": 3}),
            json!({"a": [3, 1, 2], "b": {"c/d": 1}}),
        ),
        (
            json!({"op": "remove", "path": "/b/c~1d"}),
            json!({"a": [1, 2], "b": {}}),
        ),
        (
            json!({"op": "remove", "path": "/a/-1"}),
            json!({"a": [1], "b": {"c/d": 1}}),
        ),
        (
            json!({"op": "replace", "path": "/b/new", "value": 1}),
            json!({"a": [1, 2], "b": {"c/d": 1, "new": 1}}),
        ),
        (json!({"op": "replace", "path": "", "value": {}}), json!({})),
        (
            json!({"op": "move", "from": "/a/0", "path": "/b"}),
            json!({"a": [2], "b": 1}),
        ),
        (
            json!({"op": "copy", "from": "/a", "path": "/b"}),
            json!({"a": [1, 2], "b": [1, 2]}),
        ),
        (
            json!({"op": "test", "path": "/a/1", "value": 2}),
            doc.clone(),
        ),
        (json!({"op": "test", "path": "/none"}), doc.clone()),
    ];
    for (operation, result) in cases {
        assert_eq!(
            run(doc.clone(), &json!([operation])),
            Ok(result),
            "{operation}"
        );
    }
    assert_eq!(apply(&doc, b"null"), Ok(doc));
}

#[test]
fn operations_that_fail() {
    let doc = json!({"a": [1]});
    let cases = [
        (
            json!({"op": "remove", "path": "/b"}),
            "error in remove for path: '/b': Unable to remove nonexistent key: b: missing value",
        ),
        (
            json!({"op": "remove", "path": "/b/c"}),
            "remove operation does not apply: doc is missing path: \"/b/c\": missing value",
        ),
        (
            json!({"op": "test", "path": "/a/0", "value": 2}),
            "testing value /a/0 failed: test failed",
        ),
        (
            json!({"op": "add", "path": "/a/5", "value": 2}),
            "error in add for path: '/a/5': Unable to access invalid index: 5: invalid index referenced",
        ),
        (
            json!({"op": "replace", "path": "/a/x", "value": 2}),
            "replace operation does not apply: doc is missing key: /a/x: missing value",
        ),
        (json!({"op": "go", "path": "/a"}), "Unexpected kind: go"),
        (
            json!({"op": "replace", "path": "", "value": 1}),
            "replace operation value must be object or array: %!w(<nil>)",
        ),
    ];
    for (operation, error) in cases {
        assert_eq!(
            run(doc.clone(), &json!([operation])),
            Err(error.into()),
            "{operation}"
        );
    }
}

#[test]
fn patches_that_are_none() {
    let error = apply(&json!({}), b"{}").unwrap_err();
    assert_eq!(error.status(), 400);
    let wanted = "json: cannot unmarshal object into Go value of type jsonpatch.Patch";
    assert_eq!(error.to_string(), wanted);
    assert_eq!(apply(&json!({}), b"[").unwrap_err().status(), 400);
}

#[test]
fn there_is_an_end_to_it() {
    let many = vec![json!({"op": "test", "path": "/a"}); MAX_OPERATIONS + 1];
    let error = apply(&json!({}), json!(many).to_string().as_bytes()).unwrap_err();
    assert_eq!(error.status(), 413);
    let wanted = "The allowed maximum operations in a JSON patch is 10000, got 10001";
    assert_eq!(error.to_string(), wanted);

    // 1 MiB of text and its quotation marks: the fourth copy is one too many.
    let doc = json!({"a": "x".repeat(1024 * 1024 - 2)});
    let copy = |n: usize| json!({"op": "copy", "from": "/a", "path": format!("/{n}")});
    let copies = |n| Value::from((0..n).map(copy).collect::<Vec<_>>());
    assert!(run(doc.clone(), &copies(3)).is_ok());
    let wanted = "Unable to complete the copy, the accumulated size increase of copy is 4194304, exceeding the limit 3145728";
    assert_eq!(run(doc, &copies(4)), Err(wanted.into()));
}

#[test]
fn copies_into_themselves_do_not_grow_without_end() {
    let copy = json!({"op": "copy", "from": "/a", "path": "/a/a"});
    let error = run(json!({"a": {}}), &json!(vec![copy; 400])).unwrap_err();
    assert_eq!(error, format!("nested deeper than {MAX_DEPTH} levels"));
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        "[ab~/]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ab]{0,1}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_patch_makes_it_stumble(doc in tree(), patch in tree(), bytes in "[{}\\[\\]\":,opathvlue/-]{0,40}") {
        let _ = apply(&doc, bytes.as_bytes());
        let _ = apply(&doc, patch.to_string().as_bytes());
    }

    #[test]
    fn no_path_makes_it_stumble(
        doc in tree(),
        op in prop::sample::select(vec!["add", "remove", "replace", "move", "copy", "test"]),
        path in "(/[ab012~-]{0,2}){0,3}",
        from in "(/[ab012~-]{0,2}){0,3}",
        value in tree(),
    ) {
        let operation = json!({"op": op, "path": path, "from": from, "value": value});
        if let Ok(done) = run(doc.clone(), &json!([operation])) {
            let same = op == "test" || op == "copy" && path.is_empty();
            prop_assert!(!same || done == doc);
        }
    }
}
