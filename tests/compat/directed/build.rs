//! Short names for requests, and for what a check looks at.

use bytes::Bytes;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest, LeaseRevokeRequest,
    LeaseTimeToLiveRequest, PutRequest, RangeRequest, RangeResponse, RequestOp, TxnRequest,
    TxnResponse, WatchCreateRequest,
};
use proto::mvccpb::KeyValue;

use crate::reply::{Item, Logs, Reply};
use crate::step::{Step, WatchStep};

/// Anything that reads as a key or a value.
pub(super) fn bytes(text: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(text.as_ref())
}

// === requests ===

pub(super) fn put(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Step {
    put_with(key, value, |_| {})
}

pub(super) fn put_with(
    key: impl AsRef<[u8]>,
    value: impl AsRef<[u8]>,
    change: fn(&mut PutRequest),
) -> Step {
    let mut request = PutRequest {
        key: bytes(key),
        value: bytes(value),
        ..PutRequest::default()
    };
    change(&mut request);
    Step::Put(request)
}

pub(super) fn get(key: impl AsRef<[u8]>) -> Step {
    range(key, "")
}

pub(super) fn range(key: impl AsRef<[u8]>, end: impl AsRef<[u8]>) -> Step {
    range_with(key, end, |_| {})
}

pub(super) fn range_with(
    key: impl AsRef<[u8]>,
    end: impl AsRef<[u8]>,
    change: impl FnOnce(&mut RangeRequest),
) -> Step {
    let mut request = RangeRequest {
        key: bytes(key),
        range_end: bytes(end),
        ..RangeRequest::default()
    };
    change(&mut request);
    Step::Range(request)
}

/// The same as a stream.
pub(super) fn streamed(step: Step) -> Step {
    match step {
        Step::Range(request) => Step::RangeStream(request),
        other => other,
    }
}

/// A read of one key at a revision.
pub(super) fn get_at(key: impl AsRef<[u8]>, revision: i64) -> Step {
    range_with(key, "", |r| r.revision = revision)
}

pub(super) fn delete(key: impl AsRef<[u8]>, end: impl AsRef<[u8]>) -> Step {
    Step::DeleteRange(DeleteRangeRequest {
        key: bytes(key),
        range_end: bytes(end),
        prev_kv: true,
    })
}

pub(super) fn compact(revision: i64) -> Step {
    Step::Compact(CompactionRequest {
        revision,
        physical: true,
    })
}

pub(super) fn grant(id: i64, ttl: i64) -> Step {
    Step::Grant(LeaseGrantRequest { id, ttl })
}

pub(super) fn revoke(id: i64) -> Step {
    Step::Revoke(LeaseRevokeRequest { id })
}

pub(super) fn time_to_live(id: i64) -> Step {
    Step::TimeToLive(LeaseTimeToLiveRequest { id, keys: true })
}

pub(super) fn txn<const C: usize, const S: usize, const F: usize>(
    compare: [Compare; C],
    success: [Step; S],
    failure: [Step; F],
) -> Step {
    Step::Txn(TxnRequest {
        compare: compare.into(),
        success: success.map(op).into(),
        failure: failure.map(op).into(),
    })
}

/// A branch with as many operations as one likes.
pub(super) fn txn_of(success: Vec<Step>) -> Step {
    Step::Txn(TxnRequest {
        success: success.into_iter().map(op).collect(),
        ..TxnRequest::default()
    })
}

fn op(step: Step) -> RequestOp {
    let request = match step {
        Step::Range(request) => Some(Request::RequestRange(request)),
        Step::Put(request) => Some(Request::RequestPut(request)),
        Step::DeleteRange(request) => Some(Request::RequestDeleteRange(request)),
        Step::Txn(request) => Some(Request::RequestTxn(request)),
        _ => None,
    };
    RequestOp { request }
}

/// Something that [`op`] makes an operation without a union of.
pub(super) fn nothing() -> Step {
    Step::Status
}

pub(super) fn compare(
    key: impl AsRef<[u8]>,
    target: CompareTarget,
    result: CompareResult,
    union: Option<TargetUnion>,
) -> Compare {
    Compare {
        result: result as i32,
        target: target as i32,
        key: bytes(key),
        target_union: union,
        range_end: Bytes::new(),
    }
}

/// `version(key) = version`.
pub(super) fn version(key: impl AsRef<[u8]>, version: i64) -> Compare {
    let union = Some(TargetUnion::Version(version));
    compare(key, CompareTarget::Version, CompareResult::Equal, union)
}

/// Creates a watch and waits for the reply.
pub(super) fn watch(
    stream: u8,
    key: impl AsRef<[u8]>,
    end: impl AsRef<[u8]>,
    change: impl FnOnce(&mut WatchCreateRequest),
) -> Step {
    let mut request = WatchCreateRequest {
        key: bytes(key),
        range_end: bytes(end),
        ..WatchCreateRequest::default()
    };
    change(&mut request);
    Step::Watch(WatchStep::Create {
        stream,
        request,
        wait: true,
    })
}

pub(super) fn cancel(stream: u8, id: i64, wait: bool) -> Step {
    Step::Watch(WatchStep::Cancel { stream, id, wait })
}

pub(super) fn progress(stream: u8, answered: bool) -> Step {
    Step::Watch(WatchStep::Progress { stream, answered })
}

pub(super) fn events() -> Step {
    Step::Quiesce { patient: true }
}

// === replies ===

pub(super) fn ranged(reply: &Reply) -> &RangeResponse {
    match reply {
        Reply::Range(reply) => reply,
        Reply::RangeStream { whole, .. } => whole,
        other => panic!("not a range: {other:?}"),
    }
}

pub(super) fn keys(reply: &Reply) -> Vec<String> {
    let kvs = ranged(reply).kvs.iter();
    kvs.map(|kv| text(&kv.key)).collect()
}

pub(super) fn first(reply: &Reply) -> KeyValue {
    let kv = ranged(reply).kvs.first();
    kv.cloned().unwrap_or_default()
}

pub(super) fn txned(reply: &Reply) -> &TxnResponse {
    match reply {
        Reply::Txn(reply) => reply,
        other => panic!("not a txn: {other:?}"),
    }
}

/// The range in this place of a transaction's replies.
pub(super) fn inner(reply: &Reply, at: usize) -> RangeResponse {
    match txned(reply)
        .responses
        .get(at)
        .and_then(|op| op.response.clone())
    {
        Some(Response::ResponseRange(range)) => range,
        other => panic!("not a range: {other:?}"),
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The revision in a reply's header.
pub(super) fn revision(reply: &Reply) -> i64 {
    let header = match reply {
        Reply::Range(r) | Reply::RangeStream { whole: r, .. } => &r.header,
        Reply::Put(r) => &r.header,
        Reply::DeleteRange(r) => &r.header,
        Reply::Txn(r) => &r.header,
        Reply::Compact(r) => &r.header,
        Reply::Grant(r) => &r.header,
        Reply::Revoke(r) => &r.header,
        Reply::TimeToLive(r) => &r.header,
        Reply::Leases(r) => &r.header,
        Reply::HashKv(r) => &r.header,
        Reply::Status(r) => &r.header,
        Reply::Lock(r) => &r.header,
        Reply::Unlock(r) => &r.header,
        other => panic!("no header is looked at in {other:?}"),
    };
    header.as_ref().map_or(-1, |header| header.revision)
}

/// What the watch brought.
pub(super) fn items(reply: &Reply, stream: u8, id: i64) -> Vec<Item> {
    let logs: &Logs = match reply {
        Reply::Logs(logs) => logs,
        other => panic!("not what watches brought: {other:?}"),
    };
    logs.get(&(stream, id)).cloned().unwrap_or_default()
}

/// The events of a watch as `PUT a=v@3`, without its create and cancel.
pub(super) fn told(reply: &Reply, stream: u8, id: i64) -> Vec<String> {
    let items = items(reply, stream, id);
    let events = items.iter().filter_map(|item| match item {
        Item::Event(event) => Some(event),
        _ => None,
    });
    let tell = |event: &proto::mvccpb::Event| {
        let kv = event.kv.clone().unwrap_or_default();
        let what = if event.r#type == 0 { "PUT" } else { "DELETE" };
        format!("{what} {}={}", text(&kv.key), text(&kv.value))
    };
    events.map(tell).collect()
}
