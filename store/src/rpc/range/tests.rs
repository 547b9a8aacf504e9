use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use tonic::Code;

use super::*;
use crate::apply::Meta;
use crate::backend::MemoryBackend;
use crate::mvcc::{Options, PutOptions, Store};

fn put(store: &mut Store, key: String, value: String) {
    let mut txn = store.begin();
    txn.put(key.into(), value.into(), 0, PutOptions::default())
        .unwrap();
    txn.commit();
}

/// Keys in an order unlike that of their revisions; some are written again, some deleted, and
/// three quarters lie in a checkpoint.
fn filled(keys: usize) -> Shared {
    let store = Store::open(Arc::new(MemoryBackend::new()), Options::default()).unwrap();
    let state = Meta::default().restore(store).unwrap();
    let shared = Arc::new(RwLock::new(state));
    for n in 0..keys {
        let store = &mut shared.write().store;
        let key = n * 7_919 % keys;
        put(store, format!("k{key:07}"), format!("{}", (n * 31) % 1_000));
        if n % 10 == 0 {
            put(store, format!("k{key:07}"), "again".to_owned());
        }
        if n % 15 == 0 {
            let mut txn = store.begin();
            txn.delete_range(format!("k{key:07}").as_bytes(), &[], false)
                .unwrap();
            txn.commit();
        }
        if n == keys * 3 / 4 {
            let job = store.begin_checkpoint(Vec::new());
            let done = job.run().unwrap();
            store.finish_checkpoint(done);
        }
    }
    shared
}

fn all() -> RangeQuery {
    RangeQuery {
        key: Bytes::from_static(b"k"),
        range_end: Bytes::from_static(b"l"),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_long_range_answers_as_a_whole_one() {
    let shared = filled(12_000);
    let newest = shared.read().store.revision();
    let mut queries = vec![RangeQuery {
        keys_only: true,
        sort_target: SortTarget::Value,
        sort_order: SortOrder::Descend,
        limit: 2_100,
        ..all()
    }];
    for revision in [0, newest / 2, newest - 1] {
        for limit in [0, 10, 1_999, 2_500] {
            for (sort_order, sort_target) in [
                (SortOrder::None, SortTarget::Key),
                (SortOrder::Descend, SortTarget::Key),
                (SortOrder::Ascend, SortTarget::Mod),
                (SortOrder::None, SortTarget::Value),
            ] {
                for min_mod_revision in [0, newest / 3] {
                    queries.push(RangeQuery {
                        revision,
                        limit,
                        sort_order,
                        sort_target,
                        min_mod_revision,
                        keys_only: limit == 10,
                        count_only: limit == 1_999,
                        ..all()
                    });
                }
            }
        }
    }
    let mut long = 0;
    for query in queries {
        long += usize::from(shared.read().store.is_long(&query));
        let expected = shared.read().store.range(&query).unwrap();
        let (result, revision) = read(&shared, &Caller::default(), &query).await.unwrap();
        assert!(result == expected, "{query:?}");
        assert_eq!(revision, newest);
    }
    assert!(long > 40, "{long} long ranges are no test");
}

#[tokio::test]
async fn what_is_small_is_read_at_once() {
    let shared = filled(5_000);
    let table = [
        (
            RangeQuery {
                range_end: Bytes::new(),
                ..all()
            },
            false,
        ),
        (
            RangeQuery {
                limit: 500,
                ..all()
            },
            false,
        ),
        (
            RangeQuery {
                count_only: true,
                ..all()
            },
            false,
        ),
        (
            RangeQuery {
                range_end: "k0001000".into(),
                ..all()
            },
            false,
        ),
        (
            RangeQuery {
                limit: 4_000,
                ..all()
            },
            true,
        ),
        (all(), true),
    ];
    for (query, expected) in table {
        assert_eq!(shared.read().store.is_long(&query), expected, "{query:?}");
    }
}

#[tokio::test]
async fn a_compaction_that_overtakes_a_long_range_ends_it() {
    for is_selected in [false, true] {
        let shared = filled(25_000);
        let mut long = shared.read().store.begin_long(&all()).unwrap();
        assert!(!select(&shared, &mut long).unwrap());
        if is_selected {
            while !select(&shared, &mut long).unwrap() {}
            long.arrange();
            assert!(!load(&shared, &mut long).unwrap());
        }
        {
            let store = &mut shared.write().store;
            put(store, "k".to_owned(), String::new());
            let newest = store.revision();
            store.compact(newest).unwrap();
            while !store.compact_step(1_000) {}
        }
        let step = match is_selected {
            false => select(&shared, &mut long),
            true => load(&shared, &mut long),
        };
        assert_eq!(step.unwrap_err().code(), Code::OutOfRange);
    }
}

/// The answer is one state, although another writes all the while.
#[test]
fn writers_get_in_between_the_steps() {
    let shared = filled(40_000);
    let expected = shared.read().store.range(&all()).unwrap();
    let is_done = AtomicBool::new(false);
    let writes = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                let n = writes.fetch_add(1, Ordering::Relaxed);
                put(&mut shared.write().store, format!("k{n}"), String::new());
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let before = writes.load(Ordering::Relaxed);
        let (result, revision) = runtime
            .block_on(read(&shared, &Caller::default(), &all()))
            .unwrap();
        let meanwhile = writes.load(Ordering::Relaxed) - before;
        is_done.store(true, Ordering::Relaxed);
        // Who holds the lock throughout lets two in: before it begins, and when it ends.
        assert!(meanwhile > 10, "{meanwhile} writes meanwhile");
        let at_begin = RangeQuery { revision, ..all() };
        assert!(result == shared.read().store.range(&at_begin).unwrap());
        assert!(result.count >= expected.count);
    });
}
