//! Sharing loses nothing, repeats nothing, and ends watches that nobody needs.

use proto::mvccpb::KeyValue;

use super::*;

fn at(revision: i64) -> Option<pb::ResponseHeader> {
    Some(pb::ResponseHeader {
        revision,
        ..Default::default()
    })
}

fn created(revision: i64) -> pb::WatchResponse {
    pb::WatchResponse {
        header: at(revision),
        created: true,
        ..Default::default()
    }
}

fn events(revisions: &[i64]) -> pb::WatchResponse {
    let event = |revision: &i64| Event {
        kv: Some(KeyValue {
            mod_revision: *revision,
            ..Default::default()
        }),
        prev_kv: Some(KeyValue::default()),
        ..Default::default()
    };
    pb::WatchResponse {
        header: at(*revisions.last().expect("some")),
        events: revisions.iter().map(event).collect(),
        ..Default::default()
    }
}

fn from(next: i64) -> Watcher {
    Watcher {
        watch_id: next,
        next,
        ..Default::default()
    }
}

/// What the watchers were told: who, and the revisions of events.
fn told((told, _): &(Told, Outcome)) -> Vec<(Id, Vec<i64>)> {
    let revision = |event: &Event| event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
    let mut all: Vec<(Id, Vec<i64>)> = told
        .iter()
        .map(|(id, response)| (*id, response.events.iter().map(revision).collect()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_watcher_shares_a_watch_that_is_not_ahead_of_it() {
    let mut group = Group::default();
    assert_eq!(group.add(1, from(5)), Err(1));
    assert_eq!(group.add(2, from(7)), Ok(None));
    assert_eq!(group.add(3, from(4)), Err(2));
    group.deliver(1, &created(9));
    let answered = group.add(4, from(6)).expect("shared").expect("begun");
    assert!(answered.created);
    assert_eq!((answered.watch_id, answered.header), (6, at(9)));
    assert_eq!(
        told(&group.deliver(1, &events(&[5, 6]))),
        [(1, vec![5, 6]), (4, vec![6])]
    );
    assert_eq!(
        told(&group.deliver(1, &events(&[7]))),
        [(1, vec![7]), (2, vec![7]), (4, vec![7])]
    );
}

#[test]
fn whoever_watches_from_now_on_joins_a_watch_that_runs_once_it_knows_its_revision() {
    let mut group = Group::default();
    assert_eq!(group.add(1, from(0)), Err(1));
    group.deliver(1, &created(9));
    assert_eq!(group.add(2, from(0)), Err(2));
    let (told_now, outcome) = group.deliver(2, &created(9));
    assert_eq!((told_now.len(), outcome), (1, Outcome::Over));
    assert_eq!(group.sharing(), 1);
    assert_eq!(
        told(&group.deliver(1, &events(&[10]))),
        [(1, vec![10]), (2, vec![10])]
    );
    assert_eq!(group.deliver(2, &events(&[10])), (vec![], Outcome::Over));
}

#[test]
fn a_watch_that_is_ahead_is_joined_only_by_being_caught_up_with() {
    let mut group = Group::default();
    assert_eq!(group.add(1, from(0)), Err(1));
    group.deliver(1, &created(9));
    assert_eq!(group.add(2, from(3)), Err(2));
    assert_eq!(group.deliver(2, &created(9)).1, Outcome::On);
    assert_eq!(told(&group.deliver(2, &events(&[3, 8]))), [(2, vec![3, 8])]);
    // The first one is not behind the second yet.
    assert_eq!(group.next(1), Some(10));
    let (_, outcome) = group.deliver(2, &events(&[11]));
    assert_eq!(outcome, Outcome::Over);
    // What the second was told already is not told again.
    assert_eq!(
        told(&group.deliver(1, &events(&[11, 12]))),
        [(1, vec![11, 12]), (2, vec![12])]
    );
}

#[test]
fn filters_and_wishes_are_each_watcher_s_own() {
    let mut group = Group::default();
    let quiet = Watcher {
        leaves_out: vec![EventType::Put],
        wants_progress: true,
        ..from(1)
    };
    let curious = Watcher {
        wants_previous: true,
        ..from(1)
    };
    assert_eq!(group.add(1, quiet), Err(1));
    assert_eq!(group.add(2, curious), Ok(None));
    group.deliver(1, &created(0));
    let (all, _) = group.deliver(1, &events(&[1]));
    let [(2, response)] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert!(response.events[0].prev_kv.is_some());
    let progress = pb::WatchResponse {
        header: at(4),
        ..Default::default()
    };
    assert_eq!(told(&group.deliver(1, &progress)), [(1, vec![])]);
}

#[test]
fn a_member_that_is_lost_is_not_seen_and_a_cancelled_watch_is_told_to_all() {
    let mut group = Group::default();
    assert_eq!(group.add(1, from(0)), Err(1));
    group.deliver(1, &created(4));
    group.deliver(1, &events(&[5]));
    assert_eq!(group.next(1), Some(6));
    assert_eq!(group.deliver(1, &created(8)), (vec![], Outcome::On));
    assert_eq!(
        group.next(1),
        Some(6),
        "what came meanwhile is still to come"
    );
    let canceled = pb::WatchResponse {
        header: at(9),
        canceled: true,
        compact_revision: 7,
        ..Default::default()
    };
    let (all, outcome) = group.deliver(1, &canceled);
    assert_eq!(
        (all.len(), all[0].1.compact_revision, outcome),
        (1, 7, Outcome::Over)
    );
    assert!(group.is_empty());
}

#[test]
fn the_last_to_leave_ends_the_watch() {
    let mut group = Group::default();
    assert_eq!(group.add(1, from(5)), Err(1));
    assert_eq!(group.add(2, from(5)), Ok(None));
    assert_eq!(group.remove(1).1, None);
    assert_eq!(group.remove(2).1, Some(1));
    assert!(group.remove(2).0.is_none());
    assert!(group.is_empty());
}
