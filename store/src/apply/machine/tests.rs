use std::sync::Arc;

use parking_lot::RwLock;
use proto::etcdserverpb as pb;

use super::*;
use crate::backend::MemoryBackend;
use crate::mvcc::{Options, Store};

fn machine() -> (Machine, Arc<MemoryBackend>) {
    let backend = Arc::new(MemoryBackend::new());
    let store = Store::open(backend.clone(), Options::default()).unwrap();
    let state = Meta::default().restore(store).unwrap();
    let machine = Machine::new(Arc::new(RwLock::new(state)), 0, None);
    (machine, backend)
}

fn apply(machine: &mut Machine, commands: Vec<Command>) {
    let next = machine.state.read().applied.0 + 1;
    let entries = (next..).zip(commands).map(|(index, command)| Committed {
        index,
        term: 1,
        kind: Kind::Command,
        data: command.encode(index),
        position: None,
        waiter: None,
    });
    machine.apply(entries.collect());
}

fn put(value: &'static str) -> Command {
    Command::Put(pb::PutRequest {
        key: "a".into(),
        value: value.into(),
        ..Default::default()
    })
}

fn compact(revision: i64) -> Command {
    let physical = true;
    Command::Compact(pb::CompactionRequest { revision, physical })
}

#[test]
fn a_compaction_ends_when_its_hash_is_known() {
    let (mut machine, _) = machine();
    while machine.compact() != Compaction::Done {}
    apply(&mut machine, vec![put("1"), put("2"), compact(3)]);
    assert_eq!(machine.compact(), Compaction::Idle, "no hash was begun");
    let job = machine.begin_hash().unwrap();
    assert_eq!(machine.compact(), Compaction::Idle);
    assert!(machine.is_compacting() && machine.is_hash_waiting());
    let expected = job.run().unwrap();
    machine.hashed(Some(expected));
    assert_eq!(machine.compact(), Compaction::Done);
    assert!(!machine.is_compacting() && !machine.is_hash_waiting());
    let found = machine.state.read().store.hash_kv(3).unwrap();
    assert_eq!((found, found.compact_revision), (expected, -1));
}

#[test]
fn a_hash_that_fails_does_not_hold_up_the_compaction() {
    let (mut machine, _) = machine();
    apply(&mut machine, vec![put("1"), put("2"), compact(3)]);
    drop(machine.begin_hash().unwrap());
    assert_eq!(machine.compact(), Compaction::Idle);
    machine.hashed(None);
    assert_eq!(machine.compact(), Compaction::Done);
}

#[test]
fn only_a_failed_checkpoint_is_tried_again() {
    let (mut machine, backend) = machine();
    machine.checkpoint_entries = Some(2);
    apply(&mut machine, vec![put("1")]);
    assert!(machine.begin_checkpoint().is_none(), "too little was done");
    assert!(machine.retry_checkpoint().is_none(), "nothing has failed");
    apply(&mut machine, vec![put("2")]);
    let (job, _) = machine.begin_checkpoint().unwrap();
    assert!(machine.retry_checkpoint().is_none(), "one is under way");
    backend.fail_after(Some(0));
    assert!(!machine.checkpointed(job.run()));
    assert!(machine.checkpoint_has_failed());
    assert!(
        machine.begin_checkpoint().is_none(),
        "nothing was done since"
    );
    let (job, mark) = machine.retry_checkpoint().unwrap();
    assert_eq!(mark.index, 2);
    backend.fail_after(None);
    assert!(machine.checkpointed(job.run()));
    assert!(!machine.checkpoint_has_failed());
    assert!(machine.retry_checkpoint().is_none(), "it went well");
}

#[test]
fn a_checkpoint_that_cannot_be_carried_out_has_failed() {
    let (mut machine, _) = machine();
    machine.checkpoint_entries = Some(1);
    apply(&mut machine, vec![put("1")]);
    drop(machine.begin_checkpoint().unwrap());
    machine.give_up_checkpoint();
    assert!(machine.checkpoint_has_failed());
    assert!(machine.retry_checkpoint().is_some());
}
