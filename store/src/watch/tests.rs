//! A hub and its streams over a state that is changed as the apply thread does it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::RwLock;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::request_op::Request;
use proto::mvccpb::Event;
use proto::mvccpb::event::EventType;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::mailbox::{BYTES_MAX, DELIVERIES_MAX};
use super::{CreateError, Hub, Spec, Stream, Update};
use crate::apply::{self, Effect, Meta, Place, Shared};
use crate::backend::MemoryBackend;
use crate::command::Command;
use crate::metrics::Metrics;
use crate::mvcc::{Options, Store};

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

struct Fixture {
    state: Shared,
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
}

type Batch = Vec<(i64, Vec<Event>)>;

fn put(key: &str, value: &[u8]) -> Command {
    Command::Put(put_request(key, value))
}

fn put_request(key: &str, value: &[u8]) -> pb::PutRequest {
    pb::PutRequest {
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: Bytes::copy_from_slice(value),
        ..Default::default()
    }
}

fn delete(key: &str) -> Command {
    Command::DeleteRange(pb::DeleteRangeRequest {
        key: Bytes::copy_from_slice(key.as_bytes()),
        ..Default::default()
    })
}

fn puts(pairs: &[(&str, &[u8])]) -> Command {
    let op = |(key, value): &(&str, &[u8])| pb::RequestOp {
        request: Some(Request::RequestPut(put_request(key, value))),
    };
    Command::Txn(pb::TxnRequest {
        success: pairs.iter().map(op).collect(),
        ..Default::default()
    })
}

fn compact(revision: i64) -> Command {
    Command::Compact(pb::CompactionRequest {
        revision,
        physical: false,
    })
}

fn range(key: &str, range_end: &str) -> Spec {
    Spec {
        key: Bytes::copy_from_slice(key.as_bytes()),
        range_end: Bytes::copy_from_slice(range_end.as_bytes()),
        ..Default::default()
    }
}

fn from(start_revision: i64, spec: Spec) -> Spec {
    Spec {
        start_revision,
        ..spec
    }
}

impl Fixture {
    fn new() -> Self {
        let store = Store::open(Arc::new(MemoryBackend::new()), Options::default()).unwrap();
        let state = Arc::new(RwLock::new(Meta::default().restore(store).unwrap()));
        let metrics = Arc::new(Metrics::new(false).unwrap());
        let hub = Arc::new(Hub::new(state.clone(), metrics.clone()));
        Self {
            state,
            hub,
            metrics,
        }
    }

    /// Changes the state; what watchers are to be told comes back.
    fn apply(&self, commands: Vec<Command>) -> Batch {
        let mut effects = Vec::new();
        let mut state = self.state.write();
        let entry = Bytes::new();
        let place = Place {
            index: 1,
            term: 1,
            entry: &entry,
            position: None,
            caller: &crate::auth::Caller::default(),
        };
        for command in commands {
            apply::apply(&mut state, place, command, &mut effects).unwrap();
        }
        let events = effects.into_iter().filter_map(|effect| match effect {
            Effect::Events(revision, events) => Some((revision, events)),
            _ => None,
        });
        events.collect()
    }

    fn run(&self, commands: Vec<Command>) {
        let batch = self.apply(commands);
        self.hub.publish(batch);
    }

    /// Waits until another thread has written so much.
    fn await_revision(&self, revision: i64) {
        let deadline = Instant::now() + PATIENCE;
        while self.state.read().store.revision() < revision {
            assert!(Instant::now() < deadline, "revision {revision} never came");
            std::thread::yield_now();
        }
    }

    fn stream(&self) -> Stream {
        Stream::new(self.hub.clone())
    }

    fn slow(&self) -> i64 {
        self.metrics.watch.slow_watchers.get()
    }
}

/// Everything that can be told now.
async fn drain(stream: &mut Stream) -> Vec<Update> {
    let mut updates = Vec::new();
    while let Some(update) = stream.try_next().await.unwrap() {
        updates.push(update);
    }
    updates
}

