//! Maintenance, Cluster, AuthStatus and health.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmMember, AlarmRequest, AlarmType, MemberListRequest};
use proto::health::health_check_response::ServingStatus;
use tonic::Code::{DataLoss, InvalidArgument, NotFound, ResourceExhausted};

use super::build::{delete, get, grant, keys, put, range, revision, txn_of};
use super::{Case, Expect, alone, holds, refused};
use crate::ids::THIS_MEMBER;
use crate::reply::Reply;
use crate::step::Step;

fn alarm(action: AlarmAction, member_id: u64, alarm: AlarmType) -> Step {
    Step::Alarm(AlarmRequest {
        action: action as i32,
        member_id,
        alarm: alarm as i32,
    })
}

fn raise(kind: AlarmType) -> Step {
    alarm(AlarmAction::Activate, THIS_MEMBER, kind)
}

fn disarm(kind: AlarmType) -> Step {
    alarm(AlarmAction::Deactivate, THIS_MEMBER, kind)
}

fn list(kind: AlarmType) -> Step {
    alarm(AlarmAction::Get, 0, kind)
}

fn alarms(reply: &Reply) -> &[AlarmMember] {
    match reply {
        Reply::Alarm(reply) => &reply.alarms,
        other => panic!("not an alarm: {other:?}"),
    }
}

fn status(reply: &Reply) -> &proto::etcdserverpb::StatusResponse {
    match reply {
        Reply::Status(reply) => reply,
        other => panic!("not a status: {other:?}"),
    }
}

const NO_SPACE: &str = "etcdserver: mvcc: database space exceeded";
const CORRUPT: &str = "etcdserver: corrupt cluster";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = alarm_cases();
    cases.extend(blocked());
    cases.extend(others());
    cases
}

#[rustfmt::skip]
fn alarm_cases() -> Vec<Case> {
    use AlarmType::{Corrupt, None, Nospace};
    vec![
        holds("no alarm is listed at first", |_| vec![list(None)], |reply, _| alarms(reply).is_empty()),
        holds("raising tells the alarm", |_| vec![raise(Nospace)], |reply, _| alarms(reply) == [AlarmMember { member_id: THIS_MEMBER, alarm: Nospace as i32 }]),
        holds("raising twice tells it again", |_| vec![raise(Nospace), raise(Nospace), list(None)], |reply, _| alarms(reply).len() == 1),
        holds("NONE lists all kinds", |_| vec![raise(Nospace), raise(Corrupt), list(None)], |reply, _| alarms(reply).len() == 2),
        holds("a kind lists its own", |_| vec![raise(Nospace), raise(Corrupt), list(Corrupt)], |reply, _| alarms(reply).len() == 1),
        holds("raising NONE does nothing", |_| vec![raise(None), list(None)], |reply, _| alarms(reply).is_empty()),
        holds("disarming tells what was disarmed", |_| vec![raise(Nospace), disarm(Nospace)], |reply, _| alarms(reply).len() == 1),
        holds("disarming what is not raised tells nothing", |_| vec![disarm(Nospace)], |reply, _| alarms(reply).is_empty()),
        holds("an alarm of a member that is not there is kept too", |_| vec![alarm(AlarmAction::Activate, 0x0123_4567_89ab_cdef, Nospace), list(None)], |reply, _| alarms(reply).len() == 1),
        alone("an action that nobody knows is refused", |_| vec![Step::Alarm(AlarmRequest { action: 3, ..AlarmRequest::default() })], Expect::Refused(InvalidArgument, "etcdserver: unknown alarm action")),
        holds("status tells alarms as text", |_| vec![raise(Nospace), Step::Status], |reply, _| status(reply).errors == [format!("memberID:{THIS_MEMBER} alarm:NOSPACE")]),
        holds("also those of no member and no known kind", |_| vec![Step::Alarm(AlarmRequest { action: 1, member_id: 0, alarm: 99 }), Step::Status], |reply, _| status(reply).errors == ["alarm:99"]),
    ]
}

