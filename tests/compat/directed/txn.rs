//! What a transaction does.

use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::response_op::Response;

use super::build::{
    bytes, compare, delete, first, get, grant, inner, put, put_with, range, revision, txn, txn_of,
    txned, version,
};
use super::{Case, holds};
use crate::step::Step;
use CompareResult::{Equal, Greater, Less, NotEqual};
use CompareTarget::{Create, Lease, Mod, Value, Version};

/// A transaction with this one compare and empty branches.
fn only(
    key: &str,
    target: CompareTarget,
    result: CompareResult,
    union: Option<TargetUnion>,
) -> Step {
    txn([compare(key, target, result, union)], [], [])
}

fn value(text: &str) -> Option<TargetUnion> {
    Some(TargetUnion::Value(bytes(text)))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = effects();
    cases.extend(compares());
    cases.extend(odd_compares());
    cases
}

#[rustfmt::skip]
fn effects() -> Vec<Case> {
    vec![
        holds("an empty txn succeeds and changes nothing", |_| vec![txn([], [], [])], |reply, r| txned(reply).succeeded && txned(reply).responses.is_empty() && revision(reply) == r),
        holds("all writes of a txn are one revision", |_| vec![txn_of(vec![put("a", "1"), put("b", "2"), delete("c", "")]), range("\0", "\0")],
            |reply, r| revision(reply) == r + 1 && super::build::ranged(reply).kvs.iter().all(|kv| kv.mod_revision == r + 1)),
        holds("a txn of reads leaves the revision", |_| vec![put("a", "1"), txn_of(vec![get("a"), get("b")])], |reply, r| revision(reply) == r + 1),
        holds("a delete of nothing in a txn leaves the revision", |_| vec![txn_of(vec![delete("a", "")])], |reply, r| revision(reply) == r),
        holds("operations see earlier ones of the same txn", |_| vec![txn_of(vec![put("a", "1"), get("a")])],
            |reply, r| { let range = inner(reply, 1); range.kvs.len() == 1 && range.kvs[0].mod_revision == r + 1 && range.header.as_ref().is_some_and(|h| h.revision == r + 1) }),
        holds("a read before the first write sees the revision before", |_| vec![txn_of(vec![get("a"), put("a", "1")])],
            |reply, r| inner(reply, 0).header.as_ref().is_some_and(|h| h.revision == r)),
        holds("inner headers have a revision only", |_| vec![txn_of(vec![get("a")])],
            |reply, _| inner(reply, 0).header.as_ref().is_some_and(|h| h.cluster_id == 0 && h.member_id == 0 && h.raft_term == 0)),
        holds("the header of an inner txn has not even that", |_| vec![txn_of(vec![put("a", "1"), txn([], [put("b", "1")], [])])], |reply, r| {
            matches!(&txned(reply).responses[1].response, Some(Response::ResponseTxn(inner)) if inner.header.as_ref().is_some_and(|h| h.revision == 0)
                && matches!(&inner.responses[0].response, Some(Response::ResponsePut(put)) if put.header.as_ref().is_some_and(|h| h.revision == r + 1)))
        }),
        holds("the other branch runs when a compare fails", |_| vec![txn([version("a", 1)], [put("a", "then")], [put("a", "else")]), get("a")], |reply, _| first(reply).value == "else"),
        holds("all compares must hold", |_| vec![put("a", "1"), txn([version("a", 1), version("b", 1)], [], [])], |reply, _| !txned(reply).succeeded),
        holds("an inner txn sees the writes before it", |_| vec![txn_of(vec![put("a", "1"), txn([version("a", 1)], [get("a")], [])])], |reply, _| {
            matches!(&txned(reply).responses[1].response, Some(Response::ResponseTxn(inner)) if !inner.succeeded)
        }),
        holds("a delete after reads of the same key is fine", |_| vec![put("a", "1"), txn_of(vec![get("a"), delete("a", ""), get("a")])],
            |reply, _| inner(reply, 0).count == 1 && inner(reply, 2).count == 0),
        holds("deletes may overlap", |_| vec![put("a", "1"), txn_of(vec![delete("a", ""), delete("a", "b")])], |reply, r| txned(reply).succeeded && revision(reply) == r + 2),
        holds("branches of an inner txn may put the same key", |_| vec![txn_of(vec![txn([], [put("a", "1")], [put("a", "2")])])], |reply, r| revision(reply) == r + 1),
        holds("the two branches may put the same key", |_| vec![txn([], [put("a", "1")], [put("a", "2")])], |reply, r| revision(reply) == r + 1),
        holds("128 operations are allowed", |_| vec![txn_of(vec![get("a"); 128])], |reply, _| txned(reply).responses.len() == 128),
        holds("a read at an old revision inside a txn", |r| vec![put("a", "1"), put("a", "2"), txn_of(vec![super::build::get_at("a", r + 1), put("b", "x")])],
            |reply, _| inner(reply, 0).kvs[0].value == "1"),
    ]
}

