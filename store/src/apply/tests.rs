//! Commands carried out on a state in memory, without log, threads or clock.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::mvccpb::event::EventType;

use super::*;
use crate::backend::{Backend, Blob, MemoryBackend};
use crate::cluster::{Conf, Member, MemberChange};
use crate::command::{Alarm, LeaseCheckpoint, LeaseExpire, LeaseLeft, Membership};
use crate::lease;
use crate::mvcc::{Options, Store};
use crate::raft::{Change, Committed, Kind};

const TERM: u64 = 5;

struct Fixture {
    backend: Arc<MemoryBackend>,
    state: State,
    effects: Effects,
    /// Index of the last command.
    index: u64,
}

impl Fixture {
    fn new() -> Self {
        let backend = Arc::new(MemoryBackend::new());
        let members = vec![pb::Member {
            id: 1,
            peer_ur_ls: vec!["http://127.0.0.1:2380".into()],
            ..Default::default()
        }];
        let identity = Identity {
            members,
            ..Default::default()
        };
        let state = Meta::first(&identity).restore(open(&backend)).unwrap();
        Self {
            backend,
            state,
            effects: Vec::new(),
            index: 0,
        }
    }

    fn apply(&mut self, command: Command) -> Outcome {
        let entry = Bytes::new();
        self.index += 1;
        let place = Place {
            index: self.index,
            term: TERM,
            entry: &entry,
            position: None,
            caller: &crate::auth::Caller::default(),
        };
        apply(&mut self.state, place, command, &mut self.effects)
    }

    /// Takes a checkpoint and goes on with what it holds.
    fn reopen(&mut self) {
        let meta = Meta::of(&self.state);
        let extra = vec![(META_KEY.into(), Some(meta.encode_to_vec().into()))];
        let done = self.state.store.begin_checkpoint(extra).run().unwrap();
        self.state.store.finish_checkpoint(done);
        let before = self.picture();
        self.backend.crash();
        let bytes = self.backend.get(META_KEY).unwrap().unwrap();
        let again = Meta::decode(bytes).unwrap();
        assert_eq!(again, meta);
        self.state = again.restore(open(&self.backend)).unwrap();
        assert_eq!(self.picture(), before);
    }

