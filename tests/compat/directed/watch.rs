//! Watches of what happens from now on, and the rules of a stream.

use super::build::{cancel, delete, events, get, items, progress, put, range, told, txn_of, watch};
use super::{Case, holds};
use crate::reply::{Item, Reply};
use crate::step::{Step, WatchStep};

fn control(reply: &Reply) -> Option<Item> {
    match reply {
        Reply::Control(item) => item.clone(),
        other => panic!("not a control reply: {other:?}"),
    }
}

/// Created and at once canceled, for this reason.
fn failed(reply: &Reply, why: &str) -> bool {
    matches!(control(reply), Some(Item::Created { canceled: true, compact_revision: 0, reason, .. }) if reason == why)
}

fn created(reply: &Reply, at: i64) -> bool {
    matches!(control(reply), Some(Item::Created { canceled: false, revision: Some(r), compact_revision: 0, reason })
        if r == at && reason.is_empty())
}

fn canceled(reply: &Reply, at: i64) -> bool {
    matches!(control(reply), Some(Item::Canceled { revision, compact_revision: 0, reason })
        if revision == at && reason.is_empty())
}

const DUPLICATE: &str = "mvcc: duplicate watch ID provided on the WatchStream";
const EMPTY: &str = "mvcc: watcher range is empty";
const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = creates();
    cases.extend(brings());
    cases.extend(progresses());
    cases.extend(ends());
    cases
}

#[rustfmt::skip]
fn creates() -> Vec<Case> {
    vec![
        holds("created tells the current revision", |_| vec![put("a", "1"), watch(0, "a", "", |_| {})], |reply, r| created(reply, r + 1)),
        holds("an empty key is taken as a zero byte", |_| vec![watch(0, "", "\0", |_| {}), put("a", "1"), events()], |reply, _| told(reply, 0, 0) == ["PUT a=1"]),
        holds("an empty key alone watches the key of one zero byte", |_| vec![watch(0, "", "", |_| {}), put("\0", "1"), put("a", "1"), events()], |reply, _| told(reply, 0, 0) == ["PUT \0=1"]),
        holds("ids are picked from 0 on, for each stream", |_| vec![watch(0, "a", "", |_| {}), watch(0, "a", "", |_| {}), watch(1, "a", "", |_| {}), put("a", "1"), events()],
            |reply, _| told(reply, 0, 0).len() == 1 && told(reply, 0, 1).len() == 1 && told(reply, 1, 0).len() == 1),
        holds("a picked id skips those in use", |_| vec![watch(0, "a", "", |w| w.watch_id = 1), watch(0, "a", "", |_| {}), watch(0, "b", "", |_| {}), put("b", "1"), events()], |reply, _| told(reply, 0, 2) == ["PUT b=1"]),
        holds("an id in use is refused", |_| vec![watch(0, "a", "", |w| w.watch_id = 5), watch(0, "b", "", |w| w.watch_id = 5)], |reply, _| failed(reply, DUPLICATE)),
        holds("an id can be used again after its watch was canceled", |_| vec![watch(0, "a", "", |w| w.watch_id = 5), cancel(0, 5, true), watch(0, "b", "", |w| w.watch_id = 5)], created),
        holds("two streams may use the same id", |_| vec![watch(0, "a", "", |w| w.watch_id = 5), watch(1, "a", "", |w| w.watch_id = 5)], created),
        holds("a negative id is an id", |_| vec![watch(0, "a", "", |w| w.watch_id = -9), put("a", "1"), events()], |reply, _| told(reply, 0, -9) == ["PUT a=1"]),
        holds("an end at the key is refused", |_| vec![watch(0, "b", "b", |_| {})], |reply, _| failed(reply, EMPTY)),
        holds("an end before the key is refused", |_| vec![watch(0, "b", "a", |_| {})], |reply, _| failed(reply, EMPTY)),
        holds("a negative start is refused as compacted", |_| vec![watch(0, "a", "", |w| w.start_revision = -1)], |reply, _| failed(reply, COMPACTED)),
        holds("the start is looked at before the range", |_| vec![watch(0, "b", "a", |w| w.start_revision = -1)], |reply, _| failed(reply, COMPACTED)),
        holds("a refused create leaves the stream alone", |_| vec![watch(0, "b", "a", |_| {}), watch(0, "a", "", |_| {}), put("a", "1"), events()], |reply, _| told(reply, 0, 0) == ["PUT a=1"]),
        holds("a request without a union is skipped", |_| vec![Step::Watch(WatchStep::Empty { stream: 0 }), watch(0, "a", "", |_| {})], created),
        holds("an unknown filter filters nothing", |_| vec![watch(0, "a", "", |w| w.filters = vec![9]), put("a", "1"), events()], |reply, _| told(reply, 0, 0).len() == 1),
    ]
}

