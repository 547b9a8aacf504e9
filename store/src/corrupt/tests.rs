//! The rules, case by case.

use super::*;

const NOBODY: [u64; 0] = [];

const OWN: u64 = 1;

fn hash(hash_revision: i64, compact_revision: i64, hash: u32) -> HashKv {
    HashKv {
        hash,
        compact_revision,
        hash_revision,
    }
}

fn peer(id: u64, revision: i64, compact_revision: i64, hash: u32) -> Peer {
    let answer = Answer {
        revision,
        hash,
        compact_revision,
    };
    Peer {
        id,
        answer: Some(answer),
    }
}

fn silent(id: u64) -> Peer {
    Peer { id, answer: None }
}

fn differ(own: HashKv, peers: &[Peer]) -> Vec<u64> {
    let found = initial(&own, peers);
    found.into_iter().map(|(id, _)| id).collect()
}

#[test]
fn who_starts_differs_only_at_the_same_compact_revision() {
    let own = hash(9, 4, 7);
    assert_eq!(differ(own, &[]), NOBODY);
    assert_eq!(differ(own, &[peer(2, 9, 4, 7), silent(3)]), NOBODY);
    assert_eq!(
        differ(own, &[peer(2, 9, 5, 8)]),
        NOBODY,
        "compacted further"
    );
    assert_eq!(differ(own, &[peer(2, 9, 4, 7), peer(3, 12, 4, 8)]), [3]);
}

#[test]
fn the_leader_finds_who_differs() {
    let found = |after, peers: &[Peer]| periodic(OWN, &hash(9, 4, 7), &after, peers);
    let steady = hash(9, 4, 7);
    assert_eq!(found(steady, &[]), []);
    assert_eq!(found(steady, &[peer(2, 9, 4, 7), silent(3)]), []);
    assert_eq!(
        found(steady, &[peer(2, 9, 4, 8), peer(3, 9, 4, 9)]),
        [(2, Fault::Differs), (3, Fault::Differs)]
    );
    let behind = peer(2, 9, 3, 8);
    assert_eq!(found(steady, &[behind]), [], "an older compaction");
    let ahead = peer(2, 10, 4, 7);
    assert_eq!(found(steady, &[ahead]), [(2, Fault::Ahead)]);
    assert_eq!(found(hash(10, 4, 8), &[ahead]), [], "the leader followed");
    let compacted = peer(2, 9, 5, 8);
    assert_eq!(found(steady, &[compacted]), [(2, Fault::CompactedAhead)]);
    assert_eq!(found(hash(9, 5, 8), &[compacted]), []);
}

#[test]
fn the_leader_itself_may_be_unsteady() {
    let found = |after| periodic(OWN, &hash(9, 4, 7), &after, &[peer(2, 9, 4, 7)]);
    assert_eq!(found(hash(9, 4, 8)), [(OWN, Fault::Unsteady)]);
    assert_eq!(found(hash(10, 4, 8)), [], "there was a write");
    assert_eq!(found(hash(9, 5, 8)), [], "there was a compaction");
}

#[test]
fn of_a_compaction_the_majority_is_right() {
    let verdict = |peers: &[Peer]| compaction(OWN, &hash(9, 4, 7), peers);
    let (same, other) = (|id| peer(id, 20, 4, 7), |id| peer(id, 20, 4, 8));
    let corrupt = |members: &[u64], hashes: &[(u32, &[u64])]| Verdict::Corrupt {
        members: members.to_vec(),
        hashes: hashes
            .iter()
            .map(|(hash, members)| (*hash, members.to_vec()))
            .collect(),
    };
    assert_eq!(verdict(&[same(2), same(3)]), Verdict::Agreed);
    let incomplete = Verdict::Incomplete { checked: 1 };
    assert_eq!(verdict(&[same(2), silent(3)]), incomplete);
    let elsewhere = peer(3, 20, 5, 9);
    assert_eq!(verdict(&[same(2), elsewhere]), incomplete);
    assert_eq!(verdict(&[same(2), other(3)]), corrupt(&[3], &[(8, &[3])]));
    assert_eq!(
        verdict(&[other(2), other(3)]),
        corrupt(&[OWN], &[(7, &[OWN])]),
        "the leader itself"
    );
    let third = peer(3, 20, 4, 9);
    assert_eq!(
        verdict(&[other(2), third]),
        corrupt(&[0], &[(7, &[OWN]), (8, &[2]), (9, &[3])])
    );
    assert_eq!(
        verdict(&[other(2), silent(3)]),
        corrupt(&[0], &[(7, &[OWN]), (8, &[2])]),
        "who is silent counts as a member"
    );
    assert_eq!(
        verdict(&[other(2)]),
        corrupt(&[0], &[(7, &[OWN]), (8, &[2])]),
        "one against one"
    );
    assert_eq!(
        verdict(&[same(2), other(3), other(4)]),
        corrupt(&[0], &[(7, &[OWN, 2]), (8, &[3, 4])]),
        "two against two"
    );
}

#[test]
fn the_newest_compactions_come_first() {
    let hashes = vec![hash(3, -1, 1), hash(9, 5, 3), hash(5, 3, 2)];
    let revisions = |checked| {
        let left = unchecked(hashes.clone(), checked).into_iter();
        left.map(|hash| hash.hash_revision).collect::<Vec<_>>()
    };
    assert_eq!(revisions(0), [9, 5, 3]);
    assert_eq!(revisions(3), [9, 5]);
    assert_eq!(revisions(9), [0_i64; 0]);
}
