//! Single facts of the contract, each by an example.

use std::sync::Arc;

use bytes::Bytes;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::mvccpb::event::EventType;

use crate::backend::MemoryBackend;
use crate::mvcc::{Error, Options, PutOptions, RangeQuery, Store};

fn store() -> Store {
    Store::open(Arc::new(MemoryBackend::new()), Options::default()).unwrap()
}

fn put(store: &mut Store, key: &'static str, value: &'static str) -> i64 {
    let mut txn = store.begin();
    txn.put(key.into(), value.into(), 0, PutOptions::default())
        .unwrap();
    txn.commit().revision
}

fn delete(store: &mut Store, key: &str) -> i64 {
    let mut txn = store.begin();
    txn.delete_range(key.as_bytes(), b"", false).unwrap();
    txn.commit().revision
}

fn all() -> RangeQuery {
    RangeQuery {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        ..RangeQuery::default()
    }
}

fn keys(store: &Store, query: &RangeQuery) -> Vec<String> {
    let result = store.range(query).unwrap();
    let name = |kv: &proto::mvccpb::KeyValue| String::from_utf8(kv.key.to_vec()).unwrap();
    result.kvs.iter().map(name).collect()
}

#[test]
fn a_fresh_store_is_at_revision_1_and_was_never_compacted() {
    let store = store();
    assert_eq!((store.revision(), store.compact_revision()), (1, -1));
    assert_eq!(store.range(&all()).unwrap().count, 0);
}

#[test]
fn versions_restart_after_a_deletion() {
    let mut store = store();
    assert_eq!(put(&mut store, "a", "1"), 2);
    assert_eq!(put(&mut store, "a", "2"), 3);
    let meta = store.meta(b"a").unwrap();
    assert_eq!((meta.create_revision, meta.version), (2, 2));
    assert_eq!(delete(&mut store, "a"), 4);
    assert!(store.meta(b"a").is_none());
    assert_eq!(put(&mut store, "a", "3"), 5);
    let meta = store.meta(b"a").unwrap();
    assert_eq!((meta.create_revision, meta.version), (5, 1));
    assert_eq!(
        store.previous(b"a", 4).unwrap().unwrap().value.as_ref(),
        b"2"
    );
    assert!(store.previous(b"a", 5).unwrap().is_none());
}

#[test]
fn deleting_nothing_makes_no_revision() {
    let mut store = store();
    put(&mut store, "a", "1");
    assert_eq!(delete(&mut store, "b"), 2);
    assert_eq!(store.revision(), 2);
}

