//! Put and DeleteRange.

use tonic::Code::{InvalidArgument, NotFound, ResourceExhausted};

use super::build::{delete, first, get, grant, put, put_with, revision};
use super::{Case, holds, refused};
use crate::reply::Reply;
use crate::step::Step;

fn put_reply(reply: &Reply) -> &proto::etcdserverpb::PutResponse {
    match reply {
        Reply::Put(reply) => reply,
        other => panic!("not a put: {other:?}"),
    }
}

fn deleted(reply: &Reply) -> &proto::etcdserverpb::DeleteRangeResponse {
    match reply {
        Reply::DeleteRange(reply) => reply,
        other => panic!("not a delete: {other:?}"),
    }
}

/// A put of this many bytes, far from any other limit.
fn sized(bytes: usize) -> Step {
    put("a", vec![b'x'; bytes])
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = puts();
    cases.extend(refused_puts());
    cases.extend(deletes());
    cases
}

#[rustfmt::skip]
fn puts() -> Vec<Case> {
    vec![
        holds("a put of the same value counts the revision up", |_| vec![put("a", "v"), put("a", "v")], |reply, r| revision(reply) == r + 2),
        holds("an empty value is a value", |_| vec![put("a", ""), get("a")], |reply, _| first(reply).version == 1),
        holds("prev_kv of a new key is none", |_| vec![put_with("a", "v", |p| p.prev_kv = true)], |reply, _| put_reply(reply).prev_kv.is_none()),
        holds("prev_kv brings the pair before", |_| vec![put("a", "v"), put_with("a", "w", |p| p.prev_kv = true)],
            |reply, r| put_reply(reply).prev_kv.as_ref().is_some_and(|kv| kv.value == "v" && kv.mod_revision == r + 1)),
        holds("without prev_kv there is none", |_| vec![put("a", "v"), put("a", "w")], |reply, _| put_reply(reply).prev_kv.is_none()),
        holds("ignore_value keeps the value", |_| vec![put("a", "v"), put_with("a", "", |p| p.ignore_value = true), get("a")],
            |reply, _| first(reply).value == "v" && first(reply).version == 2),
        holds("ignore_value with a lease attaches it", |_| vec![grant(7, 1000), put("a", "v"), put_with("a", "", |p| { p.ignore_value = true; p.lease = 7; }), get("a")],
            |reply, _| first(reply).value == "v" && first(reply).lease == 7),
        holds("ignore_lease keeps the lease", |_| vec![grant(7, 1000), put_with("a", "v", |p| p.lease = 7), put_with("a", "w", |p| p.ignore_lease = true), get("a")],
            |reply, _| first(reply).value == "w" && first(reply).lease == 7),
        holds("a put without a lease takes it away", |_| vec![grant(7, 1000), put_with("a", "v", |p| p.lease = 7), put("a", "w"), get("a")], |reply, _| first(reply).lease == 0),
        holds("a value just below the limit is taken", |_| vec![sized(1_572_864 - 400)], |reply, r| revision(reply) == r + 1),
    ]
}

#[rustfmt::skip]
fn refused_puts() -> Vec<Case> {
    vec![
        refused("a put of an empty key is refused", |_| vec![put("", "v")], InvalidArgument, "etcdserver: key is not provided"),
        refused("ignore_value and a value are refused", |_| vec![put("a", "v"), put_with("a", "w", |p| p.ignore_value = true)], InvalidArgument, "etcdserver: value is provided"),
        refused("ignore_lease and a lease are refused", |_| vec![put("a", "v"), put_with("a", "w", |p| { p.ignore_lease = true; p.lease = 7; })], InvalidArgument, "etcdserver: lease is provided"),
        refused("the value is looked at before the lease", |_| vec![put_with("a", "w", |p| { p.ignore_value = true; p.ignore_lease = true; p.lease = 7; })], InvalidArgument, "etcdserver: value is provided"),
        refused("ignore_value of a new key is refused", |_| vec![put_with("a", "", |p| p.ignore_value = true)], InvalidArgument, "etcdserver: key not found"),
        refused("ignore_lease of a new key is refused", |_| vec![put_with("a", "v", |p| p.ignore_lease = true)], InvalidArgument, "etcdserver: key not found"),
        refused("ignore_value of a deleted key is refused", |_| vec![put("a", "v"), delete("a", ""), put_with("a", "", |p| p.ignore_value = true)], InvalidArgument, "etcdserver: key not found"),
        refused("an unknown lease is refused", |_| vec![put_with("a", "v", |p| p.lease = 99)], NotFound, "etcdserver: requested lease not found"),
        refused("a negative unknown lease is refused", |_| vec![put_with("a", "v", |p| p.lease = -1)], NotFound, "etcdserver: requested lease not found"),
        refused("an unknown lease is found out before a missing key", |_| vec![put_with("a", "", |p| { p.ignore_value = true; p.lease = 99; })], NotFound, "etcdserver: requested lease not found"),
        refused("a request over 1.5 MiB is too large", |_| vec![sized(1_572_864)], InvalidArgument, "etcdserver: request is too large"),
        refused("a message over 2 MiB is not received", |_| vec![sized(2_097_152 - 6)], ResourceExhausted, "grpc: received message larger than max (2097153 vs. 2097152)"),
        refused("a message of 2 MiB is received, and too large", |_| vec![sized(2_097_152 - 7)], InvalidArgument, "etcdserver: request is too large"),
    ]
}

#[rustfmt::skip]
fn deletes() -> Vec<Case> {
    vec![
        refused("a delete of an empty key is refused", |_| vec![delete("", "")], InvalidArgument, "etcdserver: key is not provided"),
        holds("a delete of nothing leaves the revision", |_| vec![delete("a", "")], |reply, r| revision(reply) == r && deleted(reply).deleted == 0),
        holds("a delete of many keys is one revision", |_| vec![put("a", "1"), put("b", "2"), delete("\0", "\0")],
            |reply, r| revision(reply) == r + 3 && deleted(reply).deleted == 2 && deleted(reply).prev_kvs.len() == 2),
        holds("a delete with an end before its key deletes nothing", |_| vec![put("b", "1"), delete("c", "a")], |reply, r| revision(reply) == r + 1 && deleted(reply).deleted == 0),
        holds("a key made again begins at version 1", |_| vec![put("a", "1"), put("a", "1"), delete("a", ""), put("a", "2"), get("a")],
            |reply, r| first(reply).version == 1 && first(reply).create_revision == r + 4),
        holds("a delete takes the key off its lease", |_| vec![grant(7, 1000), put_with("a", "v", |p| p.lease = 7), delete("a", ""), super::build::time_to_live(7)],
            |reply, _| matches!(reply, Reply::TimeToLive(reply) if reply.keys.is_empty())),
    ]
}
