//! The judges themselves: histories that must pass, and such that must not.

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::mvccpb::Event;
use store::apply::Reply;
use store::command::{Command, LeaseExpire};

use super::{Seen, Watching, all, order, replay, watches};
use crate::agenda::SECOND;
use crate::history::{Answer, History, Request};
use crate::log::{Applied, Log};
use crate::model::Model;

/// A cluster that does everything right, step by step.
#[derive(Default)]
struct Right {
    history: History,
    log: Log,
    model: Model,
    now: u64,
}

fn put(key: &'static str, value: &str) -> Request {
    Request::Put(pb::PutRequest {
        key: Bytes::from_static(key.as_bytes()),
        value: Bytes::copy_from_slice(value.as_bytes()),
        ..Default::default()
    })
}

fn get(key: &'static str) -> pb::RangeRequest {
    pb::RangeRequest {
        key: Bytes::from_static(key.as_bytes()),
        ..Default::default()
    }
}

impl Right {
    fn call(&mut self, request: Request) -> u64 {
        self.now += 10;
        self.history.call(0, 1, request, self.now)
    }

    /// Puts a command into the log; the answer it comes to.
    fn order(&mut self, id: u64, command: &Command, term: u64) -> Answer {
        self.now += 10;
        let expected = self.model.apply(command, term);
        let applied = Applied {
            index: self.log.last() + 1,
            term,
            data: command.encode(id),
            outcome: Some(expected.outcome.clone()),
            events: expected.events,
            revision: self.model.revision,
        };
        self.log.record(1, applied, self.now).unwrap();
        Answer::Ordered(expected.outcome)
    }

    fn order_op(&mut self, id: u64) -> Answer {
        let request = self.history.get(id).unwrap().request.clone();
        let command = super::command_of(&request).unwrap();
        self.order(id, &command, 1)
    }

    fn answer(&mut self, id: u64, answer: Answer) {
        self.now += 10;
        self.history.answer(id, answer, self.now);
    }

    fn does(&mut self, request: Request) -> u64 {
        let id = self.call(request);
        let answer = self.order_op(id);
        self.answer(id, answer);
        id
    }

    fn reads_at(&mut self, request: pb::RangeRequest, revision: i64) {
        let id = self.call(Request::Range(request.clone()));
        let answer = self.model.range(&request, revision, -1);
        self.answer(id, Answer::Range(answer));
    }

    fn judge(&self) -> Result<(), String> {
        all(&self.history, &self.log, &[], None).map(drop)
    }

