//! Lock and Election.

use proto::mvccpb::KeyValue;
use proto::v3electionpb::{
    CampaignRequest, LeaderKey, LeaderRequest, ProclaimRequest, ResignRequest,
};
use proto::v3lockpb::{LockRequest, UnlockRequest};
use tonic::Code::Unknown;

use super::build::{bytes, first, get, grant, keys, put, range, revision, revoke};
use super::{Case, blocks, holds, refused};
use crate::ids::PICKED;
use crate::reply::Reply;
use crate::step::Step;

fn lock(name: &str, lease: i64, waits: bool) -> Step {
    Step::Lock {
        request: LockRequest {
            name: bytes(name),
            lease,
        },
        waits,
    }
}

fn unlock(key: &str) -> Step {
    Step::Unlock(UnlockRequest { key: bytes(key) })
}

fn campaign(name: &str, lease: i64, value: &str, waits: bool) -> Step {
    Step::Campaign {
        request: CampaignRequest {
            name: bytes(name),
            lease,
            value: bytes(value),
        },
        waits,
    }
}

fn leader(name: &str) -> Step {
    Step::Leader(LeaderRequest { name: bytes(name) })
}

fn observe(name: &str) -> Step {
    Step::Observe(LeaderRequest { name: bytes(name) })
}

/// What a campaign of lease 7 for "e" gave, when it was made at this revision.
fn seven(rev: i64) -> LeaderKey {
    LeaderKey {
        name: bytes("e"),
        key: bytes("e/7"),
        rev,
        lease: 7,
    }
}

fn proclaim(leader: Option<LeaderKey>, value: &str) -> Step {
    Step::Proclaim(ProclaimRequest {
        leader,
        value: bytes(value),
    })
}

fn resign(leader: Option<LeaderKey>) -> Step {
    Step::Resign(ResignRequest { leader })
}

fn count(prefix: &str, count: i64) -> Step {
    Step::AwaitCount {
        prefix: prefix.into(),
        count,
    }
}

fn locked(reply: &Reply, key: &str) -> bool {
    matches!(reply, Reply::Lock(reply) if reply.key == key)
}

fn leads(reply: &Reply) -> KeyValue {
    match reply {
        Reply::Leader(reply) => reply.kv.clone().unwrap_or_default(),
        other => panic!("not a leader: {other:?}"),
    }
}

const NO_LEADER: &str = "election: no leader";
const NO_LEADER_KEY: &str = "\"leader\" field must be provided";
const NO_LEASE: &str = "etcdserver: requested lease not found";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = locks();
    cases.extend(campaigns());
    cases.extend(reigns());
    cases
}

#[rustfmt::skip]
fn locks() -> Vec<Case> {
    vec![
        holds("a lock is a key of its name and lease", |_| vec![grant(26, 1000), lock("l", 26, false)], |reply, r| locked(reply, "l/1a") && revision(reply) == r + 1),
        holds("the key is empty and under the lease", |_| vec![grant(26, 1000), lock("l", 26, false), get("l/1a")], |reply, _| first(reply).lease == 26 && first(reply).value.is_empty()),
        holds("lock 0 makes a lease of 60 s", |_| vec![lock("p", PICKED + 1, false), super::build::time_to_live(PICKED + 1)], |reply, _| matches!(reply, Reply::TimeToLive(reply) if reply.granted_ttl == 60 && reply.keys.len() == 1)),
        holds("the same lease locks again without a new key", |_| vec![grant(26, 1000), lock("l", 26, false), lock("l", 26, false)], |reply, r| locked(reply, "l/1a") && revision(reply) == r + 1),
        blocks("another lease waits", |_| vec![grant(26, 1000), grant(27, 1000), lock("l", 26, false), lock("l", 27, true)]),
        holds("a waiter that gives up leaves no key", |_| vec![grant(26, 1000), grant(27, 1000), lock("l", 26, false), lock("l", 27, true), range("l", "m")], |reply, r| keys(reply) == ["l/1a"] && revision(reply) == r + 3),
        holds("an unlock lets the waiter in", |_| vec![grant(26, 1000), grant(27, 1000), lock("l", 26, false), Step::Start(Box::new(lock("l", 27, true))), count("l/", 2), unlock("l/1a"), Step::Join], |reply, _| locked(reply, "l/1b")),
        holds("so does the end of the holder's lease", |_| vec![grant(26, 1000), grant(27, 1000), lock("l", 26, false), Step::Start(Box::new(lock("l", 27, true))), count("l/", 2), revoke(26), Step::Join], |reply, _| locked(reply, "l/1b")),
        holds("an unlock deletes the key", |_| vec![grant(26, 1000), lock("l", 26, false), unlock("l/1a"), get("l/1a")], |reply, _| keys(reply).is_empty()),
        holds("an unlock of a key that is not there is fine", |_| vec![unlock("l/99")], |reply, r| revision(reply) == r),
        refused("an unlock without a key loses its code", |_| vec![unlock("")], Unknown, "etcdserver: key is not provided"),
        refused("a lock under an unknown lease loses its code", |_| vec![lock("l", 99, false)], Unknown, NO_LEASE),
        holds("a lock without a name is a key", |_| vec![grant(26, 1000), lock("", 26, false)], |reply, _| locked(reply, "/1a")),
        holds("a negative lease stands in the key with its sign", |_| vec![grant(-26, 1000), lock("l", -26, false)], |reply, _| locked(reply, "l/-1a")),
        holds("a key below the name that is no lock is waited for too, unless it is newer", |_| vec![grant(26, 1000), lock("l", 26, false), put("l/zz", "x"), lock("l", 26, false)], |reply, _| locked(reply, "l/1a")),
    ]
}

