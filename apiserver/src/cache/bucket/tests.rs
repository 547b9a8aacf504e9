use api::selector::Selectable;
use serde_json::json;

use super::*;

fn entry(key: &str, revision: i64) -> Entry {
    let (namespace, name) = key.split_once('/').unwrap_or(("", key));
    let object = json!({"metadata": {"name": name, "namespace": namespace}});
    Entry::new(
        key,
        revision,
        0,
        Ok(object),
        &Selectable::builtin("", "ConfigMap"),
    )
}

fn filled() -> Arc<Bucket> {
    let bucket = Arc::new(Bucket::default());
    bucket.replace(vec![entry("a/x", 3), entry("a/y", 5), entry("b/x", 4)], 10);
    bucket
}

fn keys<'a>(entries: impl Iterator<Item = &'a Arc<Entry>>) -> Vec<&'a str> {
    entries.map(|entry| &*entry.key).collect()
}

#[test]
fn a_snapshot_stays_what_it_is() {
    let bucket = filled();
    let before = bucket.snapshot(10);
    bucket.put(entry("a/z", 11));
    bucket.remove("b/x", 12);
    assert_eq!(keys(before.from("", "")), ["a/x", "a/y", "b/x"]);
    assert_eq!(before.revision, 10);
    let after = bucket.snapshot(10);
    assert_eq!(keys(after.from("", "")), ["a/x", "a/y", "a/z"]);
    assert_eq!(after.revision, 12);
    assert_eq!(keys(after.from("a/", "a/y")), ["a/y", "a/z"]);
    assert_eq!(keys(after.from("b/", "")), [""; 0]);
}

#[test]
fn a_cursor_reads_every_event_once() {
    let bucket = filled();
    let snapshot = bucket.snapshot(10);
    let mut cursor = bucket.follow_on(&snapshot);
    let mut later = bucket.follow(10).unwrap();
    assert!(cursor.take(9).unwrap().is_empty());
    bucket.put(entry("a/x", 11));
    bucket.put(entry("c/x", 12));
    bucket.remove("c/x", 13);
    for cursor in [&mut cursor, &mut later] {
        let mut seen = cursor.take(2).unwrap();
        seen.extend(cursor.take(2).unwrap());
        let seen: Vec<_> = seen
            .iter()
            .map(|event| (event.kind, event.revision))
            .collect();
        let expected = [
            (EventKind::Modified, 11),
            (EventKind::Added, 12),
            (EventKind::Deleted, 13),
        ];
        assert_eq!(seen, expected);
        assert!(cursor.take(2).unwrap().is_empty());
    }
    let mut resumed = bucket.follow(12).unwrap();
    let gone = resumed.take(9).unwrap();
    assert_eq!(gone.len(), 1);
    let object = gone[0].object.tree().unwrap();
    assert_eq!(object["metadata"]["resourceVersion"], "13");
}

#[test]
fn who_comes_too_late_is_told() {
    let bucket = filled();
    assert_eq!(
        bucket.follow(9).unwrap_err(),
        Expired {
            asked: 9,
            oldest: 10
        }
    );
    let mut slow = bucket.follow(10).unwrap();
    for revision in 0..=KEPT_MAX as i64 {
        bucket.put(entry("a/x", 11 + revision));
    }
    assert_eq!(
        slow.take(1).unwrap_err(),
        Expired {
            asked: 10,
            oldest: 11
        }
    );
}

#[test]
fn a_list_taken_again_becomes_events() {
    let bucket = filled();
    let mut cursor = bucket.follow(10).unwrap();
    bucket.replace(
        vec![entry("a/x", 15), entry("a/y", 5), entry("d/x", 14)],
        20,
    );
    let seen = cursor.take(9).unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|event| (event.kind, &*event.object.key, event.revision))
        .collect();
    let expected = [
        (EventKind::Added, "d/x", 14),
        (EventKind::Modified, "a/x", 15),
        (EventKind::Deleted, "b/x", 20),
    ];
    assert_eq!(seen, expected);
}
