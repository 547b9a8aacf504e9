//! Records that come in pieces from several views, of members that compact at different times, make
//! the same store.

use std::sync::Arc;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::backend::MemoryBackend;
use crate::mvcc::{Intake, IntakeError, Options, Piece, Pieces, PutOptions, Revision, Roll, Store};

/// A member: it carries out the common history up to some point, and cleans up when it likes.
struct Member {
    store: Store,
    done: usize,
}

#[derive(Debug, Clone)]
enum Command {
    Put(Vec<(u8, usize, i64)>),
    Delete(u8, u8),
    Compact(i64),
}

impl Member {
    fn new(chunk_bytes: usize, inline_bytes_max: usize) -> Self {
        let options = Options {
            chunk_bytes,
            inline_bytes_max,
            ..Options::default()
        };
        Self {
            store: Store::open(Arc::new(MemoryBackend::new()), options).unwrap(),
            done: 0,
        }
    }

    fn catch_up(&mut self, history: &[Command]) {
        for command in &history[self.done..] {
            match command {
                Command::Put(puts) => {
                    let mut txn = self.store.begin();
                    for (key, length, lease) in puts {
                        let value = vec![*key; *length].into();
                        txn.put(name(*key), value, *lease, PutOptions::default())
                            .unwrap();
                    }
                    txn.commit();
                }
                Command::Delete(from, to) => {
                    let mut txn = self.store.begin();
                    txn.delete_range(&name(*from), &name(*to), false).unwrap();
                    txn.commit();
                }
                // Too far back: all members find so.
                Command::Compact(revision) => drop(self.store.compact(*revision)),
            }
        }
        self.done = history.len();
    }

    fn clean(&mut self, rng: &mut StdRng) {
        if rng.random_bool(0.5) {
            self.store.compact_step(rng.random_range(1..20));
        }
        if rng.random_bool(0.3) {
            while !self.store.compact_step(100) {}
        }
        if rng.random_bool(0.5) {
            checkpoint(&mut self.store);
        }
    }
}

fn name(key: u8) -> Bytes {
    format!("key-{key:03}").into()
}

fn checkpoint(store: &mut Store) {
    let done = store.begin_checkpoint(Vec::new()).run().unwrap();
    store.finish_checkpoint(done);
}

fn random_command(rng: &mut StdRng, revision: i64) -> Command {
    let key = |rng: &mut StdRng| rng.random_range(0..30);
    match rng.random_range(0..20) {
        0..13 => {
            let count = *[1, 1, 1, 2, 3].choose(rng).unwrap();
            let put = |rng: &mut StdRng| {
                let length = *[0, 5, 40, 300].choose(rng).unwrap();
                (key(rng), length, *[0, 0, 7, -3].choose(rng).unwrap())
            };
            Command::Put((0..count).map(|_| put(rng)).collect())
        }
        13..18 => {
            let from = key(rng);
            Command::Delete(from, from + rng.random_range(1..4))
        }
        _ => Command::Compact(revision - rng.random_range(0..10)),
    }
}

/// What a view says of itself.
#[derive(Clone, Copy)]
struct Said {
    compacted: i64,
    is_compacting: bool,
}

/// Sends from a view until `budget` is spent; whether all was sent.
fn transfer(
    member: &mut Member,
    intake: &mut Intake,
    before: &mut Option<Said>,
    mut budget: usize,
) -> bool {
    let view = member.store.begin_export().unwrap();
    let said = Said {
        compacted: view.compact_revision(),
        is_compacting: view.is_compacting(),
    };
    let mut pieces = Pieces::new(view, intake.last());
    let is_settled =
        before.is_some_and(|before| before.compacted == said.compacted && !before.is_compacting);
    if before.is_some() && !is_settled {
        intake.begin_roll();
        while let Some(roll) = pieces.next_roll().unwrap() {
            if budget == 0 {
                return false;
            }
            budget -= 1;
            intake.call(&roll).unwrap();
        }
        assert!(intake.is_roll_complete());
    }
    *before = Some(said);
    while let Some(piece) = pieces.next_piece().unwrap() {
        if budget == 0 {
            return false;
        }
        budget -= 1;
        intake.take(&piece).unwrap();
    }
    true
}

fn open(backend: Arc<MemoryBackend>) -> Store {
    Store::open(backend, Options::default()).unwrap()
}

fn assert_same(ours: &mut Store, theirs: &mut Store, what: &str) {
    assert_eq!(ours.revision(), theirs.revision(), "{what}");
    assert_eq!(ours.compact_revision(), theirs.compact_revision(), "{what}");
    assert_eq!(ours.key_count(), theirs.key_count(), "{what}");
    let hashes = |store: &Store| -> Vec<_> {
        let from = store.compact_revision().max(1);
        let all = from..=store.revision();
        all.map(|revision| store.hash_kv(revision).unwrap())
            .collect()
    };
    assert_eq!(hashes(ours), hashes(theirs), "{what}");
    while !ours.compact_step(100) {}
    while !theirs.compact_step(100) {}
    assert_eq!(hashes(ours), hashes(theirs), "{what}, cleaned");
    assert_eq!(ours.live_bytes(), theirs.live_bytes(), "{what}, cleaned");
    let sorted = |store: &mut Store| {
        let mut leases = store.take_leased_keys();
        leases.sort();
        leases
    };
    let reopened = |store: &mut Store| {
        checkpoint(store);
        Store::open(store.backend.clone(), Options::default()).unwrap()
    };
    let (mut ours, mut theirs) = (reopened(ours), reopened(theirs));
    assert_eq!(sorted(&mut ours), sorted(&mut theirs), "{what}, reopened");
    assert_eq!(hashes(&ours), hashes(&theirs), "{what}, reopened");
}

