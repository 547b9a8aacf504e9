use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MAX_DEPTH, PatchError, apply};
use crate::schema::{Gvk, builtin};

fn run(kind: &Gvk, original: &Value, patch: &Value) -> Result<Value, PatchError> {
    let id = builtin().kind(kind).unwrap();
    apply(builtin(), id, original, patch)
}

fn pod(original: &Value, patch: &Value) -> Result<Value, PatchError> {
    let spec = |value: &Value| json!({ "spec": value });
    let merged = run(&Gvk::new("", "v1", "Pod"), &spec(original), &spec(patch))?;
    Ok(merged["spec"].clone())
}

fn names(spec: &Value) -> String {
    let list = spec["containers"].as_array().unwrap();
    list.iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn lists_are_merged_by_key() {
    let original = json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "tty": true}]});
    let patch = json!({"containers": [{"name": "c"}, {"name": "a", "image": "2"}]});
    let merged = pod(&original, &patch).unwrap();
    let wanted = json!([{"name": "b", "tty": true}, {"name": "c"}, {"name": "a", "image": "2"}]);
    // b stood before nothing of the patch, so the patch's items come first.
    assert_eq!(names(&merged), "c a b");
    assert_eq!(
        merged["containers"].as_array().unwrap().len(),
        wanted.as_array().unwrap().len()
    );
    assert_eq!(merged["containers"][2], wanted[0]);
}

#[test]
fn items_are_deleted_and_lists_replaced() {
    let original = json!({"containers": [{"name": "a"}, {"name": "b"}]});
    let patch = json!({"containers": [{"name": "a", "$patch": "delete"}, {"name": "c"}]});
    assert_eq!(names(&pod(&original, &patch).unwrap()), "c b");
    let patch = json!({"containers": [{"$patch": "replace"}, {"name": "c"}]});
    assert_eq!(names(&pod(&original, &patch).unwrap()), "c");
}

#[test]
fn the_order_can_be_set() {
    let original = json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]});
    let patch = json!({
        "$setElementOrder/containers": [{"name": "c"}, {"name": "d"}, {"name": "a"}],
        "containers": [{"name": "d"}],
    });
    assert_eq!(names(&pod(&original, &patch).unwrap()), "b c d a");
    let patch = json!({
        "$setElementOrder/containers": [{"name": "c"}],
        "containers": [{"name": "d"}],
    });
    let error = pod(&original, &patch).unwrap_err().to_string();
    let wanted = "The order in patch list:\n[map[name:d]]\n doesn't match $setElementOrder list:\n[map[name:c]]\n";
    assert_eq!(error, wanted);
}

#[test]
fn scalars_are_merged_as_sets() {
    let kind = Gvk::new("", "v1", "ConfigMap");
    let original = json!({"metadata": {"finalizers": ["a", "b"]}});
    let patch = json!({"metadata": {
        "finalizers": ["c", "b"],
        "$deleteFromPrimitiveList/finalizers": ["a"],
    }});
    let merged = run(&kind, &original, &patch).unwrap();
    assert_eq!(merged, json!({"metadata": {"finalizers": ["c", "b"]}}));
}

#[test]
fn fields_are_retained_or_go() {
    let kind = Gvk::new("apps", "v1", "Deployment");
    let original = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}}});
    let patch =
        |keys: Value| json!({"spec": {"strategy": {"$retainKeys": keys, "type": "Recreate"}}});
    let merged = run(&kind, &original, &patch(json!(["type"]))).unwrap();
    assert_eq!(merged, json!({"spec": {"strategy": {"type": "Recreate"}}}));
    let error = run(&kind, &original, &patch(json!(["x"]))).unwrap_err();
    assert_eq!(
        error,
        PatchError::Malformed("invalid patch format of retainKeys".into())
    );
    let merged = run(
        &kind,
        &original,
        &json!({"spec": {"strategy": {"$patch": "delete"}}}),
    );
    assert_eq!(merged.unwrap(), json!({"spec": {"strategy": {}}}));
}

#[test]
fn what_is_wrong_is_told_in_upstreams_words() {
    let original = json!({"containers": [{"name": "a"}], "nodeSelector": {"a": "b"}});
    let cases = [
        (
            json!({"containers": [{"image": "x"}]}),
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            json!({"containers": ["x"]}),
            "list element types are not identical: [[map[name:a]] [x]]",
        ),
        (
            json!({"$patch": 5}),
            "unknown patch type: %!s(int64=5) in map: map[$patch:5]",
        ),
        (
            json!({"$setElementOrder/containers": "x"}),
            "expected a []interface {}, but received a string",
        ),
        (
            json!({"$setElementOrder/none": []}),
            "unable to find api field in struct PodSpec for the json field \"none\"",
        ),
        (
            json!({"$setElementOrder/nodeSelector": []}),
            "expected a []interface {}, but received a map[string]interface {}",
        ),
    ];
    for (patch, error) in cases {
        assert_eq!(pod(&original, &patch).unwrap_err().to_string(), error);
    }
    let error = run(&Gvk::new("", "v1", "Pod"), &json!({}), &json!([])).unwrap_err();
    let wanted = "json: cannot unmarshal array into Go value of type map[string]interface {}";
    assert_eq!(error, PatchError::Malformed(wanted.into()));
}

#[test]
fn trees_have_a_depth() {
    let deep = |levels: usize| (0..levels).fold(json!("x"), |value, _| json!({ "spec": value }));
    let kind = Gvk::new("", "v1", "Pod");
    assert!(run(&kind, &json!({}), &deep(MAX_DEPTH)).is_ok());
    assert_eq!(
        run(&kind, &json!({}), &deep(MAX_DEPTH + 1))
            .unwrap_err()
            .status(),
        400
    );
}

fn tree() -> impl Strategy<Value = Value> {
    let keys = vec![
        "spec",
        "metadata",
        "containers",
        "finalizers",
        "name",
        "labels",
        "$patch",
        "$retainKeys",
        "$setElementOrder/containers",
        "$setElementOrder/finalizers",
        "$deleteFromPrimitiveList/finalizers",
    ];
    let words = vec!["a", "b", "delete", "replace", "merge", "name"];
    let leaf = prop_oneof![
        Just(Value::Null),
        (0_i64..2).prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(keys.clone()), inner, 0..4).prop_map(
                |map| map
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            ),
        ]
    })
}

proptest! {
    #[test]
    fn no_patch_makes_it_stumble(original in tree(), patch in tree()) {
        let _ = run(&Gvk::new("", "v1", "Pod"), &original, &patch);
        let wrapped = |value: Value| json!({"metadata": {"finalizers": value}, "spec": {"containers": value}});
        let _ = run(&Gvk::new("", "v1", "Pod"), &wrapped(original), &wrapped(patch));
    }
}
