//! Identities, and logs that are forced into clusters of one. What was forced is carried out by the
//! state machine to see what comes of it.

use std::sync::Arc;

use super::*;
use crate::apply::machine::carry_out;
use crate::apply::{Effect, State};
use crate::backend::MemoryBackend;
use crate::mvcc::{Options, Store};
use crate::raft::{Change, Committed};

const TERM: u64 = 4;

fn member(id: u64) -> Member {
    Member {
        id,
        peer_urls: vec![format!("http://127.0.0.1:{id}")],
        ..Member::default()
    }
}

/// Three members that were the first of their cluster.
fn founded() -> Meta {
    Meta::first(&Identity {
        cluster_id: 7,
        member_id: 1,
        members: (1..=3).map(|id| pb::Member::from(&member(id))).collect(),
    })
}

fn change(index: u64, changes: &[MemberChange]) -> wal::Entry {
    let raft: Vec<Change> = changes.iter().filter_map(MemberChange::for_raft).collect();
    let command = Command::Membership(Membership::new(changes, 1)).encode(1);
    raft::change_entry(index, TERM, &raft, command)
}

fn put(index: u64) -> wal::Entry {
    let put = pb::PutRequest {
        key: format!("key {index}").into(),
        ..Default::default()
    };
    wal::Entry {
        index,
        term: TERM,
        kind: 0,
        data: Command::Put(put).encode(1),
    }
}

fn state(commit: u64) -> wal::HardState {
    wal::HardState {
        term: TERM,
        vote: 2,
        commit,
    }
}

/// Forces the log and carries it out; gives the state, and what raft was told at the end.
fn carried_out(
    own: u64,
    log: &[wal::Entry],
    commit: u64,
) -> (State, Vec<Vec<Change>>, Vec<wal::Entry>) {
    let forced = force(own, &founded(), log, state(commit)).unwrap();
    let kept = log.iter().filter(|entry| entry.index <= forced.kept);
    let all: Vec<wal::Entry> = kept.chain(&forced.entries).cloned().collect();
    assert_eq!(forced.hard_state, state(all.len() as u64));
    let store = Store::open(Arc::new(MemoryBackend::new()), Options::default()).unwrap();
    let mut state = founded().restore(store).unwrap();
    let mut effects = Vec::new();
    for (at, entry) in all.iter().enumerate() {
        assert_eq!((entry.index, entry.term), (at as u64 + 1, TERM));
        carry_out(&mut state, &Committed::read(entry), &mut effects);
    }
    let told = effects.into_iter().filter_map(|effect| match effect {
        Effect::Membership(changes) => Some(changes),
        _ => None,
    });
    (state, told.collect(), all)
}

fn ids(state: &State) -> Vec<u64> {
    state.members.iter().map(|member| member.id).collect()
}

/// What others say, in turn; how many were asked for is counted.
fn asked(config: &[&str], answers: &[Remote]) -> (Result<Identity, Error>, usize) {
    let args: Vec<String> = config.iter().map(|arg| (*arg).to_owned()).collect();
    let config = crate::config::parse(&args, &[]).result.unwrap();
    let heard = std::cell::Cell::new(0);
    let identity = identity(&config, &|urls, _, hear| {
        assert_eq!(urls, ["http://127.0.0.1:20", "http://127.0.0.1:30"]);
        for answer in answers {
            heard.set(heard.get() + 1);
            if hear(answer.clone()).is_break() {
                return;
            }
        }
    });
    (identity, heard.get())
}

const CLUSTER: &str =
    "--initial-cluster=a=http://127.0.0.1:10,b=http://127.0.0.1:20,c=http://127.0.0.1:30";
const NEW: [&str; 3] = [
    "--name=a",
    CLUSTER,
    "--initial-advertise-peer-urls=http://127.0.0.1:10",
];
const EXISTING: [&str; 3] = ["--name=a", CLUSTER, "--initial-cluster-state=existing"];

/// A cluster of members at these ports, begun by the one at 20.
fn remote(ports: &[u64]) -> Remote {
    Remote {
        cluster_id: 0xc1,
        members: ports.iter().map(|port| member(*port)).collect(),
        founders: vec![member(20)],
    }
}

