//! Walks over the places of requests and replies whose values differ from server to server.

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::compare::TargetUnion;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::mvccpb::{Event, KeyValue};
use proto::v3electionpb::LeaderKey;

use crate::reply::{Item, Outcome, Reply};
use crate::step::{Step, WatchStep};

/// Changes values in place.
pub(crate) trait Visitor {
    /// A lease id.
    fn lease(&mut self, id: &mut i64);
    /// A key or the end of a range, which may end in a lease id in hex.
    fn key(&mut self, key: &mut Bytes);
    /// A member id.
    fn member(&mut self, id: &mut u64);
    /// A response header. Requests have none.
    fn header(&mut self, _header: &mut pb::ResponseHeader) {}
}

/// Visits a request.
pub(crate) fn step(step: &mut Step, v: &mut impl Visitor) {
    match step {
        Step::Range(r) | Step::RangeStream(r) => range(r, v),
        Step::Put(r) => put(r, v),
        Step::DeleteRange(r) => delete(r, v),
        Step::Txn(r) => txn(r, v),
        Step::Grant(r) => v.lease(&mut r.id),
        Step::Revoke(r) => v.lease(&mut r.id),
        Step::KeepAlive(ids) => ids.iter_mut().for_each(|id| v.lease(id)),
        Step::TimeToLive(r) => v.lease(&mut r.id),
        Step::Alarm(r) => v.member(&mut r.member_id),
        Step::Lock { request, .. } => v.lease(&mut request.lease),
        Step::Unlock(r) => v.key(&mut r.key),
        Step::Campaign { request, .. } => v.lease(&mut request.lease),
        Step::Proclaim(r) => r.leader.iter_mut().for_each(|key| leader(key, v)),
        Step::Resign(r) => r.leader.iter_mut().for_each(|key| leader(key, v)),
        Step::Watch(WatchStep::Create { request, .. }) => {
            v.key(&mut request.key);
            v.key(&mut request.range_end);
        }
        _ => {}
    }
}

fn range(r: &mut pb::RangeRequest, v: &mut impl Visitor) {
    v.key(&mut r.key);
    v.key(&mut r.range_end);
}

fn put(r: &mut pb::PutRequest, v: &mut impl Visitor) {
    v.key(&mut r.key);
    v.lease(&mut r.lease);
}

fn delete(r: &mut pb::DeleteRangeRequest, v: &mut impl Visitor) {
    v.key(&mut r.key);
    v.key(&mut r.range_end);
}

fn txn(r: &mut pb::TxnRequest, v: &mut impl Visitor) {
    for compare in &mut r.compare {
        v.key(&mut compare.key);
        v.key(&mut compare.range_end);
        if let Some(TargetUnion::Lease(id)) = &mut compare.target_union {
            v.lease(id);
        }
    }
    for op in r.success.iter_mut().chain(&mut r.failure) {
        match &mut op.request {
            Some(Request::RequestRange(r)) => range(r, v),
            Some(Request::RequestPut(r)) => put(r, v),
            Some(Request::RequestDeleteRange(r)) => delete(r, v),
            Some(Request::RequestTxn(r)) => txn(r, v),
            None => {}
        }
    }
}

fn leader(key: &mut LeaderKey, v: &mut impl Visitor) {
    v.key(&mut key.key);
    v.lease(&mut key.lease);
}

/// Visits what came back.
pub(crate) fn outcome(outcome: &mut Outcome, v: &mut impl Visitor) {
    if let Outcome::Reply(inner) = outcome {
        reply(inner, v);
    }
}