/// Events as text: key, revision, and `-` for a deletion.
fn texts(updates: &[Update]) -> Vec<String> {
    let mut texts = Vec::new();
    for update in updates {
        match update {
            Update::Events {
                watch_id, events, ..
            } => texts.extend(events.iter().map(|event| {
                let sign = match event.r#type() {
                    EventType::Put => '=',
                    EventType::Delete => '-',
                };
                let kv = event.kv.as_ref().unwrap();
                let key = String::from_utf8_lossy(&kv.key);
                format!("{watch_id}:{key}{sign}{}", kv.mod_revision)
            })),
            Update::Compacted {
                watch_id,
                compact_revision,
            } => texts.push(format!("{watch_id}:compacted {compact_revision}")),
        }
    }
    texts
}

/// A revision is in one update, whole, and revisions ascend.
fn assert_whole(updates: &[Update], per_revision: usize) {
    let mut last = 0;
    for update in updates {
        let Update::Events {
            revision, events, ..
        } = update
        else {
            panic!("{update:?}");
        };
        assert_eq!(events.len() % per_revision, 0, "a revision came in parts");
        for group in events.chunks(per_revision) {
            let mains: HashSet<i64> = group
                .iter()
                .map(|e| e.kv.as_ref().unwrap().mod_revision)
                .collect();
            assert_eq!(mains.len(), 1, "a revision came in parts");
            let main = group[0].kv.as_ref().unwrap().mod_revision;
            assert!(main > last && main <= *revision, "{main} after {last}");
            last = main;
        }
    }
}

#[tokio::test]
async fn live_events_come_in_order_to_whom_they_concern() {
    let fixture = Fixture::new();
    let mut stream = fixture.stream();
    assert_eq!(stream.create(0, range("a", "")), Ok((0, 1)));
    assert_eq!(stream.create(0, range("a", "c")), Ok((1, 1)));
    assert_eq!(stream.create(0, range("b", "\0")), Ok((2, 1)));
    for command in [put("a", b""), put("b", b""), delete("a"), put("c", b"")] {
        fixture.run(vec![command]);
    }
    let all = texts(&drain(&mut stream).await);
    let of = |id: &str| -> Vec<&str> {
        let own = all.iter().filter_map(|text| text.strip_prefix(id));
        own.collect()
    };
    assert_eq!(of("0:"), ["a=2", "a-4"]);
    assert_eq!(of("1:"), ["a=2", "b=3", "a-4"]);
    assert_eq!(of("2:"), ["b=3", "c=5"]);
}

#[tokio::test]
async fn revisions_stay_whole_live_and_from_history() {
    let fixture = Fixture::new();
    let large = vec![b'v'; 100 * 1024];
    let three = || puts(&[("a", &large), ("b", &large), ("c", &large)]);
    let mut stream = fixture.stream();
    stream.create(0, range("a", "d")).unwrap();
    fixture.run(vec![three(), three(), three()]);
    fixture.run(vec![three(), three()]);
    let updates = drain(&mut stream).await;
    assert_whole(&updates, 3);
    assert_eq!(texts(&updates).len(), 15);
    let mut stream = fixture.stream();
    stream.create(0, from(2, range("a", "d"))).unwrap();
    let updates = drain(&mut stream).await;
    assert!(updates.len() > 1, "1.5 MB were read in one piece");
    assert_whole(&updates, 3);
    assert_eq!(texts(&updates).len(), 15);
}

#[tokio::test]
async fn filters_hold_live_and_in_history() {
    let fixture = Fixture::new();
    let no_put = |spec| Spec {
        no_put: true,
        ..spec
    };
    let no_delete = |spec| Spec {
        no_delete: true,
        ..spec
    };
    let mut live = fixture.stream();
    live.create(1, no_put(range("a", ""))).unwrap();
    live.create(2, no_delete(range("a", ""))).unwrap();
    fixture.run(vec![put("a", b""), delete("a"), put("a", b"")]);
    let mut late = fixture.stream();
    late.create(1, no_put(from(1, range("a", "")))).unwrap();
    late.create(2, no_delete(from(1, range("a", "")))).unwrap();
    for stream in [&mut live, &mut late] {
        let mut told = texts(&drain(stream).await);
        told.sort();
        assert_eq!(told, ["1:a-3", "2:a=2", "2:a=4"]);
    }
}

