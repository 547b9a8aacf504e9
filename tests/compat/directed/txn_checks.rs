//! What a transaction is refused for, and in which order that is found out.

use tonic::Code::{InvalidArgument, NotFound, OutOfRange};

use super::build::{
    delete, get, get_at, nothing, put, put_with, range_with, revision, txn, txn_of, version,
};
use super::{Case, holds, refused};
use crate::step::Step;

const DUPLICATE: &str = "etcdserver: duplicate key given in txn request";
const TOO_MANY: &str = "etcdserver: too many operations in txn request";
const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";
const NO_KEY: &str = "etcdserver: key is not provided";

fn inner(ops: Vec<Step>) -> Step {
    txn_of(ops)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = overlaps();
    cases.extend(malformed());
    cases.extend(aborts());
    cases
}

#[rustfmt::skip]
fn overlaps() -> Vec<Case> {
    vec![
        refused("two puts of one key", |_| vec![txn_of(vec![put("a", "1"), put("a", "2")])], InvalidArgument, DUPLICATE),
        refused("two puts of one key in the branch that is not taken", |_| vec![txn([], [], [put("a", "1"), put("a", "2")])], InvalidArgument, DUPLICATE),
        refused("a put inside a delete", |_| vec![txn_of(vec![put("b", "1"), delete("a", "c")])], InvalidArgument, DUPLICATE),
        refused("a delete before a put of its key", |_| vec![txn_of(vec![delete("a", ""), put("a", "1")])], InvalidArgument, DUPLICATE),
        holds("a put inside a delete with a zero byte as end is not found out", |_| vec![txn_of(vec![put("b", "1"), delete("\0", "\0")]), get("b")], |reply, r| super::build::keys(reply).is_empty() && revision(reply) == r + 1),
        holds("nor one after it", |_| vec![txn_of(vec![delete("a", "\0"), put("b", "1")]), get("b")], |reply, r| super::build::keys(reply) == ["b"] && revision(reply) == r + 1),
        holds("a put beside a delete with its end before its key is fine", |_| vec![txn_of(vec![put("b", "1"), delete("c", "a")])], |reply, r| revision(reply) == r + 1),
        refused("a put and one of an inner txn", |_| vec![txn_of(vec![put("a", "1"), inner(vec![put("a", "2")])])], InvalidArgument, DUPLICATE),
        refused("a put inside a delete of an inner txn", |_| vec![txn_of(vec![put("b", "1"), inner(vec![delete("a", "c")])])], InvalidArgument, DUPLICATE),
        refused("puts of two inner txns", |_| vec![txn_of(vec![inner(vec![put("a", "1")]), inner(vec![put("a", "2")])])], InvalidArgument, DUPLICATE),
        refused("a put three levels down", |_| vec![txn_of(vec![put("a", "1"), inner(vec![inner(vec![put("a", "2")])])])], InvalidArgument, DUPLICATE),
        holds("a put beside a delete is fine", |_| vec![txn_of(vec![put("c", "1"), delete("a", "c")])], |reply, r| revision(reply) == r + 1),
    ]
}

#[rustfmt::skip]
fn malformed() -> Vec<Case> {
    vec![
        refused("129 operations", |_| vec![txn_of(vec![get("a"); 129])], InvalidArgument, TOO_MANY),
        refused("129 compares", |_| vec![Step::Txn(proto::etcdserverpb::TxnRequest { compare: vec![version("a", 0); 129], ..Default::default() })], InvalidArgument, TOO_MANY),
        refused("an inner txn has what the outer one leaves", |_| vec![{
                let mut ops = vec![get("a"); 64];
                ops.push(inner(vec![get("b"); 65]));
                txn_of(ops)
            }], InvalidArgument, TOO_MANY),
        refused("an operation without a union", |_| vec![txn_of(vec![nothing()])], InvalidArgument, "etcdserver: key not found"),
        refused("an empty key in a compare", |_| vec![txn([version("", 0)], [], [])], InvalidArgument, NO_KEY),
        refused("an empty key in a put", |_| vec![txn_of(vec![put("", "1")])], InvalidArgument, NO_KEY),
        refused("an empty key in the branch that is not taken", |_| vec![txn([], [], [get("")])], InvalidArgument, NO_KEY),
        refused("an empty key in an inner txn", |_| vec![txn_of(vec![inner(vec![delete("", "")])])], InvalidArgument, NO_KEY),
        refused("the number is looked at before the keys", |_| vec![txn_of(vec![get(""); 129])], InvalidArgument, TOO_MANY),
        refused("keys are looked at before overlaps", |_| vec![txn_of(vec![put("a", "1"), put("a", "1"), get("")])], InvalidArgument, NO_KEY),
        refused("an unknown sort order in a txn", |_| vec![txn_of(vec![range_with("a", "", |r| r.sort_order = 4)])], InvalidArgument, "etcdserver: invalid sort option"),
        refused("ignore_value and a value in a txn", |_| vec![txn_of(vec![put_with("a", "v", |p| p.ignore_value = true)])], InvalidArgument, "etcdserver: value is provided"),
    ]
}

#[rustfmt::skip]
fn aborts() -> Vec<Case> {
    vec![
        refused("a read in the future fails the txn", |r| vec![txn_of(vec![put("a", "1"), get_at("a", r + 9)])], OutOfRange, "etcdserver: mvcc: required revision is a future revision"),
        holds("revision -1 in a txn is the latest while nothing was compacted", |_| vec![put("a", "1"), txn_of(vec![get_at("a", -1), put("b", "1")])], |reply, _| super::build::inner(reply, 0).count == 1),
        refused("below that it is compacted", |_| vec![txn_of(vec![get_at("a", -2), put("b", "1")])], OutOfRange, COMPACTED),
        refused("also in a txn of reads", |_| vec![txn_of(vec![get_at("a", -2)])], OutOfRange, COMPACTED),
        refused("an unknown lease fails the txn", |_| vec![txn_of(vec![put("a", "1"), put_with("b", "1", |p| p.lease = 99)])], NotFound, "etcdserver: requested lease not found"),
        holds("a failed txn has no effect", |_| vec![txn_of(vec![put("a", "1"), put_with("b", "1", |p| p.lease = 99)]), get("a")], |reply, r| super::build::keys(reply).is_empty() && revision(reply) == r),
        holds("the branch that is not taken may be impossible", |_| vec![txn([], [put("a", "1")], [put_with("b", "1", |p| p.lease = 99)])], |reply, r| revision(reply) == r + 1),
        refused("ignore_value of a missing key fails the txn", |_| vec![txn_of(vec![put_with("a", "", |p| p.ignore_value = true)])], InvalidArgument, "etcdserver: key not found"),
        refused("the next revision is in the future for a txn that will make it", |r| vec![txn_of(vec![put("a", "1"), get_at("a", r + 1)])], OutOfRange, "etcdserver: mvcc: required revision is a future revision"),
    ]
}
