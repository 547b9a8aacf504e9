//! The store against a naive model that keeps the full history, under seeded random operations.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::mvccpb::event::EventType;
use proto::mvccpb::{Event, KeyValue};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::backend::MemoryBackend;
use crate::mvcc::{
    CheckpointJob, Error, HashKv, LogRef, Options, PutOptions, RangeQuery, RangeResult, Store,
    ValueSource,
};

/// All pairs after each revision, and the events of each revision.
#[derive(Clone)]
struct Model {
    states: Vec<BTreeMap<Bytes, KeyValue>>,
    events: Vec<Vec<Event>>,
    compacted: i64,
}

impl Model {
    fn new() -> Self {
        Self {
            states: vec![BTreeMap::new(); 2],
            events: vec![Vec::new(); 2],
            compacted: -1,
        }
    }

    fn revision(&self) -> i64 {
        self.states.len() as i64 - 1
    }

    fn now(&self) -> &BTreeMap<Bytes, KeyValue> {
        &self.states[self.states.len() - 1]
    }

    fn range(&self, query: &RangeQuery) -> Result<RangeResult, &'static str> {
        if query.revision > self.revision() {
            return Err("future");
        }
        let at = match query.revision {
            ..=0 => self.revision(),
            at => at,
        };
        if at < self.compacted {
            return Err("compacted");
        }
        let inside = |key: &[u8]| contains(&query.key, &query.range_end, key);
        let state = &self.states[at as usize];
        let mut kvs: Vec<KeyValue> = state
            .values()
            .filter(|kv| inside(&kv.key))
            .cloned()
            .collect();
        let count = kvs.len() as i64;
        if query.count_only {
            kvs.clear();
            let more = false;
            return Ok(RangeResult { kvs, count, more });
        }
        // The steps of etcd, one after the other, with none of our short cuts.
        let ordered = query.sort_order == SortOrder::None
            || (query.sort_order, query.sort_target) == (SortOrder::Ascend, SortTarget::Key);
        let filters = [
            query.min_mod_revision,
            query.max_mod_revision,
            query.min_create_revision,
            query.max_create_revision,
        ];
        let limit = query.limit.max(0) as usize;
        if limit > 0 && ordered && filters == [0; 4] {
            kvs.truncate(limit.saturating_add(1));
        }
        let [min_mod, max_mod, min_create, max_create] = filters;
        kvs.retain(|kv| max_mod == 0 || kv.mod_revision <= max_mod);
        kvs.retain(|kv| min_mod == 0 || kv.mod_revision >= min_mod);
        kvs.retain(|kv| max_create == 0 || kv.create_revision <= max_create);
        kvs.retain(|kv| min_create == 0 || kv.create_revision >= min_create);
        sort(&mut kvs, query);
        let more = limit > 0 && kvs.len() > limit;
        if more {
            kvs.truncate(limit);
        }
        if query.keys_only {
            for kv in &mut kvs {
                kv.value = Bytes::new();
                if query.sort_target != SortTarget::Value {
                    kv.lease = 0;
                }
            }
        }
        Ok(RangeResult { kvs, count, more })
    }
}

fn contains(from: &[u8], end: &[u8], key: &[u8]) -> bool {
    match end {
        [] => key == from,
        [0] => key >= from,
        end => key >= from && key < end,
    }
}

fn sort(kvs: &mut [KeyValue], query: &RangeQuery) {
    let by_number = |kv: &KeyValue| match query.sort_target {
        SortTarget::Version => kv.version,
        SortTarget::Create => kv.create_revision,
        SortTarget::Mod => kv.mod_revision,
        SortTarget::Key | SortTarget::Value => 0,
    };
    let target = query.sort_target;
    let compare = |a: &KeyValue, b: &KeyValue| match target {
        SortTarget::Key => a.key.cmp(&b.key),
        SortTarget::Value => a.value.cmp(&b.value),
        _ => by_number(a).cmp(&by_number(b)),
    };
    match query.sort_order {
        SortOrder::None if target == SortTarget::Key => {}
        SortOrder::None | SortOrder::Ascend => kvs.sort_by(compare),
        SortOrder::Descend => kvs.sort_by(|a, b| compare(b, a)),
    }
}

/// A log that holds what was put into it.
#[derive(Default)]
struct Log(parking_lot::Mutex<Vec<Bytes>>);

impl Log {
    fn add(&self, value: &Bytes) -> LogRef {
        let mut values = self.0.lock();
        values.push(value.clone());
        LogRef {
            segment: 7,
            offset: values.len() as u64 - 1,
            len: value.len() as u32,
        }
    }
}