#[test]
fn a_transaction_sees_itself_and_is_one_revision() {
    let mut store = store();
    put(&mut store, "a", "1");
    let mut txn = store.begin();
    let options = PutOptions {
        prev_kv: true,
        ..PutOptions::default()
    };
    let previous = txn.put("a".into(), "2".into(), 0, options).unwrap();
    assert_eq!(previous.unwrap().value.as_ref(), b"1");
    txn.put("b".into(), "3".into(), 7, PutOptions::default())
        .unwrap();
    assert_eq!(txn.range(&all()).unwrap().count, 2);
    let at_own = RangeQuery {
        revision: 3,
        ..all()
    };
    assert!(matches!(txn.range(&at_own), Err(Error::Future)));
    let deleted = txn.delete_range(b"a", b"c", true).unwrap();
    assert_eq!(deleted.count, 2);
    assert_eq!(deleted.previous[1].lease, 7);
    let committed = txn.commit();
    assert_eq!(committed.revision, 3);
    assert_eq!(committed.events.len(), 4);
    let last = committed.events[3].clone();
    assert_eq!(last.r#type(), EventType::Delete);
    let kv = last.kv.unwrap();
    assert_eq!(
        (kv.mod_revision, kv.create_revision, kv.version, kv.lease),
        (3, 0, 0, 0)
    );
}

#[test]
fn a_dropped_transaction_leaves_nothing() {
    let mut store = store();
    put(&mut store, "a", "1");
    let bytes = store.live_bytes();
    let mut txn = store.begin();
    txn.put("b".into(), "2".into(), 0, PutOptions::default())
        .unwrap();
    txn.delete_range(b"\0", b"\0", false).unwrap();
    drop(txn);
    assert_eq!(
        (store.revision(), store.live_bytes(), store.key_count()),
        (2, bytes, 1)
    );
    assert_eq!(keys(&store, &all()), ["a"]);
    assert_eq!(put(&mut store, "a", "2"), 3);
    assert_eq!(store.meta(b"a").unwrap().version, 2);
}

#[test]
fn keeping_an_old_value_or_lease_needs_an_old_pair() {
    let mut store = store();
    let keep_value = PutOptions {
        ignore_value: true,
        ..PutOptions::default()
    };
    let keep_lease = PutOptions {
        ignore_lease: true,
        ..PutOptions::default()
    };
    let mut txn = store.begin();
    let refused = txn.put("a".into(), Bytes::new(), 0, keep_value);
    assert!(matches!(refused, Err(Error::KeyNotFound)));
    txn.put("a".into(), "1".into(), 5, PutOptions::default())
        .unwrap();
    txn.commit();
    let mut txn = store.begin();
    txn.put("a".into(), Bytes::new(), 6, keep_value).unwrap();
    txn.commit();
    let kv = store.get(b"a").unwrap().unwrap();
    assert_eq!((kv.value.as_ref(), kv.lease), (b"1".as_ref(), 6));
    let mut txn = store.begin();
    txn.put("a".into(), "2".into(), 0, keep_lease).unwrap();
    txn.commit();
    let kv = store.get(b"a").unwrap().unwrap();
    assert_eq!((kv.value.as_ref(), kv.lease), (b"2".as_ref(), 6));
}

#[test]
fn a_limit_applies_before_sorting_if_there_is_no_order() {
    let mut store = store();
    for (key, value) in [("a", "3"), ("b", "2"), ("c", "1")] {
        put(&mut store, key, value);
    }
    let query = RangeQuery {
        limit: 1,
        sort_target: SortTarget::Value,
        ..all()
    };
    // Two are fetched for a limit of one, and then sorted.
    assert_eq!(keys(&store, &query), ["b"]);
    let ordered = RangeQuery {
        sort_order: SortOrder::Ascend,
        ..query
    };
    assert_eq!(keys(&store, &ordered), ["c"]);
    let result = store.range(&ordered).unwrap();
    assert_eq!((result.count, result.more), (3, true));
}

#[test]
fn keys_only_shows_the_lease_only_when_sorted_by_value() {
    let mut store = store();
    let mut txn = store.begin();
    txn.put("a".into(), "1".into(), 5, PutOptions::default())
        .unwrap();
    txn.commit();
    let mut query = RangeQuery {
        keys_only: true,
        ..all()
    };
    assert_eq!(store.range(&query).unwrap().kvs[0].lease, 0);
    query.sort_target = SortTarget::Value;
    let kv = &store.range(&query).unwrap().kvs[0];
    assert_eq!((kv.lease, kv.value.len()), (5, 0));
}

#[test]
fn compaction_has_etcds_bounds() {
    let mut store = store();
    store.compact(0).unwrap();
    assert!(matches!(store.compact(0), Err(Error::Compacted)));
    assert!(matches!(store.compact(2), Err(Error::Future)));
    put(&mut store, "a", "1");
    delete(&mut store, "a");
    put(&mut store, "b", "1");
    store.compact(3).unwrap();
    let at = |revision| RangeQuery { revision, ..all() };
    assert!(matches!(store.range(&at(2)), Err(Error::Compacted)));
    assert_eq!(store.range(&at(3)).unwrap().count, 0);
    assert!(store.compact_step(100));
    // The deletion at the compact revision stays for watchers that start there.
    let history = store.events_since(3, 9, b"\0", b"\0", 1 << 20).unwrap();
    assert_eq!((history.events.len(), history.next_revision), (2, 5));
    assert!(store.events_since(2, 9, b"\0", b"\0", 1 << 20).is_err());
    store.compact(4).unwrap();
    while !store.compact_step(1) {}
    assert_eq!(store.live_bytes(), 2);
}

#[test]
fn slices_go_on_where_they_stopped() {
    let mut store = store();
    for key in ["a", "b", "c", "d"] {
        put(&mut store, key, "12345");
    }
    let first = store.range_slice(&all(), 3, 12).unwrap();
    assert_eq!(first.kvs.len(), 2);
    assert_eq!(first.next.as_deref(), Some(b"c".as_ref()));
    let rest = RangeQuery {
        key: first.next.unwrap(),
        ..all()
    };
    let rest = store.range_slice(&rest, 3, 1).unwrap();
    assert_eq!(rest.kvs.len(), 1, "at least one, however small the bound");
}
