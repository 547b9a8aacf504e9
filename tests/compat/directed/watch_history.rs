//! Watches that begin in the past, with and without compaction.

use super::build::{cancel, compact, delete, events, items, progress, put, told, watch};
use super::{Case, holds};
use crate::reply::{Item, Reply};
use crate::step::Step;

fn history(last: Vec<Step>) -> Vec<Step> {
    let mut steps = vec![put("a", "1"), put("b", "2"), put("a", "3"), delete("a", "")];
    steps.extend(last);
    steps
}

#[rustfmt::skip]
pub(super) fn cases() -> Vec<Case> {
    vec![
        holds("history comes first, then what happens", |r| history(vec![watch(0, "a", "", |w| w.start_revision = r + 1), put("a", "5"), events()]),
            |reply, _| told(reply, 0, 0) == ["PUT a=1", "PUT a=3", "DELETE a=", "PUT a=5"]),
        holds("history begins with the start revision", |r| history(vec![watch(0, "\0", "\0", |w| w.start_revision = r + 3), events()]), |reply, _| told(reply, 0, 0) == ["PUT a=3", "DELETE a="]),
        holds("history is filtered too", |r| history(vec![watch(0, "\0", "\0", |w| { w.start_revision = r + 1; w.filters = vec![0]; }), events()]), |reply, _| told(reply, 0, 0) == ["DELETE a="]),
        holds("history has prev_kv", |r| history(vec![watch(0, "a", "", |w| { w.start_revision = r + 3; w.prev_kv = true; }), events()]), |reply, _| matches!(&items(reply, 0, 0)[1], Item::Event(event)
            if event.prev_kv.as_ref().is_some_and(|kv| kv.value == "1"))),
        holds("a watch without history goes on with what happens", |r| history(vec![watch(0, "x", "", |w| { w.start_revision = r + 1; w.filters = vec![1]; w.progress_notify = true; }), events(), put("x", "1"), delete("x", ""), put("x", "2"), events()]),
            |reply, _| told(reply, 0, 0) == ["PUT x=1", "PUT x=2"]),
        holds("so does one beside a watch of the present", |r| history(vec![watch(0, "x", "", |w| w.start_revision = r + 2), watch(0, "a", "b", |_| {}), put("x", "1"), put("a", "1"), events()]),
            |reply, _| told(reply, 0, 0) == ["PUT x=1"] && told(reply, 0, 1) == ["PUT a=1"]),
        holds("history that a filter empties is no hindrance", |r| history(vec![watch(0, "a", "", |w| { w.start_revision = r + 4; w.filters = vec![1]; }), events(), put("a", "5"), events()]),
            |reply, _| told(reply, 0, 0) == ["PUT a=5"]),
        holds("start 0 is from now on", |_| history(vec![watch(0, "a", "", |_| {}), put("a", "5"), events()]), |reply, _| told(reply, 0, 0) == ["PUT a=5"]),
        holds("a compacted start is created, then canceled with the compacted revision", |r| history(vec![compact(r + 3), watch(0, "a", "", |w| w.start_revision = r + 2), events()]),
            |reply, r| matches!(&items(reply, 0, 0)[..], [Item::Created { canceled: false, .. }, Item::Canceled { revision: 0, compact_revision, reason }] if *compact_revision == r + 3 && reason.is_empty())),
        holds("a watch canceled by compaction keeps its id", |r| history(vec![compact(r + 3), watch(0, "a", "", |w| { w.start_revision = r + 2; w.watch_id = 5; }), events(), watch(0, "a", "", |w| w.watch_id = 5)]),
            |reply, _| matches!(reply, Reply::Control(Some(Item::Created { canceled: true, reason, .. })) if reason == "mvcc: duplicate watch ID provided on the WatchStream")),
        holds("and can be canceled once more", |r| history(vec![compact(r + 3), watch(0, "a", "", |w| w.start_revision = r + 2), events(), cancel(0, 0, true)]),
            |reply, r| matches!(reply, Reply::Control(Some(Item::Canceled { revision, compact_revision: 0, .. })) if *revision == r + 4)),
        holds("its id is free after that", |r| history(vec![compact(r + 3), watch(0, "a", "", |w| { w.start_revision = r + 2; w.watch_id = 5; }), events(), cancel(0, 5, true), watch(0, "a", "", |w| w.watch_id = 5)]),
            |reply, _| matches!(reply, Reply::Control(Some(Item::Created { canceled: false, .. })))),
        holds("while it keeps its id its stream tells no progress", |r| history(vec![compact(r + 3), watch(0, "b", "", |_| {}), watch(0, "a", "", |w| w.start_revision = r + 2), events(), progress(0, false)]),
            |reply, _| matches!(reply, Reply::Progress(None))),
        holds("the compacted revision itself is a start", |r| history(vec![compact(r + 3), watch(0, "a", "", |w| w.start_revision = r + 3), events()]), |reply, _| told(reply, 0, 0) == ["PUT a=3", "DELETE a="]),
        holds("prev_kv below the compacted revision is absent", |r| history(vec![compact(r + 3), watch(0, "a", "", |w| { w.start_revision = r + 3; w.prev_kv = true; }), events()]),
            |reply, _| matches!(&items(reply, 0, 0)[1], Item::Event(event) if event.prev_kv.is_none())),
        holds("a watch that is up to date outlives a compaction", |r| history(vec![watch(0, "a", "", |_| {}), put("a", "5"), events(), compact(r + 5), put("a", "6"), events()]), |reply, _| told(reply, 0, 0) == ["PUT a=6"]),
        holds("revisions that a compaction emptied are left out", |r| vec![put("a", "1"), put("a", "2"), put("a", "3"), compact(r + 3), watch(0, "a", "", |w| w.start_revision = r + 3), events()], |reply, _| told(reply, 0, 0) == ["PUT a=3"]),
        holds("a tombstone at the compacted revision is an event", |r| vec![put("a", "1"), delete("a", ""), compact(r + 2), watch(0, "a", "", |w| w.start_revision = r + 2), events()], |reply, _| told(reply, 0, 0) == ["DELETE a="]),
    ]
}