impl ValueSource for Log {
    fn read(&self, segment: u64, offset: u64, len: u32) -> std::io::Result<Bytes> {
        assert_eq!(segment, 7);
        let value = self.0.lock()[offset as usize].clone();
        assert_eq!(value.len(), len as usize);
        Ok(value)
    }
}

struct World {
    rng: StdRng,
    model: Model,
    store: Store,
    backend: Arc<MemoryBackend>,
    log: Arc<Log>,
    options: Options,
    /// Model and running job of the checkpoint under way, and the model of the last durable one.
    underway: Option<(Model, CheckpointJob)>,
    durable: Model,
    hash: Option<HashKv>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let backend = Arc::new(MemoryBackend::new());
        let log = Arc::new(Log::default());
        let options = Options {
            inline_bytes_max: *[0, 5_000, 10 << 20].choose(&mut rng).unwrap(),
            chunk_bytes: *[1, 300, 4000].choose(&mut rng).unwrap(),
            values: Some(log.clone()),
        };
        let store = Store::open(backend.clone(), options.clone()).unwrap();
        Self {
            rng,
            model: Model::new(),
            store,
            backend,
            log,
            options,
            underway: None,
            durable: Model::new(),
            hash: None,
        }
    }

    fn key(&mut self) -> Bytes {
        let space = if self.rng.random_bool(0.3) { 5 } else { 300 };
        format!("k{:03}", self.rng.random_range(0..space)).into()
    }

    fn span(&mut self) -> (Bytes, Bytes) {
        match self.rng.random_range(0..10) {
            0..=2 => (self.key(), Bytes::new()),
            3..=4 => (self.key(), Bytes::from_static(b"\0")),
            5 => (Bytes::from_static(b"\0"), Bytes::from_static(b"\0")),
            _ => (self.key(), self.key()),
        }
    }

    fn transaction(&mut self) {
        let operations = if self.rng.random_bool(0.7) {
            1
        } else {
            self.rng.random_range(0..6)
        };
        let commit = self.rng.random_bool(0.9);
        let plan: Vec<_> = (0..operations)
            .map(|_| {
                let delete = self.rng.random_bool(0.25);
                let (key, mut end) = self.span();
                if delete && self.rng.random_bool(0.7) {
                    end = Bytes::new();
                }
                (delete, key, end)
            })
            .collect();
        let mut state = self.model.now().clone();
        let mut events = Vec::new();
        let revision = self.model.revision() + 1;
        let mut txn = self.store.begin();
        for (delete, key, end) in plan {
            if delete {
                let deleted = txn.delete_range(&key, &end, true).unwrap();
                let gone: Vec<KeyValue> = state
                    .values()
                    .filter(|kv| contains(&key, &end, &kv.key))
                    .cloned()
                    .collect();
                assert_eq!(deleted.count as usize, gone.len());
                assert_eq!(deleted.previous, gone);
                for kv in gone {
                    state.remove(&kv.key);
                    events.push(event(
                        EventType::Delete,
                        KeyValue {
                            key: kv.key,
                            mod_revision: revision,
                            ..KeyValue::default()
                        },
                    ));
                }
            } else {
                let len = *[0, 5, 33, 200].choose(&mut self.rng).unwrap();
                let mut value = vec![0; len];
                self.rng.fill(&mut value[..]);
                let value = Bytes::from(value);
                let lease = *[0, 0, 9, -4].choose(&mut self.rng).unwrap();
                let before = state.get(&key).cloned();
                let options = PutOptions {
                    prev_kv: self.rng.random_bool(0.3),
                    ignore_value: before.is_some() && self.rng.random_bool(0.1),
                    ignore_lease: before.is_some() && self.rng.random_bool(0.1),
                    log: self.rng.random_bool(0.8).then(|| self.log.add(&value)),
                };
                let previous = txn.put(key.clone(), value.clone(), lease, options).unwrap();
                assert_eq!(previous, before.clone().filter(|_| options.prev_kv));
                let old = before.clone().unwrap_or_default();
                let kv = KeyValue {
                    key: key.clone(),
                    create_revision: before.map_or(revision, |old| old.create_revision),
                    mod_revision: revision,
                    version: old.version + 1,
                    value: if options.ignore_value {
                        old.value
                    } else {
                        value
                    },
                    lease: if options.ignore_lease {
                        old.lease
                    } else {
                        lease
                    },
                };
                state.insert(key, kv.clone());
                events.push(event(EventType::Put, kv));
            }
            let own = txn.range(&everything()).unwrap();
            assert_eq!(own.kvs, state.values().cloned().collect::<Vec<_>>());
        }
        if !commit {
            drop(txn);
            return;
        }
        let committed = txn.commit();
        let found: Vec<Event> = committed
            .events
            .iter()
            .cloned()
            .map(|mut event| {
                event.prev_kv = None;
                event
            })
            .collect();
        assert_eq!(found, events);
        if !events.is_empty() {
            self.model.states.push(state);
            self.model.events.push(events);
        }
        assert_eq!(committed.revision, self.model.revision());
    }

    fn random_query(&mut self) -> RangeQuery {
        let (key, range_end) = self.span();
        let revision = self.model.revision();
        let bound = |rng: &mut StdRng| match rng.random_bool(0.15) {
            true => rng.random_range(0..=revision),
            false => 0,
        };
        let rng = &mut self.rng;
        RangeQuery {
            key,
            range_end,
            limit: *[0, 0, -1, 1, 2, 7, i64::MAX].choose(rng).unwrap(),
            revision: match rng.random_range(0..4) {
                0 => 0,
                1 => rng.random_range(-2..=revision + 1),
                _ => rng.random_range((revision - 20).max(0)..=revision),
            },
            sort_order: *[SortOrder::None, SortOrder::Ascend, SortOrder::Descend]
                .choose(rng)
                .unwrap(),
            sort_target: *[
                SortTarget::Key,
                SortTarget::Version,
                SortTarget::Create,
                SortTarget::Mod,
                SortTarget::Value,
            ]
            .choose(rng)
            .unwrap(),
            keys_only: rng.random_bool(0.2),
            count_only: rng.random_bool(0.1),
            min_mod_revision: bound(rng),
            max_mod_revision: bound(rng),
            min_create_revision: bound(rng),
            max_create_revision: bound(rng),
        }
    }

    fn compare_range(&mut self) {
        let query = self.random_query();
        match (self.store.range(&query), self.model.range(&query)) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{query:?}"),
            (Err(Error::Future), Err("future")) => {}
            (Err(Error::Compacted), Err("compacted")) => {}
            (found, expected) => panic!("{query:?}: {found:?} instead of {expected:?}"),
        }
        self.compare_slices(&query);
    }

    fn compare_slices(&mut self, query: &RangeQuery) {
        let plain = RangeQuery {
            key: query.key.clone(),
            range_end: query.range_end.clone(),
            revision: query.revision,
            keys_only: query.keys_only,
            ..RangeQuery::default()
        };
        let Ok(expected) = self.model.range(&plain) else {
            return;
        };
        let mut rest = plain;
        let mut found = Vec::new();
        loop {
            let max_keys = self.rng.random_range(0..20);
            let max_bytes = self.rng.random_range(0..3000);
            let slice = self.store.range_slice(&rest, max_keys, max_bytes).unwrap();
            found.extend(slice.kvs);
            match slice.next {
                Some(next) => rest.key = next,
                None => break,
            }
        }
        assert_eq!(found, expected.kvs);
    }

    fn compare_history(&mut self) {
        let (key, range_end) = self.span();
        let revision = self.model.revision();
        let from = self.rng.random_range((revision - 60).max(0)..=revision + 1);
        let to = self.rng.random_range(from - 1..=revision + 2);
        let mut found = Vec::new();
        let mut next = from;
        while next <= to.min(revision) {
            let max_bytes = self.rng.random_range(0..2000);
            match self
                .store
                .events_since(next, to, &key, &range_end, max_bytes)
            {
                Err(Error::Compacted) => {
                    assert!(from < self.model.compacted);
                    return;
                }
                Err(error) => panic!("{error}"),
                Ok(history) => {
                    assert!(history.next_revision > next);
                    found.extend(history.events);
                    next = history.next_revision;
                }
            }
        }
        if from < self.model.compacted {
            return;
        }
        let expected: Vec<Event> = (from.max(0)..=to.min(revision))
            .flat_map(|at| self.model.events[at as usize].clone())
            .filter(|event| contains(&key, &range_end, &event.kv.as_ref().unwrap().key))
            .filter(|event| {
                // Of several changes at the compact revision only the last of a key is left.
                let kv = event.kv.as_ref().unwrap();
                kv.mod_revision != self.model.compacted || self.is_last_of_revision(event)
            })
            .collect();
        if from != self.model.compacted || self.store.compact_step(usize::MAX) {
            assert_eq!(found, expected);
        }
        if let Some(event) = expected.first() {
            let kv = event.kv.as_ref().unwrap();
            let before = (kv.mod_revision - 1) as usize;
            let expected = self.model.states[before].get(&kv.key).cloned();
            let expected = expected.filter(|_| before as i64 >= self.model.compacted);
            assert_eq!(
                self.store.previous(&kv.key, kv.mod_revision).unwrap(),
                expected
            );
        }
    }

    fn is_last_of_revision(&self, event: &Event) -> bool {
        let kv = event.kv.as_ref().unwrap();
        let same = &self.model.events[kv.mod_revision as usize];
        let of_key = same
            .iter()
            .filter(|other| other.kv.as_ref().unwrap().key == kv.key);
        of_key.last() == Some(event)
    }

    fn compact(&mut self) {
        let at = self.rng.random_range(-1..=self.model.revision() + 1);
        let found = self.store.compact(at);
        if at <= self.model.compacted {
            assert!(matches!(found, Err(Error::Compacted)));
        } else if at > self.model.revision() {
            assert!(matches!(found, Err(Error::Future)));
        } else {
            found.unwrap();
            self.model.compacted = at;
        }
    }

    fn checkpoint(&mut self) {
        match self.underway.take() {
            None => {
                let name = Bytes::from_static(b"meta/revision");
                let value = Bytes::from(self.model.revision().to_string());
                let job = self.store.begin_checkpoint(vec![(name, Some(value))]);
                self.underway = Some((self.model.clone(), job));
            }
            // A job may also come to nothing.
            Some((_, job)) if self.rng.random_bool(0.1) => drop(job),
            Some((model, job)) if self.rng.random_bool(0.3) => {
                let spent = self.rng.random_range(0..20);
                self.backend.fail_after(Some(spent));
                let result = job.run();
                self.backend.fail_after(None);
                match result {
                    Ok(done) => {
                        // Durable, but the store never hears of it.
                        drop(done);
                        self.durable = model;
                    }
                    Err(_) if self.rng.random_bool(0.5) => self.reopen(),
                    Err(_) => {}
                }
            }
            Some((model, job)) => {
                let done = job.run().unwrap();
                assert_eq!(done.revision(), model.revision());
                self.store.finish_checkpoint(done);
                self.durable = model;
            }
        }
    }

    fn reopen(&mut self) {
        self.underway = None;
        // Chunks that no manifest names may survive or not. A manifest that was not flushed is
        // not kept, as the model could not tell.
        let kept = self.rng.random_range(0..10);
        self.backend.crash_before(kept, b"mvcc");
        self.store = Store::open(self.backend.clone(), self.options.clone()).unwrap();
        self.model = self.durable.clone();
        let mut leases = self.store.take_leased_keys();
        leases.sort();
        let expected: Vec<(Bytes, i64)> = self
            .model
            .now()
            .values()
            .filter(|kv| kv.lease != 0)
            .map(|kv| (kv.key.clone(), kv.lease))
            .collect();
        assert_eq!(leases, expected);
        assert_eq!(self.store.revision(), self.model.revision());
        assert_eq!(self.store.compact_revision(), self.model.compacted);
        self.hash = None;
    }

    fn step(&mut self) {
        self.store.recents.check();
        match self.rng.random_range(0..100) {
            0..=59 => self.transaction(),
            60..=77 => self.compare_range(),
            78..=85 => self.compare_history(),
            86..=87 => self.compact(),
            88..=92 => {
                let most = self.rng.random_range(1..200);
                self.store.compact_step(most);
            }
            93..=97 => self.checkpoint(),
            98 => self.compare_hash(),
            _ if self.rng.random_bool(0.3) => self.reopen(),
            _ => {}
        }
    }

    /// The hash must depend on neither the progress of compaction nor where records lie.
    fn compare_hash(&mut self) {
        let before = self.store.hash_kv(0).unwrap();
        while !self.store.compact_step(50) {}
        assert_eq!(self.store.hash_kv(0).unwrap(), before);
        if self.underway.is_none() {
            self.checkpoint();
            self.underway.as_mut().unwrap();
            let (model, job) = self.underway.take().unwrap();
            self.store.finish_checkpoint(job.run().unwrap());
            self.durable = model;
            assert_eq!(self.store.hash_kv(0).unwrap(), before);
            let live = self.store.live_bytes();
            self.reopen();
            while !self.store.compact_step(50) {}
            assert_eq!(self.store.hash_kv(0).unwrap(), before);
            assert_eq!(self.store.live_bytes(), live);
        }
    }
}

fn everything() -> RangeQuery {
    RangeQuery {
        key: Bytes::from_static(b"\0"),
        range_end: Bytes::from_static(b"\0"),
        ..RangeQuery::default()
    }
}

fn event(kind: EventType, kv: KeyValue) -> Event {
    Event {
        r#type: kind.into(),
        kv: Some(kv),
        prev_kv: None,
    }
}

#[test]
fn agrees_with_the_naive_model() {
    for seed in 0..10 {
        let mut world = World::new(seed);
        for _ in 0..1200 {
            world.step();
        }
        world.store.tree.check();
        let found = world.store.range(&everything()).unwrap();
        let expected: Vec<KeyValue> = world.model.now().values().cloned().collect();
        assert_eq!(found.kvs, expected, "seed {seed}");
    }
}
