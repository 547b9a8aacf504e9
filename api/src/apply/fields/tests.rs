use proptest::prelude::*;
use serde_json::json;

use super::*;

fn set(value: serde_json::Value) -> FieldSet {
    FieldSet::from_value(&value).unwrap()
}

#[test]
fn the_bytes_are_upstreams() {
    // Keys are in order of what they stand for: 9 before 80, fields before keys before values before indexes.
    let json = concat!(
        r#"{"f:a<b>":{},"f:ports":{".":{},"k:{\"containerPort\":9,\"protocol\":\"TCP\"}":{".":{},"f:name":{}},"#,
        r#""k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}},"k:{\"name\":\"\\u003cx\\u003e\"}":{},"v:1.5":{},"v:\"x\"":{},"v:true":{},"i:0":{}}"#
    );
    let set = FieldSet::from_json(json).unwrap();
    assert_eq!(set.to_json(), json);
    assert_eq!(FieldSet::from_value(&set.to_value()), Ok(set));
}

#[test]
fn what_is_empty_is_a_member() {
    let set = set(json!({"f:a": {}, "f:b": {".": {}}, "f:c": {"f:d": {}}, "f:e": {"x:new": {}}}));
    let shown: Vec<String> = set
        .paths()
        .iter()
        .map(|path| crate::apply::show(path))
        .collect();
    assert_eq!(shown, [".a", ".b", ".e", ".c.d"]);
    assert_eq!(
        set.to_json(),
        r#"{"f:a":{},"f:b":{},"f:c":{"f:d":{}},"f:e":{}}"#
    );
}

#[test]
fn what_is_no_set() {
    for json in [
        "[]",
        "{\"f:a\":1}",
        "{\"f\":{}}",
        "{\"ff:\":{}}",
        "{\"v:{\":{}}",
        "{\"k:1\":{}}",
        "{\"i:x\":{}}",
        "{",
    ] {
        assert!(FieldSet::from_json(json).is_err(), "{json}");
    }
    assert_eq!(FieldSet::from_json("null"), Ok(FieldSet::new()));
}

#[test]
fn differences() {
    let parent = FieldSet::of(&["a", "b"]);
    let child = FieldSet::of(&["a.x", "b.y", "c"]);
    assert_eq!(parent.difference(&child), parent);
    assert_eq!(child.difference(&parent), child);
    assert_eq!(child.recursive_difference(&parent), FieldSet::of(&["c"]));
    assert_eq!(
        child.intersection(&FieldSet::of(&["c", "a.z"])),
        FieldSet::of(&["c"])
    );
    let both = parent.union(&child);
    assert_eq!(both, FieldSet::of(&["a", "b", "c", "a.x", "b.y"]));
    assert_eq!(both.leaves(), child);
    let path = |names: &[&str]| {
        names
            .iter()
            .map(|name| PathElement::field(name))
            .collect::<Vec<_>>()
    };
    assert!(both.has(&path(&["a", "x"])) && !both.has(&path(&["a", "y"])) && !both.has(&[]));
}

fn element() -> impl Strategy<Value = PathElement> {
    let scalar = prop_oneof![
        "[a-c<\"\\\\é]{0,2}".prop_map(serde_json::Value::from),
        (-3_i64..30).prop_map(|n| json!(f64::from(i32::try_from(n).unwrap()))),
        any::<bool>().prop_map(serde_json::Value::from),
    ];
    prop_oneof![
        "[a-c.:\"]{0,2}".prop_map(|name| PathElement::field(&name)),
        scalar.clone().prop_map(PathElement::Value),
        scalar.prop_map(|value| PathElement::Key(vec![("name".into(), value)])),
        (0_i64..20).prop_map(PathElement::Index),
    ]
}

fn any_set() -> impl Strategy<Value = FieldSet> {
    let path = prop::collection::vec(element(), 1..4);
    prop::collection::vec(path, 0..8).prop_map(|paths| {
        let mut set = FieldSet::new();
        paths.into_iter().for_each(|path| set.insert(path));
        set
    })
}

proptest! {
    #[test]
    fn sets_come_back_as_they_were(set in any_set()) {
        prop_assert_eq!(FieldSet::from_json(&set.to_json()).unwrap(), set.clone());
        prop_assert_eq!(FieldSet::from_value(&set.to_value()).unwrap(), set.clone());
        prop_assert_eq!(set.paths().into_iter().fold(FieldSet::new(), |mut all, path| {
            all.insert(path);
            all
        }), set);
    }

    #[test]
    fn sets_behave(left in any_set(), right in any_set()) {
        let both = left.union(&right);
        prop_assert_eq!(&both, &right.union(&left));
        prop_assert_eq!(left.difference(&right).union(&left.intersection(&right)), left.clone());
        for path in both.paths() {
            let (l, r) = (left.has(&path), right.has(&path));
            prop_assert!(l || r);
            prop_assert_eq!(left.intersection(&right).has(&path), l && r);
            prop_assert_eq!(left.difference(&right).has(&path), l && !r);
            let above = (1..=path.len()).any(|end| right.has(&path[..end]));
            prop_assert_eq!(left.recursive_difference(&right).has(&path), l && !above);
        }
    }

    #[test]
    fn no_bytes_make_it_stumble(text in "[{}\\[\\]\":,.fkvi0-9a\\\\ ]{0,40}") {
        if let Ok(set) = FieldSet::from_json(&text) {
            prop_assert_eq!(FieldSet::from_json(&set.to_json()).unwrap(), set);
        }
    }
}