#[rustfmt::skip]
fn compares() -> Vec<Case> {
    vec![
        holds("a missing key has version 0", |_| vec![only("a", Version, Equal, Some(TargetUnion::Version(0)))], |reply, _| txned(reply).succeeded),
        holds("a missing key has create revision 0", |_| vec![only("a", Create, Equal, Some(TargetUnion::CreateRevision(0)))], |reply, _| txned(reply).succeeded),
        holds("a missing key has mod revision 0", |_| vec![only("a", Mod, Less, Some(TargetUnion::ModRevision(1)))], |reply, _| txned(reply).succeeded),
        holds("a missing key has lease 0", |_| vec![only("a", Lease, Equal, Some(TargetUnion::Lease(0)))], |reply, _| txned(reply).succeeded),
        holds("a missing key has no value, not even an empty one", |_| vec![only("a", Value, Equal, value(""))], |reply, _| !txned(reply).succeeded),
        holds("a missing key's value is not even unequal", |_| vec![only("a", Value, NotEqual, value("x"))], |reply, _| !txned(reply).succeeded),
        holds("an empty value is equal to one", |_| vec![put("a", ""), only("a", Value, Equal, value(""))], |reply, _| txned(reply).succeeded),
        holds("values compare as bytes", |_| vec![put("a", "b"), only("a", Value, Greater, value("abc"))], |reply, _| txned(reply).succeeded),
        holds("create revision compares", |r| vec![put("a", "1"), put("a", "2"), txn([compare("a", Create, Less, Some(TargetUnion::CreateRevision(r + 2)))], [], [])], |reply, _| txned(reply).succeeded),
        holds("mod revision compares", |r| vec![put("a", "1"), put("a", "2"), txn([compare("a", Mod, Equal, Some(TargetUnion::ModRevision(r + 2)))], [], [])], |reply, _| txned(reply).succeeded),
        holds("lease compares", |_| vec![grant(7, 1000), put_with("a", "1", |p| p.lease = 7), only("a", Lease, NotEqual, Some(TargetUnion::Lease(8)))], |reply, _| txned(reply).succeeded),
    ]
}

#[rustfmt::skip]
fn odd_compares() -> Vec<Case> {
    vec![
        holds("a compare without a union is against zero", |_| vec![only("a", Version, Equal, None)], |reply, _| txned(reply).succeeded),
        holds("a compare with another target's union is against zero", |_| vec![put("a", "1"), only("a", Version, Equal, value("1"))], |reply, _| !txned(reply).succeeded),
        holds("an unknown compare result holds", |_| vec![{
                let mut unknown = version("a", 5);
                unknown.result = 17;
                txn([unknown], [], [])
            }], |reply, _| txned(reply).succeeded),
        holds("an unknown target is equal to everything", |_| vec![{
                let mut unknown = version("a", 5);
                unknown.target = 17;
                txn([unknown], [], [])
            }], |reply, _| txned(reply).succeeded),
        holds("a compare over a range needs every key", |_| vec![put("a", "1"), put("b", "1"), put("b", "2"), {
                let mut all = version("a", 1);
                all.range_end = bytes("c");
                txn([all], [], [])
            }], |reply, _| !txned(reply).succeeded),
        holds("a compare over an empty range is against a missing key", |_| vec![{
                let mut none = version("x", 0);
                none.range_end = bytes("z");
                txn([none], [], [])
            }], |reply, _| txned(reply).succeeded),
        holds("a value compare over an empty range fails", |_| vec![{
                let mut none = compare("x", Value, Equal, value(""));
                none.range_end = bytes("z");
                txn([none], [], [])
            }], |reply, _| !txned(reply).succeeded),
    ]
}