    fn must_fail(&self, reason: &str) {
        let error = self.judge().unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn what_is_right_passes() {
    let mut right = Right::default();
    right.does(put("a", "1"));
    right.does(put("b", "1"));
    right.reads_at(get("a"), 3);
    right.does(Request::Delete(pb::DeleteRangeRequest {
        key: "a".into(),
        ..Default::default()
    }));
    right.reads_at(get("a"), 4);
    right.judge().unwrap();
}

#[test]
fn a_stale_read_is_seen() {
    let mut right = Right::default();
    right.does(put("a", "1"));
    right.does(put("a", "2"));
    right.reads_at(get("a"), 2);
    right.must_fail("stale read");
}

#[test]
fn reads_must_not_go_back() {
    let mut right = Right::default();
    right.does(put("a", "1"));
    let write = right.call(put("a", "2"));
    let answer = right.order_op(write);
    // While the write is under way a read may see it or not, but no later one may see less.
    right.reads_at(get("a"), 3);
    right.reads_at(get("a"), 2);
    right.answer(write, answer);
    right.must_fail("stale read");
}

#[test]
fn a_read_that_overlaps_a_write_may_see_either() {
    for revision in [2, 3] {
        let mut right = Right::default();
        right.does(put("a", "1"));
        let write = right.call(put("a", "2"));
        let answer = right.order_op(write);
        right.reads_at(get("a"), revision);
        right.answer(write, answer);
        right.judge().unwrap();
    }
}

#[test]
fn a_read_of_what_never_was_is_seen() {
    let mut right = Right::default();
    right.does(put("a", "1"));
    let request = get("a");
    let id = right.call(Request::Range(request.clone()));
    let mut answer = right.model.range(&request, 2, -1).unwrap();
    answer.kvs[0].value = "2".into();
    right.answer(id, Answer::Range(Ok(answer)));
    right.must_fail("should have read");
}

#[test]
fn a_lost_write_is_seen() {
    let mut right = Right::default();
    right.does(put("a", "1"));
    let id = right.call(put("a", "2"));
    let reply = pb::PutResponse {
        header: Some(pb::ResponseHeader {
            revision: 3,
            ..Default::default()
        }),
        prev_kv: None,
    };
    right.answer(id, Answer::Ordered(Ok(Reply::Put(reply))));
    right.must_fail("lost");
}

#[test]
fn a_write_carried_out_twice_is_seen() {
    let mut right = Right::default();
    let id = right.does(put("a", "1"));
    right.order_op(id);
    right.must_fail("twice");
}

#[test]
fn a_refused_write_that_was_carried_out_is_seen() {
    let mut right = Right::default();
    let id = right.call(put("a", "1"));
    right.order_op(id);
    right.answer(id, Answer::Refused);
    right.must_fail("refused");
}

#[test]
fn an_unknown_write_may_take_effect_later_but_not_before_it_was_called() {
    let mut right = Right::default();
    let id = right.call(put("a", "1"));
    right.answer(id, Answer::Unknown);
    right.reads_at(get("a"), 1);
    right.order_op(id);
    right.reads_at(get("a"), 2);
    right.judge().unwrap();

    let mut wrong = Right::default();
    // Its entry was there and seen before anybody asked for it.
    wrong.now += 10;
    let command = super::command_of(&put("a", "1")).unwrap();
    wrong.order(2, &command, 1);
    wrong.reads_at(get("a"), 2);
    wrong.call(put("a", "1"));
    wrong.must_fail("before it was asked for");
}

#[test]
fn writes_must_keep_the_order_of_time() {
    let mut right = Right::default();
    let first = right.call(put("a", "1"));
    let second = right.call(put("a", "2"));
    // The second is ordered first, which is right while both are under way ...
    let answer = right.order_op(second);
    right.answer(second, answer);
    let answer = right.order_op(first);
    right.answer(first, answer);
    right.judge().unwrap();
    // ... and wrong if the first ended before the second began.
    let mut wrong = Right::default();
    let first = wrong.call(put("a", "1"));
    let command = super::command_of(&put("a", "2")).unwrap();
    wrong.order(2, &command, 1);
    let answer = wrong.order_op(first);
    wrong.answer(first, answer);
    wrong.call(put("a", "2"));
    wrong.must_fail("before it was asked for");
}

#[test]
fn a_reply_that_does_not_fit_is_seen() {
    let mut right = Right::default();
    let id = right.call(put("a", "1"));
    right.order_op(id);
    let reply = pb::PutResponse {
        header: Some(pb::ResponseHeader {
            revision: 7,
            ..Default::default()
        }),
        prev_kv: None,
    };
    right.answer(id, Answer::Ordered(Ok(Reply::Put(reply))));
    right.must_fail("its client was told");
}

#[test]
fn a_revision_used_again_is_seen() {
    let mut right = Right::default();
    right.does(put("a", "1"));
    let id = right.call(put("b", "1"));
    right.order_op(id);
    let mut wrong = right.log.entries().next_back().unwrap().applied.clone();
    wrong.index += 1;
    wrong.data = Command::Publish(pb::Member::default()).encode(0);
    wrong.outcome = Some(Ok(Reply::Done));
    right.log.record(1, wrong, 1).unwrap();
    right.must_fail("made revision");
}

#[test]
fn members_must_do_the_same() {
    let mut right = Right::default();
    right.does(put("a", "1"));
    let mut other = right.log.entries().next().unwrap().applied.clone();
    right.log.record(2, other.clone(), 5).unwrap();
    other.revision += 1;
    assert!(right.log.record(3, other, 5).is_err());
    right.log.state(1, 1, "a".into()).unwrap();
    right.log.state(2, 1, "a".into()).unwrap();
    assert!(right.log.state(3, 1, "b".into()).is_err());
    right.log.leads(1, 4).unwrap();
    assert!(right.log.leads(2, 4).is_err());
}

fn watching(seen: Vec<Seen>) -> Vec<Watching> {
    vec![Watching {
        key: "a".into(),
        range_end: "\0".into(),
        prev_kv: true,
        no_put: false,
        no_delete: false,
        seen: seen.into_iter().map(|seen| (u64::MAX, seen)).collect(),
    }]
}

/// Three revisions, of which the second has two events.
fn watched() -> (Right, Vec<Vec<Event>>) {
    let mut right = Right::default();
    right.does(put("a", "1"));
    let both = ["b", "c"].map(|key| pb::RequestOp {
        request: Some(pb::request_op::Request::RequestPut(pb::PutRequest {
            key: Bytes::from_static(key.as_bytes()),
            ..Default::default()
        })),
    });
    right.does(Request::Txn(pb::TxnRequest {
        success: both.to_vec(),
        ..Default::default()
    }));
    right.does(put("a", "2"));
    let mut events: Vec<Vec<Event>> = right
        .log
        .entries()
        .map(|e| e.applied.events.clone())
        .collect();
    events[2][0].prev_kv = events[0][0].kv.clone();
    (right, events)
}

fn judge_watch(right: &Right, seen: Vec<Seen>, is_settled: bool) -> Result<(), String> {
    let replayed = replay(&right.history, &right.log).unwrap();
    order(&right.history, &replayed).unwrap();
    watches(&watching(seen), &replayed, is_settled)
}

fn told(revision: i64, events: &[&Vec<Event>]) -> Seen {
    Seen::Events {
        revision,
        events: events.iter().flat_map(|events| (*events).clone()).collect(),
    }
}

#[test]
fn a_watch_is_told_everything_in_order() {
    let (right, events) = watched();
    let [one, two, three] = [&events[0], &events[1], &events[2]];
    let begun = Seen::Begun(1);
    let whole = vec![begun.clone(), told(2, &[one]), told(4, &[two, three])];
    judge_watch(&right, whole, true).unwrap();
    let begins_later = vec![Seen::Begun(2), told(4, &[two, three])];
    judge_watch(&right, begins_later, true).unwrap();

    let half = vec![two[0].clone()];
    let wrong = [
        (
            "a gap",
            vec![begun.clone(), told(2, &[one]), told(4, &[three])],
        ),
        (
            "an end missing",
            vec![begun.clone(), told(2, &[one]), told(3, &[two])],
        ),
        ("disorder", vec![begun.clone(), told(4, &[two, one, three])]),
        (
            "twice",
            vec![
                begun.clone(),
                told(2, &[one]),
                told(2, &[one]),
                told(4, &[two, three]),
            ],
        ),
        (
            "half a revision",
            vec![begun.clone(), told(2, &[one]), told(3, &[&half])],
        ),
        ("from the future", vec![begun.clone(), told(1, &[one])]),
        (
            "progress too far",
            vec![begun.clone(), told(2, &[one]), Seen::Progress(3)],
        ),
        ("no compaction", vec![begun.clone(), Seen::Compacted(3)]),
        (
            "before it began",
            vec![Seen::Begun(2), told(4, &[one, two, three])],
        ),
    ];
    for (name, seen) in wrong {
        assert!(judge_watch(&right, seen, true).is_err(), "{name}");
    }
}

#[test]
fn the_pair_before_an_event_must_be_right() {
    let (right, mut events) = watched();
    events[2][0].prev_kv.as_mut().unwrap().version += 1;
    let seen = vec![Seen::Begun(3), told(4, &[&events[2]])];
    assert!(judge_watch(&right, seen, true).is_err());
    events[2][0].prev_kv = None;
    let seen = vec![Seen::Begun(3), told(4, &[&events[2]])];
    assert!(judge_watch(&right, seen, true).is_err());
}

fn leased() -> (Right, u64) {
    let mut right = Right::default();
    right.does(Request::Grant(pb::LeaseGrantRequest { id: 7, ttl: 5 }));
    let granted = right.history.get(1).unwrap().called;
    (right, granted)
}

fn expire(right: &mut Right, at: u64, of: u64, term: u64) {
    right.now = at;
    let command = Command::LeaseExpire(LeaseExpire {
        term: of,
        id: 7,
        granted: 1,
    });
    right.order(0, &command, term);
}

#[test]
fn a_lease_must_not_end_early() {
    let (mut right, granted) = leased();
    expire(&mut right, granted + 5 * SECOND, 1, 1);
    right.judge().unwrap();
    let (mut wrong, granted) = leased();
    expire(&mut wrong, granted + 4 * SECOND, 1, 1);
    wrong.must_fail("promised until");
}

#[test]
fn a_renewal_promises_its_time() {
    let (mut right, granted) = leased();
    right.now = granted + 3 * SECOND;
    let id = right.call(Request::KeepAlive(7));
    right.answer(id, Answer::Renewed(5));
    expire(&mut right, granted + 6 * SECOND, 1, 1);
    right.must_fail("promised until");
}

#[test]
fn an_ended_lease_is_gone_for_good() {
    let (mut right, granted) = leased();
    expire(&mut right, granted + 5 * SECOND, 1, 1);
    let id = right.call(Request::KeepAlive(7));
    right.answer(id, Answer::Renewed(5));
    right.must_fail("had ended");

    let (mut wrong, _) = leased();
    let id = wrong.call(Request::KeepAlive(7));
    wrong.answer(id, Answer::Renewed(0));
    wrong.must_fail("is gone which is not");
}

#[test]
fn a_lease_does_end() {
    let (right, granted) = leased();
    let end = |seconds| {
        all(
            &right.history,
            &right.log,
            &[],
            Some(granted + seconds * SECOND),
        )
    };
    end(6).unwrap();
    assert!(end(60).is_err());
}

#[test]
fn an_old_leaders_word_ends_no_lease() {
    let (mut right, granted) = leased();
    expire(&mut right, granted + 5 * SECOND, 1, 2);
    right.judge().unwrap();
    assert!(right.model.has_lease(7));
}