#[test]
fn a_new_member_asks_one_of_the_others() {
    let (identity, _) = asked(&NEW, &[]);
    let identity = identity.unwrap();
    assert_eq!(identity.members.len(), 3);
    let (same, heard) = asked(&NEW, &[remote(&[20, 30]), remote(&[20])]);
    assert_eq!((same.unwrap(), heard), (identity.clone(), 1));
    let mut known = remote(&[10, 20, 30]);
    known.members[0].id = identity.member_id;
    known.members[0].client_urls = vec!["http://127.0.0.1:11".into()];
    let refused = asked(&NEW, &[known]).0.unwrap_err().to_string();
    let text = format!(
        "member {:x} has already been bootstrapped",
        identity.member_id
    );
    assert_eq!(refused, text);
}

#[test]
fn a_member_that_joins_asks_until_somebody_knows_it() {
    let answers = [remote(&[20, 30]), remote(&[10, 20, 30]), remote(&[20])];
    let (joined, heard) = asked(&EXISTING, &answers);
    let expected = Identity {
        cluster_id: 0xc1,
        member_id: 10,
        members: vec![pb::Member::from(&member(20))],
    };
    assert_eq!((joined.unwrap(), heard), (expected, 2));
    let refused = asked(&EXISTING, &answers[..1]).0.unwrap_err().to_string();
    assert!(
        refused.ends_with("]}: member count is unequal"),
        "{refused}"
    );
    let refused = asked(&EXISTING, &[]).0.unwrap_err().to_string();
    assert_eq!(
        refused,
        "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs"
    );
}

#[test]
fn the_others_are_removed_and_the_whole_log_is_kept() {
    let log = [put(1), put(2), put(3)];
    let (state, told, all) = carried_out(2, &log, 2);
    assert_eq!(ids(&state), [2]);
    assert_eq!(state.conf, Conf::of_voters([2]));
    assert!(state.members.is_removed(1) && state.members.is_removed(3));
    assert_eq!(told, [[Change::Remove(1)], [Change::Remove(3)]]);
    assert_eq!(all[..3], log);
    assert!(state.store.get(b"key 3").unwrap().is_some());
    // Forced again it is as it was.
    let again = force(2, &founded(), &all, self::state(all.len() as u64)).unwrap();
    assert_eq!((again.kept, again.entries), (all.len() as u64, vec![]));
}

#[test]
fn members_that_came_by_the_log_go_too() {
    let added = MemberChange::Add(Member {
        is_learner: true,
        ..member(5)
    });
    let refused = MemberChange::Add(Member {
        is_learner: true,
        ..member(6)
    });
    let log = [
        change(1, &[added]),
        change(2, &[refused]),
        change(3, &[MemberChange::Remove(3)]),
    ];
    let (state, told, _) = carried_out(1, &log, 3);
    assert_eq!(ids(&state), [1]);
    assert_eq!(told[2..], [[Change::Remove(2)], [Change::Remove(5)]]);
    // The learner itself may be what is left.
    let (state, told, _) = carried_out(5, &log, 3);
    assert_eq!(state.conf, Conf::of_voters([5]));
    assert_eq!(told[2], [Change::AddVoter(5)]);
}

#[test]
fn a_joint_configuration_is_left_first() {
    let swap = [MemberChange::Remove(3), MemberChange::Add(member(4))];
    let log = [change(1, &swap), put(2)];
    let (state, _, all) = carried_out(1, &log, 2);
    assert_eq!(state.conf, Conf::of_voters([1]));
    assert_eq!(raft::read_entry(&all[2]).0, Kind::Leave);
    let left = [
        log[0].clone(),
        raft::change_entry(2, TERM, &[], bytes::Bytes::new()),
    ];
    let (state, _, all) = carried_out(1, &left, 2);
    assert_eq!(state.conf, Conf::of_voters([1]));
    assert_eq!(raft::read_entry(&all[2]).0, Kind::Change);
}

#[test]
fn what_a_checkpoint_holds_is_committed() {
    let meta = Meta {
        applied_index: 9,
        ..founded()
    };
    // The commit index was not written since.
    let forced = force(1, &meta, [], state(3)).unwrap();
    assert_eq!(forced.kept, 9);
    assert_eq!(forced.entries[0].index, 10);
    assert_eq!(forced.hard_state, state(11));
}

#[test]
fn who_was_removed_cannot_go_on() {
    let log = [change(1, &[MemberChange::Remove(1)])];
    let refused = force(1, &founded(), &log, state(1)).unwrap_err();
    assert!(matches!(refused, Error::Removed(1)), "{refused}");
    // A removal that may never have been agreed on does not count, nor does what comes after it.
    let log = [put(1), change(2, &[MemberChange::Remove(1)]), put(3)];
    let (state, _, all) = carried_out(1, &log, 1);
    assert_eq!((ids(&state), all.len()), (vec![1], 3));
}