#[tokio::test]
async fn the_previous_pair_comes_where_it_is_asked_for_and_known() {
    let fixture = Fixture::new();
    let wants = |spec| Spec {
        prev_kv: true,
        ..spec
    };
    let previous = |updates: &[Update]| -> Vec<Option<Bytes>> {
        let events = updates.iter().flat_map(|update| match update {
            Update::Events { events, .. } => events.clone(),
            Update::Compacted { .. } => Vec::new(),
        });
        events.map(|e| e.prev_kv.map(|kv| kv.value)).collect()
    };
    let mut live = fixture.stream();
    live.create(0, wants(range("a", ""))).unwrap();
    let mut plain = fixture.stream();
    plain.create(0, range("a", "")).unwrap();
    // A transaction that reads the pair itself must not show it to who did not ask.
    let mut reading = put_request("a", b"2");
    reading.prev_kv = true;
    fixture.run(vec![
        put("a", b"1"),
        Command::Put(reading),
        delete("a"),
        put("a", b"4"),
        put("a", b"5"),
    ]);
    let expected = [None, Some("1"), Some("2"), None, Some("4")];
    let expected: Vec<Option<Bytes>> = expected.iter().map(|v| v.map(Bytes::from)).collect();
    assert_eq!(previous(&drain(&mut live).await), expected);
    assert_eq!(previous(&drain(&mut plain).await), [const { None }; 5]);
    let mut late = fixture.stream();
    late.create(0, wants(from(2, range("a", "")))).unwrap();
    assert_eq!(previous(&drain(&mut late).await), expected);
    // The pair before the first revision that can be watched is gone.
    fixture.run(vec![compact(6)]);
    let mut later = fixture.stream();
    later.create(0, wants(from(6, range("a", "")))).unwrap();
    assert_eq!(previous(&drain(&mut later).await), [None]);
}

#[tokio::test]
async fn a_watch_begins_where_it_is_told_to() {
    let fixture = Fixture::new();
    for _ in 2..=6 {
        fixture.run(vec![put("a", b"")]);
    }
    fixture.run(vec![compact(4)]);
    let mut stream = fixture.stream();
    for (id, start) in [
        (1, 3),
        (2, 4),
        (3, 6),
        (4, 7),
        (5, 8),
        (6, i64::MAX),
        (7, 0),
    ] {
        assert_eq!(
            stream.create(id, from(start, range("a", ""))),
            Ok((id, 6)),
            "from {start}"
        );
    }
    fixture.run(vec![put("a", b""), put("a", b"")]);
    let mut told = texts(&drain(&mut stream).await);
    told.sort();
    let expected = [
        "1:compacted 4",
        "2:a=4",
        "2:a=5",
        "2:a=6",
        "2:a=7",
        "2:a=8",
        "3:a=6",
        "3:a=7",
        "3:a=8",
        "4:a=7",
        "4:a=8",
        "5:a=8",
        "7:a=7",
        "7:a=8",
    ];
    assert_eq!(told, expected);
    let again = stream.create(1, from(0, range("a", "")));
    assert_eq!(again, Err(CreateError::DuplicateId), "it keeps its id");
    assert_eq!(stream.progress(), None, "nor may the stream report");
    assert!(stream.cancel(1), "until the client cancels it");
    assert!(!stream.cancel(1));
    assert_eq!(fixture.slow(), 0);
}

#[tokio::test]
async fn what_does_not_fit_is_read_later_once() {
    let large = vec![b'v'; BYTES_MAX / 4];
    let table: [(&str, &[u8], usize); 2] = [
        ("deliveries", b"", DELIVERIES_MAX + 100),
        ("bytes", &large, 12),
    ];
    for (what, value, count) in table {
        let fixture = Fixture::new();
        let mut stream = fixture.stream();
        stream.create(1, range("a", "b")).unwrap();
        stream.create(2, range("x", "")).unwrap();
        for _ in 0..count {
            fixture.run(vec![put("a", value)]);
        }
        assert_eq!(fixture.hub.members_len(), 1, "{what}: none lags");
        assert_eq!(stream.progress(), None, "{what}: it has not been told yet");
        fixture.run(vec![put("x", b"")]);
        let updates = drain(&mut stream).await;
        let told = texts(&updates);
        let last = count as i64 + 1;
        let expected: Vec<String> = (2..=last).map(|r| format!("1:a={r}")).collect();
        let of_first: Vec<&String> = told.iter().filter(|t| t.starts_with("1:")).collect();
        assert_eq!(of_first, expected.iter().collect::<Vec<_>>(), "{what}");
        assert_eq!(told.len(), count + 1, "{what}");
        assert_eq!(stream.progress(), Some(last + 1), "{what}");
        assert_eq!(fixture.hub.members_len(), 2, "{what}: it did not come back");
        assert_eq!(fixture.slow(), 0, "{what}");
    }
}

