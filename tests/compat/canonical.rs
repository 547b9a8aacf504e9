//! Takes out of a reply what may differ between two correct servers, or between two runs of one.
//!
//! | What | Becomes |
//! |---|---|
//! | order of more than 12 sorted pairs that tie | by key: etcd's sort is not stable above that |
//! | order of leases, of a lease's keys, of alarms, of members | sorted |
//! | sizes and indexes of Status, the value of Hash | 1 if possible |
//! | remaining TTL of a lease | B's, if it is within one second |
//! | a server's version, the storage's version | 3.7, 3 |
//! | the size of a message that is too large | B's, if it is within some bytes: ids have lengths |
//! | ports in URLs | dropped |
//! | spaces in an alarm's text | single |

use std::cmp::Ordering;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::range_request::SortTarget;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::mvccpb::KeyValue;

use crate::ids::THIS_MEMBER;
use crate::reply::{Outcome, Reply};
use crate::step::Step;

/// Go's sort keeps the order of ties up to this many elements.
const STABLE: usize = 12;

/// How many bytes a request's size may differ by for the lengths of the ids in it.
const IDS: u64 = 64;

/// Brings one side's outcome into the canonical form.
pub(crate) fn outcome(step: &Step, outcome: &mut Outcome) {
    let Outcome::Reply(reply) = outcome else {
        return;
    };
    match (step, &mut **reply) {
        (Step::Range(request), Reply::Range(reply)) => range(request, reply),
        (Step::Txn(request), Reply::Txn(reply)) => txn(request, reply),
        (_, Reply::TimeToLive(reply)) => reply.keys.sort(),
        (_, Reply::Leases(reply)) => reply.leases.sort_by_key(|lease| lease.id),
        (_, Reply::Alarm(reply)) => reply
            .alarms
            .sort_by_key(|alarm| (alarm.member_id, alarm.alarm)),
        (_, Reply::Status(reply)) => status(reply),
        (_, Reply::Snapshot(shape)) => short(&mut shape.version),
        (_, Reply::Hash(reply)) => reply.hash = u32::from(reply.hash != 0),
        (
            Step::HashKv {
                comparable: false, ..
            },
            Reply::HashKv(reply),
        ) => reply.hash = u32::from(reply.hash != 0),
        (_, Reply::MemberList(reply)) => members(reply),
        _ => {}
    }
}

/// The size that a message about a too large message tells.
fn size(message: &str) -> Option<u64> {
    let rest = message.strip_prefix("grpc: received message larger than max (")?;
    rest.split(' ').next()?.parse().ok()
}

/// Makes A's outcome equal to B's where it is near enough.
///
/// `any_ttl`: the lease may have been renewed on the way, by etcd's own lock service or by a
/// restart, so its remaining time tells nothing.
pub(crate) fn reconcile(a: &mut Outcome, b: &Outcome, any_ttl: bool) {
    if let (Outcome::Error { message: a, .. }, Outcome::Error { message: b, .. }) = (&mut *a, b)
        && let (Some(size_a), Some(size_b)) = (size(a), size(b))
        && size_a.abs_diff(size_b) <= IDS
    {
        a.clone_from(b);
    }
    let (Outcome::Reply(a), Outcome::Reply(b)) = (a, b) else {
        return;
    };
    if let (Reply::TimeToLive(a), Reply::TimeToLive(b)) = (&mut **a, &**b) {
        let both_alive = a.ttl >= 0 && b.ttl >= 0;
        let near = a.ttl.abs_diff(b.ttl) <= 1;
        if both_alive && a.granted_ttl == b.granted_ttl && (near || any_ttl) {
            a.ttl = b.ttl;
        }
    }
}

/// A storage version: etcd brings it up to date some seconds after its start.
fn short(version: &mut String) {
    if version.starts_with("3.") {
        version.truncate(1);
    }
}

fn status(reply: &mut pb::StatusResponse) {
    short(&mut reply.storage_version);
    reply.version = reply
        .version
        .splitn(3, '.')
        .take(2)
        .collect::<Vec<_>>()
        .join(".");
    let positive = |size: &mut i64| *size = i64::from(*size > 0);
    let in_use = (1..=reply.db_size).contains(&reply.db_size_in_use);
    reply.db_size_in_use = i64::from(in_use);
    positive(&mut reply.db_size);
    let applied = reply.raft_applied_index > 0 && reply.raft_applied_index <= reply.raft_index;
    reply.raft_applied_index = u64::from(applied);
    reply.raft_index = u64::from(reply.raft_index > 0);
    let term = reply.header.as_ref().map(|_| reply.raft_term);
    reply.raft_term = u64::from(term.is_some_and(|term| term > 0));
    for error in &mut reply.errors {
        // "memberID:<number> alarm:NOSPACE": the number is this member's or one of a request, and
        // Go's text form of a message has one space or two, so that nobody relies on it.
        *error = error.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((head, tail)) = error.split_once(' ')
            && let Some(id) = head.strip_prefix("memberID:")
            && id.len() > 12
        {
            *error = format!("memberID:{THIS_MEMBER} {tail}");
        }
    }
    reply.errors.sort();
}

fn members(reply: &mut pb::MemberListResponse) {
    reply.members.sort_by_key(|member| member.id);
    for member in &mut reply.members {
        let urls = member.peer_ur_ls.iter_mut().chain(&mut member.client_ur_ls);
        for url in urls {
            if let Some((host, _port)) = url.rsplit_once(':') {
                *url = host.to_owned();
            }
        }
    }
}

fn txn(request: &pb::TxnRequest, reply: &mut pb::TxnResponse) {
    let ops = if reply.succeeded {
        &request.success
    } else {
        &request.failure
    };
    for (op, response) in ops.iter().zip(&mut reply.responses) {
        match (&op.request, &mut response.response) {
            (Some(Request::RequestRange(op)), Some(Response::ResponseRange(reply))) => {
                range(op, reply);
            }
            (Some(Request::RequestTxn(op)), Some(Response::ResponseTxn(reply))) => txn(op, reply),
            _ => {}
        }
    }
}

fn range(request: &pb::RangeRequest, reply: &mut pb::RangeResponse) {
    let target = SortTarget::try_from(request.sort_target).unwrap_or(SortTarget::Key);
    if target == SortTarget::Key || usize::try_from(reply.count).is_ok_and(|n| n <= STABLE) {
        return;
    }
    let kvs = &mut reply.kvs;
    let mut from = 0;
    while from < kvs.len() {
        let same = |kv: &KeyValue| by(target, &kvs[from], kv) == Ordering::Equal;
        let ties = kvs[from..].iter().take_while(|kv| same(kv)).count();
        let cut = reply.more && from + ties == kvs.len();
        let group = &mut kvs[from..from + ties];
        if cut {
            // Which of the ties the limit left out is anybody's guess.
            group.fill(KeyValue::default());
        }
        group.sort_by(|x, y| x.key.cmp(&y.key));
        from += ties;
    }
}

/// Compares what a sort looks at. The values of `keys_only` replies are gone: all are a tie then.
fn by(target: SortTarget, x: &KeyValue, y: &KeyValue) -> Ordering {
    match target {
        SortTarget::Key => x.key.cmp(&y.key),
        SortTarget::Version => x.version.cmp(&y.version),
        SortTarget::Create => x.create_revision.cmp(&y.create_revision),
        SortTarget::Mod => x.mod_revision.cmp(&y.mod_revision),
        SortTarget::Value => x.value.cmp(&y.value),
    }
}
