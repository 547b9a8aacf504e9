//! Range and RangeStream.

use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use tonic::Code::{InvalidArgument, OutOfRange, Unimplemented};

use super::build::{
    delete, first, get, get_at, grant, keys, put, put_with, range, range_with, ranged, revision,
    streamed,
};
use super::{Case, holds, refused};
use crate::reply::Reply;
use crate::step::Step;

/// a=3, b=1, c=2 and then the step; a has version 2.
fn abc(last: Step) -> Vec<Step> {
    vec![
        put("a", "0"),
        put("b", "1"),
        put("c", "2"),
        put("a", "3"),
        last,
    ]
}

fn sorted(target: SortTarget, order: SortOrder) -> Step {
    range_with("\0", "\0", |r| {
        r.sort_target = target as i32;
        r.sort_order = order as i32;
    })
}

const FUTURE: &str = "etcdserver: mvcc: required revision is a future revision";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = plain();
    cases.extend(limits_and_sorts());
    cases.extend(filters());
    cases.extend(streams());
    cases
}

#[rustfmt::skip]
fn plain() -> Vec<Case> {
    vec![
        refused("an empty key is refused", |_| vec![get("")], InvalidArgument, "etcdserver: key is not provided"),
        refused("an empty key is refused with a range end too", |_| vec![range("", "\0")], InvalidArgument, "etcdserver: key is not provided"),
        holds("a key that is not there is an empty reply", |_| vec![get("a")],
            |reply, r| ranged(reply).kvs.is_empty() && ranged(reply).count == 0 && revision(reply) == r),
        holds("a range goes up to its end", |_| abc(range("a", "c")), |reply, _| keys(reply) == ["a", "b"]),
        holds("a zero byte as end means everything from the key on", |_| abc(range("b", "\0")), |reply, _| keys(reply) == ["b", "c"]),
        holds("a zero byte as key and end means everything", |_| abc(range("\0", "\0")), |reply, _| keys(reply) == ["a", "b", "c"]),
        holds("an end at the key is an empty range", |_| abc(range("b", "b")), |reply, _| keys(reply).is_empty()),
        holds("an end before the key is an empty range", |_| abc(range("c", "a")), |reply, _| keys(reply).is_empty() && ranged(reply).count == 0),
        holds("a key of zero bytes is a key", |_| vec![put("\0\0", "x"), get("\0\0")], |reply, _| first(reply).value == "x"),
        holds("a pair carries its revisions, version and lease", |_| vec![grant(7, 1000), put("a", "1"), put_with("a", "2", |p| p.lease = 7), get("a")],
            |reply, r| { let kv = first(reply); (kv.create_revision, kv.mod_revision, kv.version, kv.lease) == (r + 1, r + 2, 2, 7) }),
        holds("revision 0 is the latest", |_| abc(get_at("a", 0)), |reply, _| first(reply).value == "3"),
        holds("a negative revision is the latest", |_| abc(get_at("a", -5)), |reply, _| first(reply).value == "3"),
        holds("an old revision shows the old value under the newest header",
            |r| abc(get_at("a", r + 1)), |reply, r| first(reply).value == "0" && revision(reply) == r + 4),
        holds("a key is there at its last revision before a delete",
            |r| vec![put("a", "0"), delete("a", ""), get_at("a", r + 1)], |reply, _| first(reply).value == "0"),
        holds("a deleted key is gone at the revision of the delete",
            |r| vec![put("a", "0"), delete("a", ""), get_at("a", r + 2)], |reply, _| keys(reply).is_empty()),
        refused("a revision in the future is refused", |r| abc(get_at("a", r + 5)), OutOfRange, FUTURE),
        refused("so is the largest", |_| vec![get_at("a", i64::MAX)], OutOfRange, FUTURE),
        holds("a serializable read reads the same", |_| abc(range_with("a", "", |r| r.serializable = true)), |reply, _| first(reply).value == "3"),
    ]
}