/// One thread writes, others watch at their own pace; by falling behind as far as a seed says, the
/// watchers overflow, catch up and join again at moments of all kinds.
#[test]
fn every_event_comes_once_and_in_order_while_others_write() {
    const REVISIONS: i64 = 6_000;
    for seed in 0..4 {
        let fixture = Fixture::new();
        std::thread::scope(|scope| {
            for number in 0..3 {
                let fixture = &fixture;
                scope.spawn(move || watch_all(fixture, seed * 10 + number, REVISIONS));
            }
            let mut random = StdRng::seed_from_u64(seed);
            let mut revision = 1;
            while revision < REVISIONS {
                let size = random.random_range(1..=60).min(REVISIONS - revision);
                let commands = (0..size).map(|_| puts(&[("a", b"1"), ("b", b"2")]));
                fixture.run(commands.collect());
                revision += size;
                if random.random_ratio(1, 8) {
                    std::thread::yield_now();
                }
            }
        });
        assert_eq!(fixture.hub.members_len(), 0, "seed {seed}");
    }
}

fn watch_all(fixture: &Fixture, seed: u64, last: i64) {
    let mut random = StdRng::seed_from_u64(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut stream = fixture.stream();
        stream.create(0, from(2, range("a", "c"))).unwrap();
        let mut next = 2;
        while next <= last {
            if random.random_ratio(1, 4) {
                let behind = next + random.random_range(0..1_500);
                fixture.await_revision(behind.min(last));
            }
            let update = tokio::time::timeout(PATIENCE, stream.next()).await;
            let update = update.unwrap_or_else(|_| panic!("seed {seed}: nothing after {next}"));
            let Update::Events { events, .. } = update.unwrap() else {
                panic!("seed {seed}: nothing was compacted");
            };
            for pair in events.chunks(2) {
                let kvs: Vec<_> = pair.iter().map(|e| e.kv.clone().unwrap()).collect();
                let told: Vec<(&[u8], i64)> =
                    kvs.iter().map(|kv| (&*kv.key, kv.mod_revision)).collect();
                assert_eq!(told, [(&b"a"[..], next), (b"b", next)], "seed {seed}");
                next += 1;
            }
        }
        assert!(stream.try_next().await.unwrap().is_none(), "seed {seed}");
        if let Some(told) = stream.progress() {
            assert_eq!(told, last, "seed {seed}");
        }
    });
}

#[tokio::test]
async fn a_cancelled_watch_is_told_nothing_more_and_its_id_is_free() {
    let fixture = Fixture::new();
    let mut stream = fixture.stream();
    stream.create(7, range("a", "")).unwrap();
    assert_eq!(
        stream.create(7, range("b", "")),
        Err(CreateError::DuplicateId)
    );
    // Both a delivery and the mark of one that lags are on their way when the watch ends.
    for _ in 0..DELIVERIES_MAX + 10 {
        fixture.run(vec![put("a", b"")]);
    }
    assert!(stream.cancel(7));
    assert!(!stream.cancel(7));
    let (_, created) = stream.create(7, range("b", "")).unwrap();
    assert!(
        drain(&mut stream).await.is_empty(),
        "another watch's events"
    );
    assert_eq!(stream.progress(), Some(created));
    fixture.run(vec![put("a", b""), put("b", b"")]);
    let told = texts(&drain(&mut stream).await);
    assert_eq!(told, [format!("7:b={}", created + 2)]);
    assert_eq!(fixture.hub.members_len(), 1);
}

#[tokio::test]
async fn what_was_put_together_with_others_is_forgotten_with_its_watch() {
    let fixture = Fixture::new();
    let mut stream = fixture.stream();
    stream.create(1, range("a", "")).unwrap();
    stream.create(2, range("b", "")).unwrap();
    fixture.run(vec![put("a", b""), put("b", b"")]);
    let first = stream.try_next().await.unwrap().unwrap();
    assert_eq!(texts(&[first]), ["1:a=2"]);
    assert!(stream.cancel(2));
    stream.create(2, range("c", "")).unwrap();
    assert!(drain(&mut stream).await.is_empty());
}

