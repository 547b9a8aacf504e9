use std::sync::Arc;

use parking_lot::RwLock;
use proto::etcdserverpb as pb;

use super::*;
use crate::auth::Caller;
use crate::backend::MemoryBackend;
use crate::command::{Assign, AuthChange};
use crate::mvcc::{Options, Store};

fn machine() -> (Machine, Arc<MemoryBackend>) {
    let backend = Arc::new(MemoryBackend::new());
    let store = Store::open(backend.clone(), Options::default()).unwrap();
    let state = Meta::default().restore(store).unwrap();
    let machine = Machine::new(Arc::new(RwLock::new(state)), 0, None);
    (machine, backend)
}

fn apply(machine: &mut Machine, commands: Vec<Command>) -> Applied {
    let next = machine.state.read().applied.0 + 1;
    let entries = (next..).zip(commands).map(|(index, command)| Committed {
        index,
        term: 1,
        kind: Kind::Command,
        data: command.encode(index),
        position: None,
        waiter: None,
    });
    machine.apply(entries.collect())
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

/// root is in charge and has shown its password.
fn logged_in() -> Vec<Command> {
    let changes = [
        AuthChange::UserAdd(pb::AuthUserAddRequest {
            name: "root".into(),
            ..Default::default()
        }),
        AuthChange::UserGrantRole(pb::AuthUserGrantRoleRequest {
            user: "root".into(),
            role: "root".into(),
        }),
        AuthChange::Enable(pb::AuthEnableRequest {}),
        AuthChange::Assign(Assign {
            user: "root".into(),
            letters: "abc".into(),
        }),
    ];
    let commands = changes
        .into_iter()
        .map(|change| Command::Auth(change.into()));
    commands.collect()
}

#[test]
fn a_token_of_the_past_is_not_told() {
    let assigned = Effect::Auth(Notice::Assigned {
        user: "root".into(),
        token: "abc.4".into(),
    });
    let enabled = || Effect::Auth(Notice::Enabled(true));
    let (mut present, _) = machine();
    assert_eq!(
        apply(&mut present, logged_in()).effects,
        [enabled(), assigned]
    );
    let (mut past, _) = machine();
    past.replay_end = 4;
    assert_eq!(apply(&mut past, logged_in()).effects, [enabled()]);
}

#[test]
fn who_may_do_what_outlives_a_restart() {
    let (mut machine, backend) = machine();
    apply(&mut machine, logged_in());
    let meta = Meta::of(&machine.state.read());
    let kept = Meta::decode(meta.encode_to_vec().as_slice()).unwrap();
    let store = Store::open(backend, Options::default()).unwrap();
    let state = kept.restore(store).unwrap();
    assert_eq!(state.auth, machine.state.read().auth);
    assert!(state.auth.is_enabled());
}

#[test]
fn a_command_is_refused_to_who_may_not_ask_for_it() {
    let (mut machine, _) = machine();
    apply(&mut machine, logged_in());
    let mut tell = |caller: &Caller, command: Command| {
        let next = machine.state.read().applied.0 + 1;
        let (waiter, mut answer) = tokio::sync::oneshot::channel();
        let entry = Committed {
            index: next,
            term: 1,
            kind: Kind::Command,
            data: command.encode_by(caller, next),
            position: None,
            waiter: Some(waiter),
        };
        for (waiter, outcome) in machine.apply(vec![entry]).answers {
            let _ = waiter.send(Ok(outcome));
        }
        let outcome = answer.try_recv().unwrap().unwrap();
        outcome.map_err(|error| error.to_string())
    };
    let revision = 3;
    let user = "root".to_owned();
    let root = Caller { user, revision };
    assert!(tell(&root, put("1")).is_ok());
    let nobody = Caller::default();
    assert_eq!(tell(&nobody, put("2")), Err("user name is empty".into()));
    let add = |name: &str| {
        let name = name.to_owned();
        Command::Auth(AuthChange::RoleAdd(pb::AuthRoleAddRequest { name }).into())
    };
    assert_eq!(tell(&nobody, add("r")), Err("user name is empty".into()));
    assert!(tell(&root, add("r")).is_ok());
    let old = "revision of auth store is old".to_owned();
    assert_eq!(tell(&root, put("3")), Err(old));
    // What members tell each other asks nobody.
    assert!(tell(&nobody, Command::Publish(pb::Member::default())).is_ok());
}