#[rustfmt::skip]
fn brings() -> Vec<Case> {
    vec![
        holds("a put of the same value is an event", |_| vec![watch(0, "a", "", |_| {}), put("a", "1"), put("a", "1"), events()], |reply, _| told(reply, 0, 0).len() == 2),
        holds("a delete event has a key and a revision only", |_| vec![put("a", "1"), watch(0, "a", "", |_| {}), delete("a", ""), events()], |reply, r| matches!(&items(reply, 0, 0)[1],
            Item::Event(event) if event.r#type == 1 && event.prev_kv.is_none() && event.kv.as_ref().is_some_and(|kv|
                (kv.create_revision, kv.mod_revision, kv.version, kv.lease, kv.value.len()) == (0, r + 2, 0, 0, 0)))),
        holds("prev_kv of a put and a delete", |_| vec![put("a", "1"), watch(0, "a", "", |w| w.prev_kv = true), put("a", "2"), delete("a", ""), events()],
            |reply, _| items(reply, 0, 0)[1..].iter().zip(["1", "2"]).all(|(item, value)| matches!(item, Item::Event(event) if event.prev_kv.as_ref().is_some_and(|kv| kv.value == value)))),
        holds("there is no prev_kv when a key is made", |_| vec![watch(0, "a", "", |w| w.prev_kv = true), put("a", "1"), events()], |reply, _| matches!(&items(reply, 0, 0)[1], Item::Event(event) if event.prev_kv.is_none())),
        holds("NOPUT leaves deletes", |_| vec![watch(0, "a", "", |w| w.filters = vec![0]), put("a", "1"), delete("a", ""), events()], |reply, _| told(reply, 0, 0) == ["DELETE a="]),
        holds("NODELETE leaves puts", |_| vec![watch(0, "a", "", |w| w.filters = vec![1]), put("a", "1"), delete("a", ""), events()], |reply, _| told(reply, 0, 0) == ["PUT a=1"]),
        holds("both filters leave nothing", |_| vec![watch(0, "a", "", |w| w.filters = vec![0, 1]), put("a", "1"), delete("a", ""), events()], |reply, _| told(reply, 0, 0).is_empty()),
        holds("a delete of nothing is no event", |_| vec![watch(0, "\0", "\0", |_| {}), delete("a", ""), put("b", "1"), events()], |reply, _| told(reply, 0, 0) == ["PUT b=1"]),
        holds("the events of a txn come in the order of its operations", |_| vec![put("c", "0"), watch(0, "\0", "\0", |_| {}), txn_of(vec![put("b", "1"), delete("c", ""), put("a", "2")]), events()],
            |reply, _| told(reply, 0, 0) == ["PUT b=1", "DELETE c=", "PUT a=2"]),
        holds("a range is watched up to its end", |_| vec![watch(0, "a", "c", |_| {}), put("a", "1"), put("b", "1"), put("c", "1"), events()], |reply, _| told(reply, 0, 0) == ["PUT a=1", "PUT b=1"]),
        holds("a large revision is split when fragments are asked for", |_| vec![
                watch(0, "\0", "\0", |w| { w.fragment = true; w.prev_kv = true; }),
                put("a", vec![b'1'; 700_000]), put("b", vec![b'1'; 700_000]), put("c", vec![b'1'; 700_000]),
                txn_of(vec![put("a", vec![b'2'; 500_000]), put("b", vec![b'2'; 500_000]), put("c", vec![b'2'; 500_000])]), events(),
            ], |reply, _| told(reply, 0, 0).len() == 6 && !items(reply, 0, 0).iter().any(|item| matches!(item, Item::Fault(_)))),
    ]
}

