//! Limits that flags set: a quota of 1 MiB, 4 operations in a txn, requests of 2,000,000 bytes.
//!
//! The quota is another one than etcd's (docs/adr/0005): it counts the data and not the file, an
//! oversized request fails alone, and the alarm goes when there is room again.

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmMember, AlarmRequest, AlarmType};
use tonic::Code::{InvalidArgument, ResourceExhausted};

use super::Expect::{Holds, Refused};
use super::build::{compact, delete, get, grant, keys, put, range, revision, txn, txn_of};
use super::{Case, apart, holds, refused};
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

/// Puts so many bytes.
fn sized(bytes: usize) -> Step {
    put("big", vec![b'x'; bytes])
}

/// Puts until hardly anything fits any more, waits for the alarm, and goes on. Etcd's file grows
/// some time after a put, so that another put may be needed to see that nothing fits.
fn full(last: Vec<Step>) -> Vec<Step> {
    let mut steps = vec![put("a", "1")];
    steps.extend((0..40).map(|_| sized(40_000)));
    steps.push(Step::AwaitAlarms {
        raised: true,
        seconds: 1,
    });
    steps.extend([sized(40_000), await_alarms(true)]);
    steps.extend(last);
    steps
}

/// Takes away all that filled the store: what of it etcd let in is behind a revision that ours has
/// passed as well.
fn emptied(revision: i64, last: Vec<Step>) -> Vec<Step> {
    let mut steps = vec![delete("\0", "\0"), compact(revision + 20)];
    steps.extend(last);
    steps
}

fn await_alarms(raised: bool) -> Step {
    Step::AwaitAlarms { raised, seconds: 5 }
}

fn came(reply: &Reply, _: i64) -> bool {
    matches!(reply, Reply::Waited(true))
}

fn did_not_come(reply: &Reply, _: i64) -> bool {
    matches!(reply, Reply::Waited(false))
}

fn is_raised(reply: &Reply, _: i64) -> bool {
    let alarm = AlarmMember {
        member_id: THIS_MEMBER,
        alarm: AlarmType::Nospace as i32,
    };
    matches!(reply, Reply::Alarm(reply) if reply.alarms == [alarm])
}

fn is_off(reply: &Reply, _: i64) -> bool {
    matches!(reply, Reply::Alarm(reply) if reply.alarms.is_empty())
}

const NO_SPACE: &str = "etcdserver: mvcc: database space exceeded";
const FULL: super::Expect = Refused(ResourceExhausted, NO_SPACE);

pub(super) fn cases() -> Vec<Case> {
    let mut cases = sizes();
    cases.extend(oversized());
    cases.extend(filled());
    cases.extend(cleared());
    cases
}

#[rustfmt::skip]
fn sizes() -> Vec<Case> {
    vec![
        holds("as many operations as the flag says", |_| vec![txn_of(vec![get("a"); 4])], |reply, _| matches!(reply, Reply::Txn(_))),
        refused("one operation more", |_| vec![txn_of(vec![get("a"); 5])], InvalidArgument, "etcdserver: too many operations in txn request"),
        refused("a message over the flag's limit and 512 KiB", |_| vec![sized(2_524_288)], ResourceExhausted, "grpc: received message larger than max (2524298 vs. 2524288)"),
        refused("a request over the flag's limit", |_| vec![delete(vec![b'x'; 2_000_001], "")], InvalidArgument, "etcdserver: request is too large"),
        holds("a request below it", |_| vec![delete(vec![b'x'; 1_999_000], "")], |reply, r| revision(reply) == r),
        holds("status tells the quota", |_| vec![Step::Status], |reply, _| matches!(reply, Reply::Status(reply) if reply.db_size_quota == 1_048_576)),
    ]
}

/// One request that would not fit.
#[rustfmt::skip]
fn oversized() -> Vec<Case> {
    vec![
        apart("the quota is looked at before the size", |_| vec![sized(2_000_001)], FULL, FULL),
        apart("a put that exceeds the quota", |_| vec![sized(1_600_000)], FULL, FULL),
        apart("the quota counts a txn by its larger branch", |_| vec![txn([], [], [sized(1_600_000)])], FULL, FULL),
        apart("it raises the alarm in etcd alone", |_| vec![sized(1_600_000), alarm(AlarmAction::Get)], Holds(is_off), Holds(is_raised)),
        apart("then etcd refuses a small put too", |_| vec![sized(1_600_000), put("a", "1")], Holds(|reply, r| revision(reply) == r + 1), FULL),
        apart("a small put goes through once the alarm is disarmed", |_| vec![sized(1_600_000), alarm(AlarmAction::Deactivate), put("a", "1")],
            Holds(|reply, r| revision(reply) == r + 1), Holds(|reply, r| revision(reply) == r + 1)),
    ]
}

/// A store in which hardly anything fits.
#[rustfmt::skip]
fn filled() -> Vec<Case> {
    let through = Holds(|reply, r| revision(reply) > r);
    vec![
        apart("a full store raises the alarm", |_| full(vec![alarm(AlarmAction::Get)]), Holds(is_raised), Holds(is_raised)),
        apart("then a small put is refused", |_| full(vec![put("b", "1")]), FULL, FULL),
        apart("so is a txn with a put", |_| full(vec![txn_of(vec![get("a"), put("b", "1")])]), FULL, FULL),
        apart("so is a lease", |_| full(vec![grant(7, 1000)]), FULL, FULL),
        apart("a read is not", |_| full(vec![range("\0", "\0")]), Holds(|reply, _| keys(reply) == ["a", "big"]), Holds(|reply, _| keys(reply) == ["a", "big"])),
        apart("a delete is not", |_| full(vec![delete("a", "")]), through, through),
        apart("nor is a txn of deletes", |_| full(vec![txn_of(vec![delete("a", "")])]), through, through),
        apart("nor is a compaction", |r| full(vec![compact(r + 5)]), through, through),
        apart("what still fits does so once the alarm is disarmed by hand", |_| full(vec![alarm(AlarmAction::Deactivate), put("b", "1")]), through, FULL),
        apart("what does not fit raises it again", |_| full(vec![alarm(AlarmAction::Deactivate), sized(40_000), await_alarms(true)]), Holds(came), Holds(came)),
    ]
}

/// A store in which there is room again.
#[rustfmt::skip]
fn cleared() -> Vec<Case> {
    vec![
        apart("room alone clears the alarm in ours", |r| full(emptied(r, vec![await_alarms(false)])), Holds(came), Holds(did_not_come)),
        apart("then a put goes through", |r| full(emptied(r, vec![await_alarms(false), put("b", "1")])), Holds(|reply, r| revision(reply) > r), FULL),
        apart("and the alarm stays off", |r| full(emptied(r, vec![await_alarms(false), await_alarms(true)])), Holds(did_not_come), Holds(came)),
        apart("a delete without a compaction makes no room", |_| full(vec![delete("\0", "\0"), Step::AwaitAlarms { raised: false, seconds: 2 }]), Holds(did_not_come), Holds(did_not_come)),
        apart("an operator's alarm stays on, with room", |_| vec![alarm(AlarmAction::Activate), Step::AwaitAlarms { raised: false, seconds: 3 }], Holds(did_not_come), Holds(did_not_come)),
        apart("also where the quota raised it first", |r| full(emptied(r, vec![])).into_iter().flat_map(|step| match step {
                Step::DeleteRange(_) => vec![alarm(AlarmAction::Activate), step],
                other => vec![other],
            }).chain([Step::AwaitAlarms { raised: false, seconds: 3 }]).collect(), Holds(did_not_come), Holds(did_not_come)),
    ]
}
