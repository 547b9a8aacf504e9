//! Leases that do not end by themselves.

use tonic::Code::{FailedPrecondition, NotFound, OutOfRange};

use super::build::{bytes, get, grant, keys, put, put_with, revision, revoke, time_to_live};
use super::{Case, holds, refused};
use crate::ids::PICKED;
use crate::reply::Reply;
use crate::step::Step;

const MAX_TTL: i64 = 9_000_000_000;

fn granted(reply: &Reply) -> (i64, i64) {
    match reply {
        Reply::Grant(reply) => (reply.id, reply.ttl),
        other => panic!("not a grant: {other:?}"),
    }
}

/// (TTL, granted TTL, keys)
fn left(reply: &Reply) -> (i64, i64, usize) {
    match reply {
        Reply::TimeToLive(reply) => (reply.ttl, reply.granted_ttl, reply.keys.len()),
        other => panic!("not a time to live: {other:?}"),
    }
}

fn kept(reply: &Reply) -> Vec<(i64, i64)> {
    match reply {
        Reply::KeepAlive(replies) => replies.iter().map(|reply| (reply.id, reply.ttl)).collect(),
        other => panic!("not a keepalive: {other:?}"),
    }
}

fn attached(key: &str, lease: i64) -> Step {
    let mut step = put(key, "v");
    if let Step::Put(request) = &mut step {
        request.lease = lease;
    }
    step
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = grants();
    cases.extend(lives());
    cases
}

#[rustfmt::skip]
fn grants() -> Vec<Case> {
    vec![
        holds("a grant leaves the revision", |_| vec![grant(7, 1000)], |reply, r| granted(reply) == (7, 1000) && revision(reply) == r),
        holds("the server picks an id for 0", |_| vec![grant(PICKED + 1, 1000)], |reply, _| granted(reply) == (PICKED + 1, 1000)),
        holds("a negative id is an id", |_| vec![grant(-7, 1000)], |reply, _| granted(reply).0 == -7),
        holds("the smallest id is an id", |_| vec![grant(i64::MIN, 1000)], |reply, _| granted(reply).0 == i64::MIN),
        refused("an id cannot be used twice", |_| vec![grant(7, 1000), grant(7, 500)], FailedPrecondition, "etcdserver: lease already exists"),
        holds("an id can be used again after its lease was revoked", |_| vec![grant(7, 1000), revoke(7), grant(7, 500)], |reply, _| granted(reply) == (7, 500)),
        holds("a TTL of 0 is raised to 2 s", |_| vec![grant(7, 0)], |reply, _| granted(reply) == (7, 2)),
        holds("a TTL of 1 s is raised to 2 s", |_| vec![grant(7, 1)], |reply, _| granted(reply) == (7, 2)),
        holds("a negative TTL is raised to 2 s", |_| vec![grant(7, -100)], |reply, _| granted(reply) == (7, 2)),
        holds("the longest TTL", |_| vec![grant(7, MAX_TTL)], |reply, _| granted(reply) == (7, MAX_TTL)),
        refused("a longer TTL", |_| vec![grant(7, MAX_TTL + 1)], OutOfRange, "etcdserver: too large lease TTL"),
        refused("the TTL is looked at before the id", |_| vec![grant(7, 1000), grant(7, i64::MAX)], OutOfRange, "etcdserver: too large lease TTL"),
    ]
}

#[rustfmt::skip]
fn lives() -> Vec<Case> {
    vec![
        refused("an unknown lease cannot be revoked", |_| vec![revoke(99)], NotFound, "etcdserver: requested lease not found"),
        refused("lease 0 cannot be revoked", |_| vec![revoke(0)], NotFound, "etcdserver: requested lease not found"),
        holds("revoking a lease without keys leaves the revision", |_| vec![grant(7, 1000), revoke(7)], |reply, r| revision(reply) == r),
        holds("revoking a lease deletes its keys in one revision", |_| vec![grant(7, 1000), attached("b", 7), attached("a", 7), revoke(7), super::build::range("\0", "\0")],
            |reply, r| keys(reply).is_empty() && revision(reply) == r + 3),
        holds("the header of a revoke has the revision of its deletes", |_| vec![grant(7, 1000), attached("a", 7), revoke(7)], |reply, r| revision(reply) == r + 2),
        holds("a key that moved to another lease outlives the first", |_| vec![grant(7, 1000), grant(8, 1000), attached("a", 7), attached("a", 8), revoke(7), get("a")], |reply, _| keys(reply) == ["a"]),
        holds("time to live tells keys", |_| vec![grant(7, 1000), attached("a", 7), attached("b", 7), time_to_live(7)], |reply, _| { let (ttl, granted, keys) = left(reply); (998..=1000).contains(&ttl) && granted == 1000 && keys == 2 }),
        holds("time to live of an unknown lease is -1", |_| vec![time_to_live(99)], |reply, _| left(reply) == (-1, 0, 0)),
        holds("time to live of lease 0 is -1", |_| vec![time_to_live(0)], |reply, _| left(reply) == (-1, 0, 0)),
        holds("keys are not told when nobody asks", |_| vec![grant(7, 1000), attached("a", 7), Step::TimeToLive(proto::etcdserverpb::LeaseTimeToLiveRequest { id: 7, keys: false })], |reply, _| left(reply).2 == 0),
        holds("a keepalive tells the granted TTL", |_| vec![grant(7, 1000), Step::KeepAlive(vec![7])], |reply, _| kept(reply) == [(7, 1000)]),
        holds("a keepalive of an unknown lease tells 0, and is no error", |_| vec![Step::KeepAlive(vec![99])], |reply, _| kept(reply) == [(99, 0)]),
        holds("one stream keeps many leases alive, in order", |_| vec![grant(7, 1000), grant(8, 900), Step::KeepAlive(vec![8, 99, 7, 8, 0])], |reply, _| kept(reply) == [(8, 900), (99, 0), (7, 1000), (8, 900), (0, 0)]),
        holds("a stream that is half-closed at once ends well", |_| vec![Step::KeepAlive(vec![])], |reply, _| kept(reply).is_empty()),
        holds("all leases are listed", |_| vec![grant(7, 1000), grant(-8, 2000), Step::Leases], |reply, _| matches!(reply, Reply::Leases(reply) if reply.leases.len() == 2)),
        holds("a lease deletes keys in their order, seen by a watch", |_| vec![
                grant(7, 1000), put_with("b", "v", |p| p.lease = 7), put_with("a", "v", |p| p.lease = 7), put_with("c", "v", |p| p.lease = 7),
                super::build::watch(0, "\0", "\0", |_| {}), revoke(7), super::build::events(),
            ], |reply, _| super::build::told(reply, 0, 0) == ["DELETE a=", "DELETE b=", "DELETE c="]),
        holds("a lease knows its keys as bytes", |_| vec![grant(7, 1000), put_with([0xff, 0x00, b'/'], "v", |p| p.lease = 7), time_to_live(7)],
            |reply, _| matches!(reply, Reply::TimeToLive(reply) if reply.keys == [bytes([0xff, 0x00, b'/'])])),
    ]
}
