//! Limits that flags set: a quota of 1 MiB, 4 operations in a txn, requests of 2,000,000 bytes.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmRequest, AlarmType};
use tonic::Code::{InvalidArgument, ResourceExhausted};

use super::build::{compact, delete, get, put, revision, txn_of};
use super::{Case, holds, refused};
use crate::ids::THIS_MEMBER;
use crate::reply::Reply;
use crate::step::Step;

fn alarm(action: AlarmAction) -> Step {
    Step::Alarm(AlarmRequest {
        action: action as i32,
        member_id: THIS_MEMBER,
        alarm: AlarmType::Nospace as i32,
    })
}

fn sized(bytes: usize) -> Step {
    put("big", vec![b'x'; bytes])
}

const NO_SPACE: &str = "etcdserver: mvcc: database space exceeded";

#[rustfmt::skip]
pub(super) fn cases() -> Vec<Case> {
    vec![
        holds("as many operations as the flag says", |_| vec![txn_of(vec![get("a"); 4])], |reply, _| matches!(reply, Reply::Txn(_))),
        refused("one operation more", |_| vec![txn_of(vec![get("a"); 5])], InvalidArgument, "etcdserver: too many operations in txn request"),
        refused("a message over the flag's limit and 512 KiB", |_| vec![sized(2_524_288)], ResourceExhausted, "grpc: received message larger than max (2524298 vs. 2524288)"),
        refused("a request over the flag's limit", |_| vec![delete(vec![b'x'; 2_000_001], "")], InvalidArgument, "etcdserver: request is too large"),
        holds("a request below it", |_| vec![delete(vec![b'x'; 1_999_000], "")], |reply, r| revision(reply) == r),
        refused("the quota is looked at before the size", |_| vec![sized(2_000_001)], ResourceExhausted, NO_SPACE),
        refused("a put that exceeds the quota", |_| vec![sized(1_600_000)], ResourceExhausted, NO_SPACE),
        holds("it raises the alarm", |_| vec![sized(1_600_000), alarm(AlarmAction::Get)], |reply, _| matches!(reply, Reply::Alarm(reply)
            if reply.alarms.len() == 1 && reply.alarms[0].member_id == THIS_MEMBER && reply.alarms[0].alarm == AlarmType::Nospace as i32)),
        refused("then a small put is refused too", |_| vec![sized(1_600_000), put("a", "1")], ResourceExhausted, NO_SPACE),
        holds("a delete is not", |_| vec![put("a", "1"), sized(1_600_000), delete("a", "")], |reply, r| revision(reply) == r + 2),
        holds("nor is a compaction", |r| vec![put("a", "1"), sized(1_600_000), compact(r + 1)], |reply, r| revision(reply) == r + 1),
        holds("a put below the quota goes through once the alarm is disarmed", |_| vec![sized(1_600_000), alarm(AlarmAction::Deactivate), put("a", "1")], |reply, r| revision(reply) == r + 1),
        refused("the quota counts a txn by its larger branch", |_| vec![super::build::txn([], [], [sized(1_600_000)])], ResourceExhausted, NO_SPACE),
        holds("status tells the quota", |_| vec![Step::Status], |reply, _| matches!(reply, Reply::Status(reply) if reply.db_size_quota == 1_048_576)),
    ]
}
