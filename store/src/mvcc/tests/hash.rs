//! The hash against figures of etcd 3.7.1.
//!
//! `hash.ops` is what a real etcd was given by its own etcdctl, and what `endpoint hashkv` said in
//! between. One operation a line:
//!
//! ```text
//! new N                          a fresh store
//! put KEY VALUE LEASE            del KEY END ("-": only KEY)
//! begin ... commit               several of these in one transaction
//! compact REV                    physical, so that etcd has finished it
//! hash REV HASH COMPACTED AT     asked for with --rev REV
//! stored REV HASH COMPACTED AT   asked for at the revision just compacted
//! revision REV
//! ```

use std::sync::Arc;

use bytes::Bytes;

use crate::backend::MemoryBackend;
use crate::mvcc::{Hashing, Options, PutOptions, Store, WriteTxn};

const OPS: &str = include_str!("hash.ops");

fn fresh() -> (Arc<MemoryBackend>, Store) {
    let backend = Arc::new(MemoryBackend::new());
    let store = Store::open(backend.clone(), options()).unwrap();
    (backend, store)
}

fn options() -> Options {
    Options {
        chunk_bytes: 500,
        ..Options::default()
    }
}

fn write(txn: &mut WriteTxn<'_>, words: &[&'static str]) {
    match words {
        ["put", key, value, lease] => {
            let (key, value) = (Bytes::from(*key), Bytes::from(*value));
            txn.put(key, value, lease.parse().unwrap(), PutOptions::default())
                .unwrap();
        }
        ["del", "\\0", _] => {
            txn.delete_range(b"\0", b"\0", false).unwrap();
        }
        ["del", key, end] => {
            let end = if *end == "-" { "" } else { end };
            txn.delete_range(key.as_bytes(), end.as_bytes(), false)
                .unwrap();
        }
        other => panic!("{other:?}"),
    }
}

/// Replays everything; `compacting` decides how soon removal follows a compaction, and
/// `checkpoint_every` after how many operations the store is written down and opened again.
fn replay(compacting: bool, checkpoint_every: usize) {
    let (mut backend, mut store) = fresh();
    let mut compared = 0;
    let (mut compacted, mut stored) = (-1, None);
    let mut lines = OPS.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let words: Vec<&'static str> = line.split(' ').collect();
        match words[..] {
            ["new", _] => {
                (backend, store) = fresh();
                compacted = -1;
            }
            ["begin"] => {
                let mut txn = store.begin();
                for (_, line) in lines.by_ref().take_while(|(_, line)| *line != "commit") {
                    write(&mut txn, &line.split(' ').collect::<Vec<_>>());
                }
                txn.commit();
            }
            ["put" | "del", ..] => {
                let mut txn = store.begin();
                write(&mut txn, &words);
                txn.commit();
            }
            ["compact", revision] => {
                let previous = compacted;
                compacted = revision.parse().unwrap();
                store.compact(compacted).unwrap();
                let job = store.begin_compaction_hash(previous, compacted).unwrap();
                stored = Some(job.run().unwrap());
                while compacting && !store.compact_step(3) {}
            }
            [kind @ ("hash" | "stored"), revision, hash, compacted, at] => {
                let found = match kind {
                    "hash" => {
                        let revision = revision.parse().unwrap();
                        let aside = match store.begin_hash(revision).unwrap() {
                            Hashing::Known(hash) => hash,
                            Hashing::Begun(job) => job.run().unwrap(),
                            Hashing::Busy => panic!("no checkpoint is under way"),
                        };
                        let found = store.hash_kv(revision).unwrap();
                        assert_eq!(aside, found, "line {}: {line}", number + 1);
                        found
                    }
                    _ => stored.unwrap(),
                };
                let found = (found.hash, found.compact_revision, found.hash_revision);
                let expected = (
                    hash.parse().unwrap(),
                    compacted.parse().unwrap(),
                    at.parse().unwrap(),
                );
                assert_eq!(found, expected, "line {}: {line}", number + 1);
                compared += 1;
            }
            ["revision", revision] => {
                assert_eq!(store.revision(), revision.parse::<i64>().unwrap())
            }
            _ => panic!("line {}: {line}", number + 1),
        }
        if number % checkpoint_every == checkpoint_every - 1 {
            let job = store.begin_checkpoint(Vec::new());
            store.finish_checkpoint(job.run().unwrap());
            store = Store::open(backend.clone(), options()).unwrap();
        }
    }
    assert!(compared > 50, "only {compared} hashes were compared");
}

#[test]
fn equals_etcds_when_all_is_in_memory() {
    replay(true, usize::MAX);
}

#[test]
fn equals_etcds_while_removal_is_pending() {
    replay(false, usize::MAX);
}

#[test]
fn equals_etcds_across_checkpoints() {
    for every in [1, 7, 50] {
        replay(true, every);
        replay(false, every);
    }
}

#[test]
fn a_compaction_at_revision_0_does_not_stand_for_the_newest() {
    let mut store = Store::open(Arc::new(MemoryBackend::new()), options()).unwrap();
    store.compact(0).unwrap();
    let hash = store.begin_compaction_hash(-1, 0).unwrap().run().unwrap();
    store.remember_hash(hash);
    assert_eq!(store.hash_kv(0).unwrap().hash_revision, 1);
}