#[rustfmt::skip]
fn limits_and_sorts() -> Vec<Case> {
    vec![
        holds("limit cuts, more tells so, count ignores it", |_| abc(range_with("\0", "\0", |r| r.limit = 2)),
            |reply, _| keys(reply) == ["a", "b"] && ranged(reply).more && ranged(reply).count == 3),
        holds("a limit that is reached exactly is no more", |_| abc(range_with("\0", "\0", |r| r.limit = 3)), |reply, _| keys(reply).len() == 3 && !ranged(reply).more),
        holds("a negative limit is none", |_| abc(range_with("\0", "\0", |r| r.limit = -2)), |reply, _| keys(reply).len() == 3 && !ranged(reply).more),
        holds("the largest limit is none", |_| abc(range_with("\0", "\0", |r| r.limit = i64::MAX)), |reply, _| keys(reply).len() == 3 && !ranged(reply).more),
        holds("count_only has a count and nothing else, whatever the limit",
            |_| abc(range_with("\0", "\0", |r| { r.count_only = true; r.limit = 1; })),
            |reply, _| keys(reply).is_empty() && ranged(reply).count == 3 && !ranged(reply).more),
        holds("keys_only has neither value nor lease",
            |_| vec![grant(7, 1000), put_with("a", "1", |p| p.lease = 7), range_with("a", "", |r| r.keys_only = true)],
            |reply, r| { let kv = first(reply); kv.value.is_empty() && kv.lease == 0 && kv.mod_revision == r + 1 && kv.version == 1 }),
        holds("keys_only sorted by value has the lease",
            |_| vec![grant(7, 1000), put_with("a", "1", |p| p.lease = 7), range_with("a", "", |r| { r.keys_only = true; r.sort_target = SortTarget::Value as i32; })],
            |reply, _| { let kv = first(reply); kv.value.is_empty() && kv.lease == 7 }),
        holds("descending by key", |_| abc(sorted(SortTarget::Key, SortOrder::Descend)), |reply, _| keys(reply) == ["c", "b", "a"]),
        holds("ascending by value", |_| abc(sorted(SortTarget::Value, SortOrder::Ascend)), |reply, _| keys(reply) == ["b", "c", "a"]),
        holds("descending by version", |_| abc(sorted(SortTarget::Version, SortOrder::Descend)), |reply, _| keys(reply) == ["a", "b", "c"]),
        holds("ascending by create revision", |_| abc(sorted(SortTarget::Create, SortOrder::Ascend)), |reply, _| keys(reply) == ["a", "b", "c"]),
        holds("ascending by mod revision", |_| abc(sorted(SortTarget::Mod, SortOrder::Ascend)), |reply, _| keys(reply) == ["b", "c", "a"]),
        holds("a target without an order sorts ascending", |_| abc(sorted(SortTarget::Mod, SortOrder::None)), |reply, _| keys(reply) == ["b", "c", "a"]),
        holds("a target without an order sorts what the limit left, and one more",
            |_| abc(range_with("\0", "\0", |r| { r.sort_target = SortTarget::Mod as i32; r.limit = 1; })),
            |reply, _| keys(reply) == ["b"] && ranged(reply).more && ranged(reply).count == 3),
        holds("a sort comes before the limit",
            |_| abc(range_with("\0", "\0", |r| { r.sort_target = SortTarget::Mod as i32; r.sort_order = SortOrder::Descend as i32; r.limit = 1; })),
            |reply, _| keys(reply) == ["a"] && ranged(reply).more),
        refused("an unknown sort order is refused", |_| vec![range_with("a", "", |r| r.sort_order = 3)], InvalidArgument, "etcdserver: invalid sort option"),
        refused("an unknown sort target is refused", |_| vec![range_with("a", "", |r| r.sort_target = 5)], InvalidArgument, "etcdserver: invalid sort option"),
        refused("a negative sort order is refused", |_| vec![range_with("a", "", |r| r.sort_order = -1)], InvalidArgument, "etcdserver: invalid sort option"),
        refused("the key is checked before the sort", |_| vec![range_with("", "", |r| r.sort_order = 3)], InvalidArgument, "etcdserver: key is not provided"),
    ]
}