fn reply(reply: &mut Reply, v: &mut impl Visitor) {
    match reply {
        Reply::Range(r) | Reply::RangeStream { whole: r, .. } => range_reply(r, v),
        Reply::Put(r) => {
            header(&mut r.header, v);
            pair(&mut r.prev_kv, v);
        }
        Reply::DeleteRange(r) => delete_reply(r, v),
        Reply::Txn(r) => txn_reply(r, v),
        Reply::Compact(r) => header(&mut r.header, v),
        Reply::Grant(r) => {
            header(&mut r.header, v);
            v.lease(&mut r.id);
        }
        Reply::Revoke(r) => header(&mut r.header, v),
        Reply::KeepAlive(replies) => {
            for r in replies {
                header(&mut r.header, v);
                v.lease(&mut r.id);
            }
        }
        Reply::TimeToLive(r) => {
            header(&mut r.header, v);
            v.lease(&mut r.id);
            r.keys.iter_mut().for_each(|key| v.key(key));
        }
        Reply::Leases(r) => {
            header(&mut r.header, v);
            r.leases.iter_mut().for_each(|lease| v.lease(&mut lease.id));
        }
        Reply::Alarm(r) => {
            header(&mut r.header, v);
            r.alarms
                .iter_mut()
                .for_each(|alarm| v.member(&mut alarm.member_id));
        }
        Reply::Logs(logs) => logs.values_mut().flatten().for_each(|entry| item(entry, v)),
        Reply::Control(Some(entry)) => item(entry, v),
        other => rare_reply(other, v),
    }
}

/// The services that are asked less often.
fn rare_reply(reply: &mut Reply, v: &mut impl Visitor) {
    match reply {
        Reply::Status(r) => {
            header(&mut r.header, v);
            v.member(&mut r.leader);
        }
        Reply::Hash(r) => header(&mut r.header, v),
        Reply::HashKv(r) => header(&mut r.header, v),
        Reply::Defragment(r) => header(&mut r.header, v),
        Reply::MemberList(r) => {
            header(&mut r.header, v);
            r.members
                .iter_mut()
                .for_each(|member| v.member(&mut member.id));
        }
        Reply::AuthStatus(r) => header(&mut r.header, v),
        Reply::Lock(r) => {
            header(&mut r.header, v);
            v.key(&mut r.key);
        }
        Reply::Unlock(r) => header(&mut r.header, v),
        Reply::Campaign(r) => {
            header(&mut r.header, v);
            r.leader.iter_mut().for_each(|key| leader(key, v));
        }
        Reply::Proclaim(r) => header(&mut r.header, v),
        Reply::Leader(r) => {
            header(&mut r.header, v);
            pair(&mut r.kv, v);
        }
        Reply::Resign(r) => header(&mut r.header, v),
        _ => {}
    }
}

fn header(header: &mut Option<pb::ResponseHeader>, v: &mut impl Visitor) {
    if let Some(header) = header {
        v.header(header);
    }
}

fn key_value(kv: &mut KeyValue, v: &mut impl Visitor) {
    v.key(&mut kv.key);
    v.lease(&mut kv.lease);
}

fn pair(kv: &mut Option<KeyValue>, v: &mut impl Visitor) {
    if let Some(kv) = kv {
        key_value(kv, v);
    }
}

fn range_reply(r: &mut pb::RangeResponse, v: &mut impl Visitor) {
    header(&mut r.header, v);
    r.kvs.iter_mut().for_each(|kv| key_value(kv, v));
}

fn delete_reply(r: &mut pb::DeleteRangeResponse, v: &mut impl Visitor) {
    header(&mut r.header, v);
    r.prev_kvs.iter_mut().for_each(|kv| key_value(kv, v));
}

fn txn_reply(r: &mut pb::TxnResponse, v: &mut impl Visitor) {
    header(&mut r.header, v);
    for op in &mut r.responses {
        match &mut op.response {
            Some(Response::ResponseRange(r)) => range_reply(r, v),
            Some(Response::ResponsePut(r)) => {
                header(&mut r.header, v);
                pair(&mut r.prev_kv, v);
            }
            Some(Response::ResponseDeleteRange(r)) => delete_reply(r, v),
            Some(Response::ResponseTxn(r)) => txn_reply(r, v),
            None => {}
        }
    }
}

fn item(entry: &mut Item, v: &mut impl Visitor) {
    if let Item::Event(Event { kv, prev_kv, .. }) = entry {
        pair(kv, v);
        pair(prev_kv, v);
    }
}
