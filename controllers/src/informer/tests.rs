use kube::core::ObjectMeta;

use super::*;

fn object(namespace: &str, name: &str, uid: &str) -> PartialObjectMeta<DynamicObject> {
    PartialObjectMeta {
        types: None,
        metadata: ObjectMeta {
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            uid: Some(uid.to_owned()),
            ..ObjectMeta::default()
        },
        _phantom: std::marker::PhantomData,
    }
}

/// The changes that events make, as `+name uid`, `-name uid` and `=`.
fn told(
    store: &Store<String>,
    events: Vec<Event<PartialObjectMeta<DynamicObject>>>,
) -> Vec<String> {
    let mut told = Vec::new();
    let mut seen = BTreeSet::new();
    for event in events {
        digest(
            event,
            store,
            &mut seen,
            &|object: PartialObjectMeta<DynamicObject>| object.metadata.uid.unwrap_or_default(),
            &mut |change| {
                told.push(match change {
                    Change::Applied(key, uid) => format!("+{} {uid}", key.name),
                    Change::Deleted(key, uid) => format!("-{} {uid}", key.name),
                    Change::Synced => "=".to_owned(),
                });
            },
        );
    }
    told
}

#[test]
fn what_vanished_in_between_is_told_as_deleted() {
    let store = Store::default();
    assert!(!store.is_synced());
    let first = told(
        &store,
        vec![
            Event::Init,
            Event::InitApply(object("n", "a", "1")),
            Event::InitApply(object("n", "b", "2")),
            Event::InitDone,
        ],
    );
    assert_eq!(first, ["+a 1", "+b 2", "="]);
    assert!(store.is_synced());
    let second = told(
        &store,
        vec![
            Event::Init,
            Event::InitApply(object("n", "b", "2")),
            Event::InitDone,
        ],
    );
    assert_eq!(second, ["+b 2", "-a 1", "="]);
}

#[test]
fn an_object_made_anew_is_told_as_deleted_first() {
    let store = Store::default();
    let all = told(
        &store,
        vec![
            Event::Apply(object("n", "a", "1")),
            Event::Apply(object("n", "a", "2")),
            Event::Delete(object("n", "a", "2")),
            Event::Delete(object("n", "a", "2")),
        ],
    );
    assert_eq!(all, ["+a 1", "-a 1", "+a 2", "-a 2"]);
}

#[test]
fn a_namespace_is_a_range() {
    let store = Store::default();
    let events = [("a", "x"), ("b", "x"), ("b", "y"), ("ba", "z")];
    let events = events
        .iter()
        .map(|(namespace, name)| Event::Apply(object(namespace, name, "1")));
    told(&store, events.collect());
    let names: Vec<String> = store
        .within("b")
        .into_iter()
        .map(|(key, _)| key.name)
        .collect();
    assert_eq!(names, ["x", "y"]);
    assert_eq!(store.all().len(), 4);
}
