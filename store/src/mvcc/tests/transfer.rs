//! A store that is exported and imported is the same store.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use proto::mvccpb::KeyValue;

use crate::backend::{Backend, MemoryBackend};
use crate::mvcc::{Error, Import, Options, PutOptions, RangeQuery, Revision, Store};

type Records = Vec<(Revision, bool, KeyValue)>;

fn options() -> Options {
    Options {
        chunk_bytes: 600,
        ..Options::default()
    }
}

fn store() -> Store {
    Store::open(Arc::new(MemoryBackend::new()), options()).unwrap()
}

fn export(store: &mut Store) -> Records {
    let mut records = Records::new();
    let job = store.begin_export().unwrap();
    job.run::<Error>(|rev, tombstone, pair| {
        records.push((rev, tombstone, pair));
        Ok(())
    })
    .unwrap();
    records
}

fn import(records: &Records, revision: i64, compacted: i64) -> Store {
    let backend = Arc::new(MemoryBackend::new());
    let mut import = Import::new(&*backend, options().chunk_bytes);
    for (rev, tombstone, pair) in records {
        import.push(*rev, *tombstone, pair).unwrap();
    }
    let extra = vec![("meta/x".into(), "y".into())];
    import.finish(revision, compacted, extra).unwrap();
    assert_eq!(backend.get(b"meta/x").unwrap().unwrap(), "y");
    Store::open(backend, options()).unwrap()
}

fn all_at(store: &Store, revision: i64) -> Vec<KeyValue> {
    let query = RangeQuery {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        revision,
        ..RangeQuery::default()
    };
    store.range(&query).unwrap().kvs
}

fn checkpoint(store: &mut Store) {
    let done = store.begin_checkpoint(Vec::new()).run().unwrap();
    store.finish_checkpoint(done);
}

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<(u8, u8, bool)>),
    Delete(u8, u8),
    Checkpoint,
    Compact(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((0u8..20, any::<u8>(), any::<bool>()), 1..4).prop_map(Step::Put),
        2 => (0u8..20, 1u8..4).prop_map(|(from, count)| Step::Delete(from, count)),
        1 => Just(Step::Checkpoint),
        1 => (0u8..10).prop_map(Step::Compact),
    ]
}

fn carry_out(store: &mut Store, step: &Step) {
    match step {
        Step::Put(puts) => {
            let mut txn = store.begin();
            for (key, length, leased) in puts {
                let value = vec![*key; usize::from(*length)];
                let lease = if *leased { -7 } else { 0 };
                let options = PutOptions::default();
                txn.put(vec![*key + 1].into(), value.into(), lease, options)
                    .unwrap();
            }
            txn.commit();
        }
        Step::Delete(from, count) => {
            let mut txn = store.begin();
            txn.delete_range(&[from + 1], &[from + 1 + count], false)
                .unwrap();
            txn.commit();
        }
        Step::Checkpoint => checkpoint(store),
        Step::Compact(back) => {
            // Too far back, or done before: nothing to do.
            let _ = store.compact(store.revision() - i64::from(*back));
            store.compact_step(5);
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_on_the_way(steps in prop::collection::vec(step(), 1..120)) {
        let mut ours = store();
        steps.iter().for_each(|step| carry_out(&mut ours, step));
        while !ours.compact_step(100) {}
        let records = export(&mut ours);
        prop_assert!(records.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let theirs = import(&records, ours.revision(), ours.compact_revision());
        prop_assert_eq!(theirs.revision(), ours.revision());
        prop_assert_eq!(theirs.compact_revision(), ours.compact_revision());
        prop_assert_eq!(theirs.live_bytes(), ours.live_bytes());
        prop_assert_eq!(theirs.hash_kv(0).unwrap(), ours.hash_kv(0).unwrap());
        for revision in ours.compact_revision().max(1)..=ours.revision() {
            prop_assert_eq!(all_at(&theirs, revision), all_at(&ours, revision));
        }
    }
}

#[test]
fn an_export_shows_the_moment_it_began() {
    let mut store = store();
    for number in 0..30 {
        carry_out(&mut store, &Step::Put(vec![(number % 10, 100, false)]));
        if number == 15 {
            checkpoint(&mut store);
        }
    }
    let before = export(&mut store);
    let job = store.begin_export().unwrap();
    drop(store.begin_export().unwrap());
    assert!(store.is_exporting());
    carry_out(&mut store, &Step::Delete(0, 3));
    carry_out(&mut store, &Step::Compact(0));
    while !store.compact_step(100) {}
    let mut seen = Records::new();
    assert_eq!(job.revision(), 31);
    job.run::<Error>(|rev, tombstone, pair| {
        seen.push((rev, tombstone, pair));
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, before);
    assert!(!store.is_exporting());
    checkpoint(&mut store);
    assert!(export(&mut store).len() < before.len());
}

#[test]
fn a_revision_without_a_record_is_kept() {
    let mut ours = store();
    carry_out(&mut ours, &Step::Put(vec![(1, 5, false)]));
    carry_out(&mut ours, &Step::Put(vec![(1, 6, false)]));
    let mut bumped = import(&export(&mut ours), 1_000_000_000_000, 1_000_000_000_000);
    assert_eq!(bumped.compact_revision(), 1_000_000_000_000);
    while !bumped.compact_step(100) {}
    assert_eq!(export(&mut bumped).len(), 1);
    carry_out(&mut bumped, &Step::Put(vec![(1, 7, false)]));
    assert_eq!(bumped.revision(), 1_000_000_000_001);
    checkpoint(&mut bumped);
    let again = import(&export(&mut bumped), bumped.revision(), -1);
    assert_eq!(all_at(&again, 0), all_at(&bumped, 0));
}