#[rustfmt::skip]
fn blocked() -> Vec<Case> {
    use AlarmType::{Corrupt, Nospace};
    vec![
        refused("NOSPACE refuses a put", |_| vec![raise(Nospace), put("a", "1")], ResourceExhausted, NO_SPACE),
        refused("NOSPACE refuses a txn with a put", |_| vec![raise(Nospace), txn_of(vec![get("a"), put("a", "1")])], ResourceExhausted, NO_SPACE),
        refused("NOSPACE refuses a grant", |_| vec![raise(Nospace), grant(7, 1000)], ResourceExhausted, NO_SPACE),
        holds("NOSPACE lets reads through", |_| vec![put("a", "1"), raise(Nospace), range("\0", "\0")], |reply, _| keys(reply) == ["a"]),
        holds("NOSPACE lets deletes through", |_| vec![put("a", "1"), raise(Nospace), delete("a", "")], |reply, r| revision(reply) == r + 2),
        holds("NOSPACE lets a txn of deletes through", |_| vec![put("a", "1"), raise(Nospace), txn_of(vec![delete("a", "")])], |reply, r| revision(reply) == r + 2),
        holds("writes go on once it is disarmed", |_| vec![raise(Nospace), disarm(Nospace), put("a", "1")], |reply, r| revision(reply) == r + 1),
        refused("CORRUPT refuses a put", |_| vec![raise(Corrupt), put("a", "1")], DataLoss, CORRUPT),
        refused("CORRUPT refuses a delete", |_| vec![raise(Corrupt), delete("a", "")], DataLoss, CORRUPT),
        refused("CORRUPT refuses a grant", |_| vec![raise(Corrupt), grant(7, 1000)], DataLoss, CORRUPT),
        holds("CORRUPT lets reads through", |_| vec![put("a", "1"), raise(Corrupt), get("a")], |reply, _| keys(reply) == ["a"]),
    ]
}

#[rustfmt::skip]
fn others() -> Vec<Case> {
    let healthy = |reply: &Reply, _: i64| matches!(reply, Reply::Health(reply) if reply.status == ServingStatus::Serving as i32);
    vec![
        holds("status of a healthy member", |_| vec![Step::Status], |reply, r| {
            let status = status(reply);
            status.version == "3.7" && status.errors.is_empty() && !status.is_learner
                && status.leader == THIS_MEMBER && status.db_size_quota == 2 * 1024 * 1024 * 1024 && revision(reply) == r
        }),
        holds("the storage has its version soon", |_| vec![Step::AwaitStorage("3.7.0")], |reply, _| matches!(reply, Reply::Waited(true))),
        holds("defragment has no header", |_| vec![Step::Defragment], |reply, _| matches!(reply, Reply::Defragment(reply) if reply.header.is_none())),
        holds("hash has a header", |_| vec![Step::Hash], |reply, r| matches!(reply, Reply::Hash(reply) if reply.header.as_ref().is_some_and(|h| h.revision == r))),
        holds("a snapshot counts down and ends with its checksum", |_| vec![put("a", vec![b'x'; 100_000]), Step::Snapshot],
            |reply, _| matches!(reply, Reply::Snapshot(shape) if shape.checksum && shape.counts_down && shape.small_chunks && shape.pages && shape.version == "3")),
        holds("the member list has one started member", |_| vec![Step::MemberList(MemberListRequest { linearizable: true })], |reply, _| matches!(reply, Reply::MemberList(reply)
            if reply.members.len() == 1 && reply.members[0].id == THIS_MEMBER && reply.members[0].name == "m1" && !reply.members[0].is_learner)),
        holds("its header has no revision", |_| vec![put("a", "1"), Step::MemberList(MemberListRequest { linearizable: false })], |reply, _| matches!(reply, Reply::MemberList(reply)
            if reply.header.as_ref().is_some_and(|h| h.revision == 0 && h.member_id == 1))),
        holds("auth is off", |_| vec![Step::AuthStatus], |reply, _| matches!(reply, Reply::AuthStatus(reply) if !reply.enabled && reply.auth_revision == 1)),
        holds("the server is healthy", |_| vec![Step::Health(String::new())], healthy),
        holds("a health watch begins with the state", |_| vec![Step::HealthWatch(String::new())], healthy),
        refused("an unknown service has no health", |_| vec![Step::Health("etcdserverpb.KV".to_owned())], NotFound, "unknown service"),
        holds("a health watch of an unknown service says so", |_| vec![Step::HealthWatch("x".to_owned())], |reply, _| matches!(reply, Reply::Health(reply) if reply.status == ServingStatus::ServiceUnknown as i32)),
    ]
}