#[rustfmt::skip]
fn campaigns() -> Vec<Case> {
    vec![
        holds("a campaign gives the leader's key", |_| vec![grant(7, 1000), campaign("e", 7, "x", false)], |reply, r| matches!(reply, Reply::Campaign(reply) if reply.leader == Some(seven(r + 1)))),
        holds("the value is the proposal", |_| vec![grant(7, 1000), campaign("e", 7, "x", false), get("e/7")], |reply, _| first(reply).value == "x" && first(reply).lease == 7),
        holds("a campaign of the leader proclaims its value", |_| vec![grant(7, 1000), campaign("e", 7, "x", false), campaign("e", 7, "y", false), get("e/7")], |reply, r| first(reply).value == "y" && first(reply).create_revision == r + 1),
        blocks("another campaign waits", |_| vec![grant(7, 1000), grant(8, 1000), campaign("e", 7, "x", false), campaign("e", 8, "y", true)]),
        holds("a resignation lets it lead", |r| vec![grant(7, 1000), grant(8, 1000), campaign("e", 7, "x", false), Step::Start(Box::new(campaign("e", 8, "y", true))), count("e/", 2), resign(Some(seven(r + 1))), Step::Join],
            |reply, r| matches!(reply, Reply::Campaign(reply) if reply.leader.as_ref().is_some_and(|leader| leader.key == "e/8" && leader.rev == r + 2))),
        refused("a campaign under an unknown lease", |_| vec![campaign("e", 99, "x", false)], Unknown, NO_LEASE),
    ]
}

#[rustfmt::skip]
fn reigns() -> Vec<Case> {
    vec![
        refused("nobody leads at first", |_| vec![leader("e")], Unknown, NO_LEADER),
        refused("an election without a name", |_| vec![leader("")], Unknown, NO_LEADER),
        holds("the leader is told", |_| vec![grant(7, 1000), campaign("e", 7, "x", false), leader("e")], |reply, _| leads(reply).key == "e/7" && leads(reply).value == "x"),
        holds("a proclamation changes the value", |r| vec![grant(7, 1000), campaign("e", 7, "x", false), proclaim(Some(seven(r + 1)), "y"), leader("e")], |reply, _| leads(reply).value == "y"),
        refused("a proclamation without a leader", |_| vec![proclaim(None, "y")], Unknown, NO_LEADER_KEY),
        refused("a proclamation with another revision", |r| vec![grant(7, 1000), campaign("e", 7, "x", false), proclaim(Some(seven(r + 9)), "y")], Unknown, "election: not leader"),
        holds("a resignation ends the reign", |r| vec![grant(7, 1000), campaign("e", 7, "x", false), resign(Some(seven(r + 1))), get("e/7")], |reply, _| keys(reply).is_empty()),
        refused("a resignation without a leader", |_| vec![resign(None)], Unknown, NO_LEADER_KEY),
        holds("a resignation with another revision does nothing", |r| vec![grant(7, 1000), campaign("e", 7, "x", false), resign(Some(seven(r + 9))), get("e/7")], |reply, _| keys(reply) == ["e/7"]),
        holds("an observer is told the leader at once", |_| vec![grant(7, 1000), campaign("e", 7, "x", false), observe("e")], |reply, _| leads(reply).value == "x"),
        blocks("an observer waits for a leader", |_| vec![observe("e")]),
        holds("an observer that waits is told the next leader", |_| vec![grant(7, 1000), Step::Start(Box::new(observe("e"))), count("e", 0), campaign("e", 7, "x", false), Step::Join], |reply, _| leads(reply).key == "e/7"),
    ]
}
