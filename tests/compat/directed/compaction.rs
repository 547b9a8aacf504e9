//! Compact, and reads after it.

use proto::etcdserverpb::{CompactionRequest, HashKvRequest};
use tonic::Code::OutOfRange;

use super::Expect::{Ends, Holds};
use super::build::{
    compact, delete, events, first, get, get_at, keys, put, put_with, range_with, revision,
    streamed, told, txn_of, watch,
};
use super::{Case, apart, holds, refused};
use crate::reply::Reply;
use crate::step::Step;

const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";
const FUTURE: &str = "etcdserver: mvcc: required revision is a future revision";

fn lazily(revision: i64) -> Step {
    Step::Compact(CompactionRequest {
        revision,
        physical: false,
    })
}

fn hash_kv(revision: i64) -> Step {
    Step::HashKv {
        request: HashKvRequest { revision },
        comparable: true,
    }
}

/// Three versions of a at r+1, r+2, r+3.
fn three(last: Vec<Step>) -> Vec<Step> {
    let mut steps = vec![put("a", "1"), put("a", "2"), put("a", "3")];
    steps.extend(last);
    steps
}

/// Deletes a and puts it again. Allowed, since the look for overlaps takes a range that ends in a
/// zero byte for an empty one.
fn deleted_and_put() -> Step {
    txn_of(vec![delete("a", "\0"), put("a", "2")])
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = compacts();
    cases.extend(hashes());
    cases.extend(lost());
    cases
}

#[rustfmt::skip]
fn compacts() -> Vec<Case> {
    vec![
        holds("revision 0 is accepted once on a fresh store", |_| vec![lazily(0)], |reply, r| revision(reply) == r),
        refused("and not twice", |_| vec![lazily(0)], OutOfRange, COMPACTED),
        refused("a negative revision is compacted", |_| vec![lazily(-1)], OutOfRange, COMPACTED),
        refused("a revision in the future", |r| vec![lazily(r + 1)], OutOfRange, FUTURE),
        refused("the largest revision", |_| vec![compact(i64::MAX)], OutOfRange, FUTURE),
        holds("a compaction leaves the revision", |r| three(vec![compact(r + 2)]), |reply, r| revision(reply) == r + 3),
        refused("the same revision twice", |r| three(vec![compact(r + 2), compact(r + 2)]), OutOfRange, COMPACTED),
        refused("an older revision", |r| three(vec![compact(r + 2), lazily(r + 1)]), OutOfRange, COMPACTED),
        refused("a read below the compacted revision", |r| three(vec![compact(r + 2), get_at("a", r + 1)]), OutOfRange, COMPACTED),
        refused("a read below a compaction that is only scheduled", |r| three(vec![lazily(r + 2), get_at("a", r + 1)]), OutOfRange, COMPACTED),
        holds("a read at the compacted revision", |r| three(vec![compact(r + 2), get_at("a", r + 2)]), |reply, _| first(reply).value == "2"),
        holds("the latest compacts to the latest", |r| three(vec![compact(r + 3), get("a")]), |reply, _| first(reply).value == "3" && first(reply).version == 3),
        refused("a txn that reads below it", |r| three(vec![compact(r + 2), txn_of(vec![get_at("a", r + 1)])]), OutOfRange, COMPACTED),
        refused("a txn that reads at revision -1", |r| three(vec![compact(r + 2), txn_of(vec![get_at("a", -1)])]), OutOfRange, COMPACTED),
        refused("a stream that reads below it", |r| three(vec![compact(r + 2), streamed(get_at("a", r + 1))]), OutOfRange, COMPACTED),
        refused("a count that reads below it", |r| three(vec![compact(r + 2), range_with("a", "b", |q| { q.revision = r + 1; q.count_only = true; })]), OutOfRange, COMPACTED),
        holds("a key deleted at the compacted revision is gone there", |r| vec![put("a", "1"), delete("a", ""), compact(r + 2), get_at("a", r + 2)], |reply, _| keys(reply).is_empty()),
        holds("prev_kv of a compacted version is the newest anyway", |r| three(vec![compact(r + 3), put_with("a", "4", |p| p.prev_kv = true)]),
            |reply, _| matches!(reply, Reply::Put(reply) if reply.prev_kv.as_ref().is_some_and(|kv| kv.value == "3"))),
    ]
}