/// Random histories, carried out by three members that compact and save as they like; the transfer
/// breaks at random places, while history goes on, and resumes from any member.
#[test]
fn interrupted_transfers_end_with_the_same_store() {
    let rounds: u64 = 200;
    let seed: u64 = rand::rng().random();
    let mut resumed = 0;
    for round in 0..rounds {
        let seed = seed.wrapping_add(round);
        let what = format!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let chunk_bytes = *[1, 200, 600, 3000].choose(&mut rng).unwrap();
        let mut members: Vec<Member> = (0..3).map(|_| Member::new(chunk_bytes, 2_000)).collect();
        let mut history = Vec::new();
        let backend = Arc::new(MemoryBackend::new());
        let mut intake = Intake::new(backend.clone());
        let mut before = None;
        let last = loop {
            for _ in 0..rng.random_range(0..60) {
                let newest = members.iter().map(|m| m.store.revision()).max().unwrap();
                history.push(random_command(&mut rng, newest));
                for member in &mut members {
                    if rng.random_bool(0.4) {
                        member.catch_up(&history);
                        member.clean(&mut rng);
                    }
                }
            }
            // A leader has applied what any member has.
            let leader = rng.random_range(0..members.len());
            members[leader].catch_up(&history);
            members[leader].clean(&mut rng);
            let budget = *[0, 1, 3, 10, 1000].choose(&mut rng).unwrap();
            if transfer(&mut members[leader], &mut intake, &mut before, budget) {
                break leader;
            }
            resumed += 1;
        };
        let leader = &mut members[last].store;
        let compacted = leader.compact_revision();
        intake
            .finish(leader.revision(), compacted, Vec::new())
            .unwrap();
        assert_same(leader, &mut open(backend), &what);
    }
    assert!(resumed > rounds / 4, "only {resumed} were interrupted");
}

/// The key whose deletion was compacted between two views must not live on.
#[test]
fn a_compacted_deletion_is_not_forgotten() {
    let mut member = Member::new(1, 2_000);
    let mut history = vec![
        Command::Put(vec![(1, 5, 0)]),
        Command::Put(vec![(2, 5, 0)]),
        Command::Put(vec![(3, 5, 0)]),
    ];
    member.catch_up(&history);
    let backend = Arc::new(MemoryBackend::new());
    let mut intake = Intake::new(backend.clone());
    let mut before = None;
    assert!(!transfer(&mut member, &mut intake, &mut before, 2));
    assert_eq!(intake.last(), Revision { main: 3, sub: 0 });
    history.push(Command::Delete(1, 2));
    history.push(Command::Put(vec![(4, 5, 0)]));
    history.push(Command::Compact(6));
    member.catch_up(&history);
    while !member.store.compact_step(10) {}
    assert!(transfer(&mut member, &mut intake, &mut before, 1000));
    intake.finish(6, 6, Vec::new()).unwrap();
    let mut theirs = open(backend);
    assert_eq!(theirs.get(&name(1)).unwrap(), None);
    assert_eq!(theirs.key_count(), 3);
    assert_same(&mut member.store, &mut theirs, "by hand");
}

fn two_pieces() -> (Piece, Piece) {
    let mut member = Member::new(1, 2_000);
    member.catch_up(&[
        Command::Put(vec![(1, 5, 9)]),
        Command::Put(vec![(2, 50, 0)]),
    ]);
    let view = member.store.begin_export().unwrap();
    let mut pieces = Pieces::new(view, Revision::default());
    let mut next = || pieces.next_piece().unwrap().unwrap();
    (next(), next())
}

fn refusal(result: Result<impl std::fmt::Debug, IntakeError>) -> String {
    match result.unwrap_err() {
        IntakeError::Refused(what) => what,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_damaged_or_out_of_order_is_refused() {
    let (first, second) = two_pieces();
    let mut intake = Intake::new(Arc::new(MemoryBackend::new()));
    for part in 0..2 {
        let entry = if part == 0 {
            &first.headers
        } else {
            &first.values
        };
        for at in 0..entry.len() {
            let mut damaged = entry.to_vec();
            damaged[at] ^= 1 << (at % 8);
            let mut piece = first.clone();
            match part {
                0 => piece.headers = damaged.into(),
                _ => piece.values = damaged.into(),
            }
            let text = refusal(intake.take(&piece));
            assert!(text.contains("checksum does not match"), "{text}");
        }
    }
    let mixed = Piece {
        headers: first.headers.clone(),
        values: second.values.clone(),
    };
    assert!(refusal(intake.take(&mixed)).contains("disagree"));
    intake.take(&second).unwrap();
    for late in [&first, &second] {
        assert!(refusal(intake.take(late)).contains("does not follow"));
    }
    assert!(refusal(intake.finish(2, -1, Vec::new())).contains("do not fit"));
}

#[test]
fn a_roll_call_that_cannot_be_is_refused() {
    let (first, second) = two_pieces();
    let mut intake = Intake::new(Arc::new(MemoryBackend::new()));
    intake.take(&first).unwrap();
    intake.take(&second).unwrap();
    let roll = |main, present: &[u8]| Roll {
        upto: Revision { main, sub: 0 },
        present: present.to_vec().into(),
    };
    for wrong in [
        roll(4, &[0]),
        roll(0, &[0]),
        roll(3, &[]),
        roll(3, &[2, 2, 0]),
        roll(3, &[1, 4, 0]),
        roll(3, &[1, 2, 0, 9]),
        roll(3, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    ] {
        intake.begin_roll();
        refusal(intake.call(&wrong));
    }
    intake.begin_roll();
    intake.call(&roll(3, &[1, 3, 0])).unwrap();
    refusal(intake.call(&roll(3, &[0])));
    assert!(intake.is_roll_complete());
}