#[rustfmt::skip]
fn progresses() -> Vec<Case> {
    let at = |reply: &Reply, r: i64| matches!(reply, Reply::Progress(Some(revision)) if *revision == r);
    vec![
        holds("progress tells the current revision", |_| vec![watch(0, "a", "", |_| {}), put("b", "1"), progress(0, true)], |reply, r| matches!(reply, Reply::Progress(Some(revision)) if *revision == r + 1)),
        holds("progress of a stream without watches is not told", |_| vec![progress(0, false)], |reply, _| matches!(reply, Reply::Progress(None))),
        holds("progress is not told while a watch begins in the future", |r| vec![watch(0, "a", "", |_| {}), watch(0, "a", "", |w| w.start_revision = r + 10), progress(0, false)], |reply, _| matches!(reply, Reply::Progress(None))),
        holds("progress is told when a watch begins with the next revision, or later ones have come", |r| vec![watch(0, "a", "", |w| w.start_revision = r + 1), put("b", "1"), progress(0, true)], |reply, r| matches!(reply, Reply::Progress(Some(revision)) if *revision == r + 1)),
        holds("a watch with progress_notify is told by itself", |_| vec![watch(0, "a", "", |w| w.progress_notify = true), Step::Watch(WatchStep::Notified { stream: 0, id: 0 })], at),
    ]
}

#[rustfmt::skip]
fn ends() -> Vec<Case> {
    vec![
        holds("a cancel is answered without a reason", |_| vec![watch(0, "a", "", |_| {}), put("b", "1"), cancel(0, 0, true)], |reply, r| canceled(reply, r + 1)),
        holds("nothing comes after a cancel", |_| vec![watch(0, "a", "", |_| {}), cancel(0, 0, true), put("a", "1"), events()], |reply, _| told(reply, 0, 0).is_empty()),
        holds("a cancel of an unknown id is not answered", |_| vec![watch(0, "a", "", |_| {}), cancel(0, 77, false), cancel(0, -1, false), put("a", "1"), events()],
            |reply, _| told(reply, 0, 0).len() == 1 && items(reply, 0, 77).is_empty() && items(reply, 0, -1).is_empty()),
        holds("a second cancel is not answered", |_| vec![watch(0, "a", "", |_| {}), cancel(0, 0, true), cancel(0, 0, false), events()], |reply, _| items(reply, 0, 0).len() == 2),
        holds("a half-closed stream goes on", |_| vec![watch(0, "a", "", |_| {}), Step::Watch(WatchStep::HalfClose { stream: 0 }), put("a", "1"), events()], |reply, _| told(reply, 0, 0) == ["PUT a=1"]),
        holds("a future start is silent until then", |r| vec![watch(0, "a", "", |w| w.start_revision = r + 3), put("a", "1"), put("a", "2"), put("a", "3"), put("a", "4"), events()], |reply, _| told(reply, 0, 0) == ["PUT a=3", "PUT a=4"]),
        holds("reads go on beside a watch", |_| vec![watch(0, "a", "", |_| {}), put("a", "1"), get("a"), range("\0", "\0")], |reply, _| super::build::keys(reply) == ["a"]),
    ]
}