#[rustfmt::skip]
fn filters() -> Vec<Case> {
    vec![
        holds("min_mod_revision leaves out older pairs, but count has them",
            |r| abc(range_with("\0", "\0", |q| q.min_mod_revision = r + 3)), |reply, _| keys(reply) == ["a", "c"] && ranged(reply).count == 3),
        holds("max_mod_revision leaves out newer pairs", |r| abc(range_with("\0", "\0", |q| q.max_mod_revision = r + 3)), |reply, _| keys(reply) == ["b", "c"]),
        holds("min_create_revision leaves out pairs created before", |r| abc(range_with("\0", "\0", |q| q.min_create_revision = r + 2)), |reply, _| keys(reply) == ["b", "c"]),
        holds("max_create_revision leaves out pairs created after", |r| abc(range_with("\0", "\0", |q| q.max_create_revision = r + 1)), |reply, _| keys(reply) == ["a"]),
        holds("a negative maximum leaves out everything", |_| abc(range_with("\0", "\0", |q| q.max_mod_revision = -1)), |reply, _| keys(reply).is_empty() && ranged(reply).count == 3),
        holds("filters come before the limit, more counts what they left",
            |r| abc(range_with("\0", "\0", |q| { q.min_mod_revision = r + 3; q.limit = 1; })), |reply, _| keys(reply) == ["a"] && ranged(reply).more),
        holds("filters leave no more when the limit is not exceeded",
            |r| abc(range_with("\0", "\0", |q| { q.min_mod_revision = r + 3; q.limit = 2; })), |reply, _| keys(reply).len() == 2 && !ranged(reply).more),
    ]
}

#[rustfmt::skip]
fn streams() -> Vec<Case> {
    vec![
        holds("a stream brings the same pairs", |_| abc(streamed(range("\0", "\0"))), |reply, _| keys(reply) == ["a", "b", "c"] && ranged(reply).count == 3),
        holds("header, count and more are in the last message", |_| {
                let mut steps: Vec<Step> = (0..200).map(|n| put(format!("k{n:03}"), "v")).collect();
                steps.push(streamed(range_with("k", "l", |r| r.limit = 150)));
                steps
            },
            |reply, r| matches!(reply, Reply::RangeStream { whole, trailing: true }
                if whole.kvs.len() == 150 && whole.count == 200 && whole.more && whole.header.as_ref().is_some_and(|h| h.revision == r + 200))),
        holds("an empty stream has one message", |_| vec![streamed(range("x", "y"))], |reply, r| revision(reply) == r && ranged(reply).count == 0),
        holds("a stream can count only", |_| abc(streamed(range_with("\0", "\0", |r| r.count_only = true))), |reply, _| ranged(reply).count == 3 && keys(reply).is_empty()),
        holds("a stream can bring keys only", |_| abc(streamed(range_with("\0", "\0", |r| r.keys_only = true))), |reply, _| first(reply).value.is_empty() && keys(reply).len() == 3),
        holds("a stream can be ascending by key", |_| abc(streamed(sorted(SortTarget::Key, SortOrder::Ascend))), |reply, _| keys(reply) == ["a", "b", "c"]),
        refused("a stream cannot descend", |_| vec![streamed(sorted(SortTarget::Key, SortOrder::Descend))], Unimplemented, "RangeStream does not support custom sort orders"),
        refused("a stream cannot filter by revision", |_| vec![streamed(range_with("a", "", |r| r.min_mod_revision = 1))], Unimplemented, "RangeStream does not support revision filters"),
        refused("a stream of an empty key is refused", |_| vec![streamed(get(""))], InvalidArgument, "etcdserver: key is not provided"),
        refused("a stream at a revision in the future is refused", |r| vec![streamed(get_at("a", r + 1))], OutOfRange, FUTURE),
        refused("a stream with an unknown sort order is refused", |_| vec![streamed(range_with("a", "", |r| r.sort_order = 9))], InvalidArgument, "etcdserver: invalid sort option"),
    ]
}