#[tokio::test]
async fn empty_ranges_are_refused_and_free_ids_are_found() {
    let fixture = Fixture::new();
    let mut stream = fixture.stream();
    for (key, end) in [("b", "a"), ("a", "a")] {
        let created = stream.create(0, range(key, end));
        assert_eq!(created, Err(CreateError::EmptyRange), "{key}..{end}");
    }
    stream.create(1, range("a", "")).unwrap();
    let ids = [0, 0, 0].map(|id| stream.create(id, range("a", "")).unwrap().0);
    assert_eq!(ids, [0, 2, 3]);
}

#[tokio::test]
async fn progress_is_reported_only_when_all_has_been_told() {
    let fixture = Fixture::new();
    let mut stream = fixture.stream();
    assert_eq!(stream.progress(), None, "no watches");
    fixture.run(vec![put("a", b""), put("a", b"")]);
    stream.create(1, range("a", "")).unwrap();
    assert_eq!(stream.progress(), Some(3));
    stream.create(2, from(2, range("a", ""))).unwrap();
    assert_eq!(stream.progress(), None, "history is not read yet");
    assert_eq!(stream.progress_of(&[1]), Some(3));
    assert_eq!(drain(&mut stream).await.len(), 1);
    assert_eq!(stream.progress(), Some(3));
    stream.create(3, from(5, range("a", ""))).unwrap();
    assert_eq!(stream.progress(), None, "it begins later");
    let batch = fixture.apply(vec![put("b", b""), put("a", b"")]);
    assert_eq!(stream.progress_of(&[1]), Some(3), "nobody was told yet");
    stream.create(4, range("a", "")).unwrap();
    assert_eq!(
        stream.progress_of(&[4]),
        None,
        "a report below the revision that the watch was created at"
    );
    fixture.hub.publish(batch);
    assert_eq!(stream.progress_of(&[1]), None, "not told yet");
    assert_eq!(drain(&mut stream).await.len(), 3, "watches 1, 2 and 3");
    assert_eq!(stream.progress(), Some(5));
    assert_eq!(stream.progress_of(&[1, 99]), None, "no such watch");
}

#[tokio::test]
async fn many_watchers_of_a_range_come_and_go() {
    let fixture = Fixture::new();
    let mut streams: Vec<Stream> = (0..200).map(|_| fixture.stream()).collect();
    for stream in &mut streams {
        stream.create(0, range("a", "b")).unwrap();
        stream.create(0, range("a", "")).unwrap();
    }
    assert_eq!(fixture.hub.members_len(), 400);
    fixture.run(vec![put("a", b"")]);
    for stream in &mut streams {
        let mut told = texts(&drain(stream).await);
        told.sort();
        assert_eq!(told, ["0:a=2", "1:a=2"]);
    }
    streams.truncate(50);
    assert_eq!(fixture.hub.members_len(), 100);
    streams.clear();
    assert_eq!(fixture.hub.members_len(), 0);
    assert_eq!(fixture.metrics.watch.watchers.get(), 0);
    assert_eq!(fixture.metrics.watch.streams.get(), 0);
}

#[tokio::test]
async fn the_last_watcher_of_a_range_leaves_those_of_its_first_key() {
    let fixture = Fixture::new();
    let mut exact = fixture.stream();
    exact.create(0, range("a", "")).unwrap();
    let mut ranges = fixture.stream();
    ranges.create(0, range("a", "b")).unwrap();
    drop(ranges);
    fixture.run(vec![put("a", b"")]);
    assert_eq!(texts(&drain(&mut exact).await), ["0:a=2"]);
}

#[tokio::test]
async fn a_watcher_that_leaves_while_it_lags_is_not_counted_as_slow() {
    let fixture = Fixture::new();
    fixture.run(vec![put("a", b"")]);
    let mut stream = fixture.stream();
    stream.create(1, from(1, range("a", ""))).unwrap();
    stream.create(2, from(1, range("a", ""))).unwrap();
    assert_eq!(fixture.slow(), 2);
    stream.cancel(1);
    assert_eq!(fixture.slow(), 1);
    drop(stream);
    assert_eq!(fixture.slow(), 0);
}