    fn ok(&mut self, command: Command) -> Reply {
        let text = format!("{command:?}");
        self.apply(command)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn txn(&mut self, request: pb::TxnRequest) -> pb::TxnResponse {
        match self.ok(Command::Txn(request)) {
            Reply::Txn(response) => response,
            other => panic!("{other:?}"),
        }
    }

    /// What cannot be carried out leaves no trace.
    fn refused(&mut self, command: Command) -> String {
        let before = self.picture();
        let text = format!("{command:?}");
        let effects = self.effects.len();
        let error = self.apply(command).expect_err(&text);
        assert_eq!(self.picture(), before, "{text} changed something");
        assert_eq!(self.effects.len(), effects, "{text} had an effect");
        error.to_string()
    }

    /// All that can be seen of the state.
    fn picture(&self) -> String {
        let store = &self.state.store;
        let query = crate::mvcc::RangeQuery {
            key: Bytes::from_static(b"\0"),
            range_end: Bytes::from_static(b"\0"),
            ..Default::default()
        };
        let kvs = store.range(&query).unwrap().kvs;
        let meta = Meta::of(&self.state);
        let leased: Vec<(i64, Vec<Bytes>)> = meta
            .leases
            .iter()
            .map(|lease| (lease.id, self.keys_of(lease.id)))
            .collect();
        format!("{} {kvs:?} {meta:?} {leased:?}", store.revision())
    }

    fn keys_of(&self, lease: i64) -> Vec<Bytes> {
        let lease = self.state.leases.get(lease);
        lease.map_or(Vec::new(), |lease| lease.keys().cloned().collect())
    }

    fn value(&self, key: &'static str) -> Option<Bytes> {
        let kv = self.state.store.get(key.as_bytes()).unwrap();
        kv.map(|kv| kv.value)
    }
}

fn open(backend: &Arc<MemoryBackend>) -> Store {
    Store::open(backend.clone(), Options::default()).unwrap()
}

fn put(key: &'static str, value: &'static str) -> pb::PutRequest {
    pb::PutRequest {
        key: key.into(),
        value: value.into(),
        ..Default::default()
    }
}

fn leased(key: &'static str, lease: i64) -> pb::PutRequest {
    pb::PutRequest {
        lease,
        ..put(key, "")
    }
}

fn delete(key: &'static str, range_end: &'static str) -> pb::DeleteRangeRequest {
    pb::DeleteRangeRequest {
        key: key.into(),
        range_end: range_end.into(),
        ..Default::default()
    }
}

fn get(key: &'static str, revision: i64) -> pb::RangeRequest {
    pb::RangeRequest {
        key: key.into(),
        revision,
        ..Default::default()
    }
}

fn op(request: Request) -> pb::RequestOp {
    pb::RequestOp {
        request: Some(request),
    }
}

fn op_put(request: pb::PutRequest) -> pb::RequestOp {
    op(Request::RequestPut(request))
}

fn value_is(key: &'static str, value: &'static str) -> pb::Compare {
    pb::Compare {
        target: CompareTarget::Value as i32,
        key: key.into(),
        target_union: Some(TargetUnion::Value(value.into())),
        ..Default::default()
    }
}

fn txn(
    compare: Vec<pb::Compare>,
    success: Vec<pb::RequestOp>,
    failure: Vec<pb::RequestOp>,
) -> pb::TxnRequest {
    pb::TxnRequest {
        compare,
        success,
        failure,
    }
}

fn grant(id: i64) -> Command {
    Command::LeaseGrant(pb::LeaseGrantRequest { ttl: 60, id })
}

fn expire(term: u64, id: i64, granted: u64) -> Command {
    Command::LeaseExpire(LeaseExpire { term, id, granted })
}

fn checkpoint(id: i64, granted: u64, seconds: i64) -> Command {
    checkpoint_of(TERM, id, granted, seconds)
}

fn checkpoint_of(term: u64, id: i64, granted: u64, seconds: i64) -> Command {
    let leases = vec![LeaseLeft {
        id,
        granted,
        seconds,
    }];
    Command::LeaseCheckpoint(LeaseCheckpoint { term, leases })
}

fn revoke(id: i64) -> Command {
    Command::LeaseRevoke(pb::LeaseRevokeRequest { id })
}

fn compact(revision: i64) -> Command {
    Command::Compact(pb::CompactionRequest {
        revision,
        physical: false,
    })
}

fn alarm(action: AlarmAction, alarm: pb::AlarmType, automatic: bool) -> Command {
    Command::Alarm(Alarm {
        request: pb::AlarmRequest {
            action: action as i32,
            member_id: 1,
            alarm: alarm as i32,
        },
        automatic,
    })
}

#[test]
fn puts_and_deletions_make_one_revision_each_if_they_change_something() {
    let mut fixture = Fixture::new();
    let Reply::Put(reply) = fixture.ok(Command::Put(put("a", "1"))) else {
        panic!("not a put")
    };
    assert_eq!((reply.header.unwrap().revision, reply.prev_kv), (2, None));
    let again = pb::PutRequest {
        prev_kv: true,
        ..put("a", "2")
    };
    let Reply::Put(reply) = fixture.ok(Command::Put(again)) else {
        panic!("not a put")
    };
    let previous = reply.prev_kv.unwrap();
    assert_eq!((&*previous.value, previous.version), (&b"1"[..], 1));
    fixture.ok(Command::Put(put("b", "")));
    fixture.effects.clear();
    let all = pb::DeleteRangeRequest {
        prev_kv: true,
        ..delete("a", "z")
    };
    let Reply::DeleteRange(reply) = fixture.ok(Command::DeleteRange(all.clone())) else {
        panic!("not a deletion")
    };
    assert_eq!((reply.deleted, reply.prev_kvs.len()), (2, 2));
    assert_eq!(reply.header.unwrap().revision, 5);
    let [Effect::Events(5, events)] = &fixture.effects[..] else {
        panic!("{:?}", fixture.effects)
    };
    assert!(events.iter().all(|e| e.r#type() == EventType::Delete));
    let Reply::DeleteRange(reply) = fixture.ok(Command::DeleteRange(all)) else {
        panic!("not a deletion")
    };
    assert_eq!((reply.deleted, reply.header.unwrap().revision), (0, 5));
    assert_eq!(fixture.effects.len(), 1, "nothing was deleted");
}

#[test]
fn a_put_that_cannot_be_carried_out_changes_nothing() {
    let mut fixture = Fixture::new();
    fixture.ok(Command::Put(put("a", "1")));
    let ignoring = |key, ignore_value, ignore_lease| pb::PutRequest {
        ignore_value,
        ignore_lease,
        ..put(key, "")
    };
    let table = [
        (leased("a", 9), "requested lease not found"),
        (ignoring("b", true, false), "key not found"),
        (ignoring("b", false, true), "key not found"),
    ];
    for (request, expected) in table {
        assert_eq!(fixture.refused(Command::Put(request)), expected);
    }
    fixture.ok(grant(9));
    fixture.ok(Command::Put(leased("a", 9)));
    fixture.ok(Command::Put(put("c", "1")));
    fixture.ok(Command::Put(ignoring("a", false, true)));
    assert_eq!(fixture.keys_of(9), ["a"], "the lease was kept");
    fixture.ok(Command::Put(ignoring("c", true, false)));
    assert_eq!(fixture.value("c"), Some("1".into()), "the value was kept");
}

#[test]
fn all_compares_are_answered_before_the_first_write() {
    let mut fixture = Fixture::new();
    fixture.ok(Command::Put(put("a", "old")));
    let inner = txn(
        vec![value_is("a", "old")],
        vec![op_put(put("b", "then"))],
        vec![op_put(put("b", "else"))],
    );
    let response = fixture.txn(txn(
        vec![value_is("a", "old")],
        vec![
            op_put(put("a", "new")),
            op(Request::RequestTxn(inner)),
            op(Request::RequestRange(get("a", 0))),
        ],
        vec![],
    ));
    assert!(response.succeeded);
    assert_eq!(fixture.value("b"), Some("then".into()));
    let Some(pb::response_op::Response::ResponseRange(range)) = &response.responses[2].response
    else {
        panic!("{response:?}")
    };
    assert_eq!(range.kvs[0].value, "new", "a range sees its own writes");
    assert_eq!(response.header.unwrap().revision, 3);
    let Some(Effect::Events(3, events)) = fixture.effects.last() else {
        panic!("{:?}", fixture.effects)
    };
    assert_eq!(events.len(), 2, "one revision tells of both puts");
}

/// Makes an operation, once for each place it is tried in.
type Make = fn() -> Request;

#[test]
fn a_branch_that_fails_changes_nothing() {
    let mut fixture = Fixture::new();
    for value in ["1", "2", "3"] {
        fixture.ok(Command::Put(put("a", value)));
    }
    fixture.ok(compact(3));
    let bad: [(Make, &str); 5] = [
        (
            || Request::RequestPut(leased("c", 9)),
            "requested lease not found",
        ),
        (
            || {
                Request::RequestPut(pb::PutRequest {
                    ignore_value: true,
                    ..put("c", "")
                })
            },
            "key not found",
        ),
        (
            || Request::RequestRange(get("a", 5)),
            "required revision is a future revision",
        ),
        (
            || Request::RequestRange(get("a", 2)),
            "required revision has been compacted",
        ),
        (
            || Request::RequestRange(get("a", -1)),
            "required revision has been compacted",
        ),
    ];
    for (request, expected) in bad {
        let inner = || txn(vec![], vec![op_put(put("d", "")), op(request())], vec![]);
        let writing = || {
            vec![
                op_put(put("b", "")),
                op(Request::RequestDeleteRange(delete("a", ""))),
            ]
        };
        let direct = txn(vec![], [writing(), vec![op(request())]].concat(), vec![]);
        let failed = vec![value_is("a", "no")];
        let nested = [writing(), vec![op(Request::RequestTxn(inner()))]].concat();
        let requests = [
            direct,
            txn(vec![], nested.clone(), vec![]),
            txn(failed, vec![], nested),
        ];
        for request in requests {
            let error = fixture.refused(Command::Txn(request));
            assert!(error.ends_with(expected), "{error}, not {expected}");
        }
        // In the branch that is not taken it does no harm.
        let other = txn(vec![], vec![], vec![op(request())]);
        assert!(fixture.txn(other).succeeded);
    }
    assert_eq!(fixture.state.store.revision(), 4);
}

#[test]
fn compares_hold_as_in_etcd() {
    let mut fixture = Fixture::new();
    fixture.ok(grant(7));
    fixture.ok(Command::Put(put("a", "m")));
    fixture.ok(Command::Put(pb::PutRequest {
        lease: 7,
        ..put("a", "m")
    }));
    fixture.ok(Command::Put(put("b", "n")));
    use CompareResult::{Equal, Greater, Less, NotEqual};
    use TargetUnion::{CreateRevision, Lease, ModRevision, Value, Version};
    let table = [
        (
            "a",
            "",
            CompareTarget::Create,
            CreateRevision(2),
            [true, false, false, false],
        ),
        (
            "a",
            "",
            CompareTarget::Mod,
            ModRevision(2),
            [false, true, true, false],
        ),
        (
            "a",
            "",
            CompareTarget::Version,
            Version(3),
            [false, true, false, true],
        ),
        (
            "a",
            "",
            CompareTarget::Lease,
            Lease(7),
            [true, false, false, false],
        ),
        (
            "a",
            "",
            CompareTarget::Value,
            Value("l".into()),
            [false, true, true, false],
        ),
        // A key that does not exist is all zeros, but has no value.
        (
            "x",
            "",
            CompareTarget::Create,
            CreateRevision(0),
            [true, false, false, false],
        ),
        (
            "x",
            "",
            CompareTarget::Version,
            Version(1),
            [false, true, false, true],
        ),
        ("x", "", CompareTarget::Value, Value("".into()), [false; 4]),
        // Every key of a range has to agree.
        (
            "a",
            "c",
            CompareTarget::Value,
            Value("m".into()),
            [false, false, false, false],
        ),
        (
            "a",
            "c",
            CompareTarget::Value,
            Value("l".into()),
            [false, true, true, false],
        ),
        ("x", "z", CompareTarget::Value, Value("".into()), [false; 4]),
        (
            "x",
            "z",
            CompareTarget::Mod,
            ModRevision(0),
            [true, false, false, false],
        ),
        // The value of another target counts as none.
        (
            "a",
            "",
            CompareTarget::Version,
            ModRevision(2),
            [false, true, true, false],
        ),
    ];
    for (key, range_end, target, union, expected) in table {
        for (result, expected) in [Equal, NotEqual, Greater, Less].into_iter().zip(expected) {
            let compare = pb::Compare {
                result: result as i32,
                target: target as i32,
                key: key.into(),
                range_end: range_end.into(),
                target_union: Some(union.clone()),
            };
            let response = fixture.txn(txn(vec![compare.clone()], vec![], vec![]));
            assert_eq!(response.succeeded, expected, "{compare:?}");
        }
    }
}

#[test]
fn keys_hang_on_the_lease_that_was_written_last() {
    let mut fixture = Fixture::new();
    fixture.ok(grant(7));
    fixture.ok(grant(8));
    assert_eq!(fixture.refused(grant(7)), "lease already exists");
    fixture.ok(Command::Put(leased("a", 7)));
    fixture.ok(Command::Put(leased("b", 7)));
    fixture.ok(Command::Put(leased("c", 7)));
    fixture.ok(Command::Put(leased("d", 7)));
    fixture.ok(Command::Put(put("a", "")));
    fixture.ok(Command::DeleteRange(delete("b", "")));
    fixture.txn(txn(
        vec![],
        vec![op_put(leased("c", 8)), op_put(leased("e", 7))],
        vec![],
    ));
    assert_eq!(fixture.keys_of(7), ["d", "e"]);
    assert_eq!(fixture.keys_of(8), ["c"]);
    fixture.effects.clear();
    let before = fixture.state.store.revision();
    fixture.ok(revoke(7));
    assert_eq!(fixture.state.store.revision(), before + 1);
    let [Effect::Events(_, events), Effect::LeaseGone(7)] = &fixture.effects[..] else {
        panic!("{:?}", fixture.effects)
    };
    let keys: Vec<Bytes> = events.iter().map(|e| e.kv.clone().unwrap().key).collect();
    assert_eq!(keys, ["d", "e"], "in the order of the keys");
    assert_eq!(fixture.refused(revoke(7)), "requested lease not found");
    // A lease without keys goes without a revision.
    fixture.ok(Command::DeleteRange(delete("c", "")));
    let before = fixture.state.store.revision();
    fixture.ok(revoke(8));
    assert_eq!(fixture.state.store.revision(), before);
}

#[test]
fn a_lease_ends_only_in_the_term_that_said_so() {
    let mut fixture = Fixture::new();
    fixture.ok(grant(7));
    fixture.ok(Command::Put(leased("a", 7)));
    for term in [TERM - 1, TERM + 1, 0] {
        let before = fixture.picture();
        let reply = fixture.ok(expire(term, 7, 1));
        assert_eq!(
            (reply, fixture.picture()),
            (Reply::Fenced, before),
            "{term}"
        );
    }
    fixture.ok(expire(TERM, 7, 1));
    assert_eq!(fixture.value("a"), None);
    assert_eq!(fixture.effects.last(), Some(&Effect::LeaseGone(7)));
    let text = fixture.refused(expire(TERM, 7, 1));
    assert_eq!(text, "requested lease not found");
}

#[test]
fn what_a_lease_has_left_is_noted_only_in_the_term_that_said_so() {
    let mut fixture = Fixture::new();
    fixture.ok(grant(7));
    for (term, seconds) in [(TERM - 1, 10), (TERM + 1, 10), (0, 0)] {
        let before = fixture.picture();
        let reply = fixture.ok(checkpoint_of(term, 7, 1, seconds));
        assert_eq!((reply, fixture.picture()), (Reply::Fenced, before));
    }
    assert_eq!(fixture.ok(checkpoint(7, 1, 10)), Reply::Done);
    assert_eq!(fixture.state.leases.get(7).unwrap().seconds_left(), 10);
}

#[test]
fn a_lease_granted_anew_does_not_end_with_the_one_before() {
    let mut fixture = Fixture::new();
    fixture.ok(grant(7));
    fixture.ok(revoke(7));
    fixture.ok(grant(7));
    let anew = fixture.index;
    fixture.ok(Command::Put(leased("a", 7)));
    let stale = [expire(TERM, 7, 1), checkpoint(7, 1, 10)];
    let check = |fixture: &mut Fixture| {
        let text = fixture.refused(stale[0].clone());
        assert_eq!(text, "requested lease not found");
        let before = fixture.picture();
        fixture.ok(stale[1].clone());
        assert_eq!(fixture.picture(), before);
    };
    check(&mut fixture);
    fixture.reopen();
    check(&mut fixture);
    fixture.ok(checkpoint(7, anew, 10));
    assert_eq!(fixture.state.leases.get(7).unwrap().seconds_left(), 10);
    fixture.ok(expire(TERM, 7, anew));
    assert_eq!(fixture.value("a"), None);
}

#[test]
fn alarms_stop_just_what_they_are_about() {
    let writing = || txn(vec![], vec![], vec![op_put(put("a", ""))]);
    let nested = txn(vec![], vec![op(Request::RequestTxn(writing()))], vec![]);
    let deleting = vec![op(Request::RequestDeleteRange(delete("k", "")))];
    // Command, whether NOSPACE stops it, whether CORRUPT does.
    let table = [
        (Command::Put(put("a", "")), true, true),
        (Command::Txn(writing()), true, true),
        (Command::Txn(nested), true, true),
        (Command::Txn(txn(vec![], deleting, vec![])), false, true),
        (Command::DeleteRange(delete("k", "")), false, true),
        (compact(2), false, true),
        (grant(9), true, true),
        (revoke(7), false, true),
        (expire(TERM, 7, 1), false, true),
        (checkpoint(7, 1, 10), false, false),
        (Command::Publish(pb::Member::default()), false, false),
        (
            alarm(AlarmAction::Deactivate, pb::AlarmType::Corrupt, false),
            false,
            false,
        ),
    ];
    let kinds = [
        (pb::AlarmType::Nospace, "database space exceeded"),
        (pb::AlarmType::Corrupt, "corrupt cluster"),
    ];
    for (command, by_nospace, by_corrupt) in table {
        for ((kind, text), is_stopped) in kinds.into_iter().zip([by_nospace, by_corrupt]) {
            let mut fixture = Fixture::new();
            fixture.ok(grant(7));
            fixture.ok(Command::Put(put("k", "")));
            fixture.ok(alarm(AlarmAction::Activate, kind, false));
            match is_stopped {
                true => assert_eq!(fixture.refused(command.clone()), text),
                false => drop(fixture.ok(command.clone())),
            }
            fixture.ok(alarm(AlarmAction::Deactivate, kind, false));
            if is_stopped {
                fixture.ok(command.clone());
            }
        }
    }
}

#[test]
fn an_operators_alarm_is_not_the_quotas() {
    use AlarmAction::{Activate, Deactivate, Get};
    let nospace = pb::AlarmType::Nospace;
    let mut fixture = Fixture::new();
    let mut run = |action, automatic| {
        let Reply::Alarm(reply) = fixture.ok(alarm(action, nospace, automatic)) else {
            panic!("not an alarm")
        };
        (
            reply.alarms.len(),
            fixture.state.alarms.no_space(1) == Some(true),
        )
    };
    assert_eq!(run(Deactivate, false), (0, false), "it was not on");
    assert_eq!(run(Activate, true), (1, true));
    assert_eq!(run(Activate, false), (1, false), "now it is the operator's");
    assert_eq!(run(Activate, true), (1, false), "and stays so");
    assert_eq!(run(Get, false), (1, false));
    assert_eq!(run(Deactivate, false), (1, false));
    assert_eq!(run(Get, false), (0, false));
}

#[test]
fn compactions_say_what_may_be_removed() {
    let mut fixture = Fixture::new();
    for _ in 0..4 {
        fixture.ok(Command::Put(put("a", "")));
    }
    fixture.effects.clear();
    fixture.ok(compact(3));
    fixture.ok(compact(5));
    let expected = [(-1, 3), (3, 5)];
    let expected = expected.map(|(previous, revision)| Effect::Compacted { previous, revision });
    assert_eq!(fixture.effects, expected);
    let compacted = "required revision has been compacted";
    let future = "required revision is a future revision";
    for (revision, expected) in [(4, compacted), (5, compacted), (-1, compacted), (6, future)] {
        let error = fixture.refused(compact(revision));
        assert!(error.ends_with(expected), "{revision}: {error}");
    }
}

#[test]
fn a_member_tells_its_name_and_strangers_are_passed_over() {
    let mut fixture = Fixture::new();
    let member = |id| pb::Member {
        id,
        name: "infra0".into(),
        client_ur_ls: vec!["http://127.0.0.1:2379".into()],
        ..Default::default()
    };
    fixture.ok(Command::Publish(member(1)));
    fixture.ok(Command::Publish(member(2)));
    let members: Vec<pb::Member> = fixture.state.members.iter().map(pb::Member::from).collect();
    let expected = pb::Member {
        peer_ur_ls: vec!["http://127.0.0.1:2380".into()],
        ..member(1)
    };
    assert_eq!(members, [expected]);
}

fn membership(changes: &[MemberChange]) -> Command {
    Command::Membership(Membership::new(changes, 1))
}

fn learner(id: u64) -> MemberChange {
    MemberChange::Add(Member {
        id,
        peer_urls: vec![format!("http://127.0.0.1:{id}")],
        is_learner: true,
        ..Member::default()
    })
}

#[test]
fn a_change_of_the_membership_reaches_raft_when_it_is_accepted() {
    let mut fixture = Fixture::new();
    let Reply::Members(members) = fixture.ok(membership(&[learner(7)])) else {
        panic!("a change of the membership was answered otherwise");
    };
    let seen: Vec<(u64, bool)> = members.iter().map(|m| (m.id, m.is_learner)).collect();
    assert_eq!(seen, [(1, false), (7, true)]);
    fixture.ok(membership(&[MemberChange::UpdatePeerUrls {
        id: 7,
        peer_urls: vec!["http://127.0.0.1:8".into()],
    }]));
    fixture.ok(membership(&[MemberChange::Promote(7)]));
    fixture.ok(membership(&[MemberChange::Remove(7)]));
    let told = [
        vec![Change::AddLearner(7)],
        vec![],
        vec![Change::AddVoter(7)],
        vec![Change::Remove(7)],
    ];
    assert_eq!(fixture.effects, told.map(Effect::Membership));
    assert_eq!(
        fixture.refused(membership(&[learner(7)])),
        "member not found"
    );
    assert_eq!(
        fixture.refused(membership(&[MemberChange::Remove(1)])),
        "not enough started members"
    );
}

#[test]
fn a_joint_configuration_is_left_by_an_entry_of_its_own() {
    let mut fixture = Fixture::new();
    let changes = [learner(7), MemberChange::Promote(7), learner(8)];
    fixture.ok(membership(&changes));
    assert!(fixture.state.conf.is_joint());
    let next = membership(&[MemberChange::Remove(8)]);
    let refused = fixture.refused(next.clone());
    assert_eq!(refused, "another change of the membership is under way");
    leave_joint(&mut fixture.state).unwrap();
    assert_eq!(fixture.state.conf, Conf::of(&fixture.state.members));
    assert!(leave_joint(&mut fixture.state).is_err());
    fixture.ok(next);
}

#[test]
fn the_state_comes_back_from_a_checkpoint() {
    let mut fixture = Fixture::new();
    fixture.ok(grant(7));
    fixture.ok(grant(-8));
    fixture.ok(Command::Put(leased("a", 7)));
    fixture.ok(Command::Put(leased("b", 7)));
    fixture.ok(Command::Put(leased("c", -8)));
    fixture.ok(Command::Put(put("d", "")));
    fixture.ok(Command::Put(put("b", "")));
    fixture.ok(Command::DeleteRange(delete("c", "")));
    fixture.ok(checkpoint(7, 1, 20));
    let nospace = pb::AlarmType::Nospace;
    fixture.ok(alarm(AlarmAction::Activate, nospace, true));
    fixture.ok(membership(&[learner(7)]));
    fixture.ok(membership(&[MemberChange::Remove(7)]));
    fixture.ok(membership(&[
        learner(8),
        MemberChange::Promote(8),
        learner(9),
    ]));
    fixture.state.applied = (42, TERM);
    fixture.reopen();
    assert_eq!(fixture.state.applied, (42, TERM));
    assert_eq!(fixture.keys_of(7), ["a"]);
    assert_eq!(fixture.state.leases.get(7).unwrap().seconds_left(), 20);
    assert_eq!(fixture.state.alarms.no_space(1), Some(true));
    assert!(fixture.state.members.is_removed(7) && fixture.state.conf.is_joint());
    // What was restored is alive: the key goes with its lease.
    fixture.ok(revoke(7));
    assert_eq!(fixture.value("a"), None);
}

#[test]
fn a_checkpoint_with_a_lease_that_cannot_be_is_refused() {
    let lease = |id, ttl| LeaseMeta {
        id,
        ttl,
        remaining: 0,
        granted: 1,
    };
    let table = [
        vec![lease(7, 60), lease(7, 60)],
        vec![lease(0, 60)],
        vec![lease(7, lease::TTL_MAX + 1)],
    ];
    for leases in table {
        let meta = Meta {
            leases: leases.clone(),
            ..Default::default()
        };
        let store = open(&Arc::new(MemoryBackend::new()));
        let restored = meta.restore(store);
        assert!(
            matches!(restored, Err(MetaError::Lease { .. })),
            "{leases:?}"
        );
    }
    let damaged = Meta::decode(&b"\xff\xff"[..]).map_err(MetaError::from);
    assert!(matches!(damaged, Err(MetaError::Decode(_))));
}

/// A committed command that needs a value which is damaged on this member alone.
fn apply_on_damage(request: pb::TxnRequest) {
    let mut fixture = Fixture::new();
    fixture.ok(Command::Put(put("a", "1")));
    fixture.reopen();
    for slot in 0..fixture.backend.slots_end(Blob::Values) {
        let mut blob = fixture
            .backend
            .get_blob(Blob::Values, slot)
            .unwrap()
            .unwrap()
            .to_vec();
        *blob.last_mut().unwrap() ^= 1;
        let damaged = fixture.backend.put_blob(Blob::Values, slot, blob.into());
        damaged.unwrap();
    }
    fixture.state = Meta::decode(fixture.backend.get(META_KEY).unwrap().unwrap())
        .unwrap()
        .restore(open(&fixture.backend))
        .unwrap();
    let (index, _) = fixture.state.applied;
    let entry = Committed {
        index: index + 1,
        term: TERM,
        kind: Kind::Command,
        data: Command::Txn(request).encode(1),
        position: None,
        waiter: None,
    };
    machine::carry_out(&mut fixture.state, &entry, &mut fixture.effects);
}

#[test]
#[should_panic(expected = "log entry 1 cannot be carried out: the checkpoint is damaged")]
fn a_compare_that_cannot_be_read_ends_the_member() {
    let write = op_put(put("b", "1"));
    apply_on_damage(txn(vec![value_is("a", "1")], vec![write], Vec::new()));
}

#[test]
#[should_panic(expected = "log entry 1 cannot be carried out: the checkpoint is damaged")]
fn a_range_that_cannot_be_read_ends_the_member() {
    let steps = vec![
        op_put(put("b", "1")),
        op(Request::RequestRange(get("a", 0))),
    ];
    apply_on_damage(txn(Vec::new(), steps, Vec::new()));
}

#[test]
fn damage_that_a_command_does_not_touch_is_no_hindrance() {
    let step = op_put(put("b", "1"));
    apply_on_damage(txn(Vec::new(), vec![step], Vec::new()));
}

#[test]
fn what_every_member_refuses_is_no_damage() {
    let step = op(Request::RequestRange(get("b", 1000)));
    apply_on_damage(txn(Vec::new(), vec![step], Vec::new()));
}