#[rustfmt::skip]
fn hashes() -> Vec<Case> {
    vec![
        holds("HashKV of 0 is that of the latest", |_| three(vec![hash_kv(0)]), |reply, r| matches!(reply, Reply::HashKv(reply) if reply.hash_revision == r + 3 && reply.hash != 0)),
        holds("HashKV tells the compacted revision", |r| three(vec![compact(r + 2), hash_kv(0)]), |reply, r| matches!(reply, Reply::HashKv(reply) if reply.compact_revision == r + 2)),
        holds("HashKV at an old revision", |r| three(vec![hash_kv(r + 1)]), |reply, r| matches!(reply, Reply::HashKv(reply) if reply.hash_revision == r + 1)),
        holds("HashKV at the compacted revision", |r| three(vec![compact(r + 2), hash_kv(r + 2)]), |reply, r| matches!(reply, Reply::HashKv(reply) if reply.hash_revision == r + 2)),
        holds("HashKV where a tombstone is the compacted revision", |r| vec![put("a", "1"), delete("a", ""), put("b", "1"), compact(r + 2), hash_kv(0)],
            |reply, _| matches!(reply, Reply::HashKv(_))),
        holds("HashKV of a negative revision", |_| three(vec![hash_kv(-1)]), |reply, _| matches!(reply, Reply::HashKv(_))),
        holds("HashKV of the revision of a compaction is remembered", |r| three(vec![compact(r + 1), compact(r + 2), compact(r + 3), hash_kv(r + 2)]),
            |reply, r| matches!(reply, Reply::HashKv(reply) if reply.hash_revision == r + 2 && reply.compact_revision == r + 1)),
        holds("a compaction's own hash takes a deletion in its revision for kept", |r| vec![put("a", "1"), compact(r + 1), delete("a", ""), compact(r + 2), hash_kv(r + 2)],
            |reply, r| matches!(reply, Reply::HashKv(reply) if reply.compact_revision == r + 1 && reply.hash_revision == r + 2)),
        holds("HashKV otherwise does not", |r| vec![put("a", "1"), compact(r + 1), delete("a", ""), hash_kv(r + 2)],
            |reply, r| matches!(reply, Reply::HashKv(reply) if reply.compact_revision == r + 1 && reply.hash_revision == r + 2)),
        holds("HashKV where a transaction deletes a key and puts it", |r| vec![put("a", "1"), compact(r + 1), deleted_and_put(), hash_kv(0)],
            |reply, r| matches!(reply, Reply::HashKv(reply) if reply.compact_revision == r + 1 && reply.hash_revision == r + 2)),
        refused("HashKV below the compacted revision", |r| three(vec![compact(r + 2), hash_kv(r + 1)]), OutOfRange, COMPACTED),
        refused("HashKV in the future", |r| three(vec![hash_kv(r + 4)]), OutOfRange, FUTURE),
    ]
}

/// A compaction at the revision of [`deleted_and_put`]: etcd 3.7.1 keeps the deletion and removes the
/// put, which its index goes on naming, so that it dies of the next read of the key.
#[rustfmt::skip]
fn lost() -> Vec<Case> {
    fn steps(r: i64, last: Vec<Step>) -> Vec<Step> {
        let mut steps = vec![put("a", "1"), deleted_and_put(), compact(r + 2)];
        steps.extend(last);
        steps
    }
    vec![
        apart("a put after a deletion in one transaction outlives a compaction", |r| steps(r, vec![get("a")]), Holds(|reply, _| first(reply).value == "2"), Ends),
        apart("and is what a watch from there brings", |r| steps(r, vec![watch(0, "a", "", |w| w.start_revision = r + 2), events()]),
            Holds(|reply, _| told(reply, 0, 0) == ["PUT a=2"]), Holds(|reply, _| told(reply, 0, 0) == ["DELETE a="])),
    ]
}
