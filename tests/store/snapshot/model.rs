//! What a store must hold, kept in the simplest way: every record, read from the start.

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::mvccpb::KeyValue;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::snapshot::{Auth, Description, Lease, Record};

/// The records of a store and its leases.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) records: Vec<Record>,
    pub(super) leases: Vec<Lease>,
    pub(super) revision: i64,
    alive: BTreeMap<Bytes, KeyValue>,
}

impl Model {
    /// A store after `transactions` of one to three changes each among `keys` keys.
    pub(super) fn random(seed: u64, transactions: usize, keys: u32) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let leases = (0..20).map(|number| Lease {
            id: if number % 7 == 6 {
                -number
            } else {
                1000 + number
            },
            ttl: 3600 + number,
            remaining: 0,
        });
        let mut model = Self {
            leases: leases.collect(),
            revision: 1,
            ..Self::default()
        };
        for _ in 0..transactions {
            model.revision += 1;
            let first = random.random_range(0..keys);
            for sub in 0..random.random_range(1..=3u32) {
                // Keys of a transaction differ.
                let key = format!("/key/{:06}", first + sub * keys);
                model.change(key.into(), i64::from(sub), &mut random);
            }
        }
        model
    }

    fn change(&mut self, key: Bytes, sub: i64, random: &mut StdRng) {
        let before = self.alive.get(&key);
        if before.is_some() && random.random_bool(0.2) {
            let tombstone = KeyValue {
                key,
                ..KeyValue::default()
            };
            self.take(Record::new(self.revision, sub, true, &tombstone));
            return;
        }
        let length = match random.random_range(0..100) {
            0 => random.random_range(4_000..60_000),
            1..10 => 0,
            _ => random.random_range(1..400),
        };
        let leased = random.random_bool(0.3);
        let pair = KeyValue {
            key,
            create_revision: before.map_or(self.revision, |pair| pair.create_revision),
            mod_revision: self.revision,
            version: before.map_or(0, |pair| pair.version) + 1,
            value: vec![random.random(); length].into(),
            lease: if leased {
                self.leases[random.random_range(0..self.leases.len())].id
            } else {
                0
            },
        };
        self.take(Record::new(self.revision, sub, false, &pair));
    }

    /// Adds a record of a revision not before the last.
    pub(super) fn take(&mut self, record: Record) {
        self.revision = record.main;
        let pair = record.decode().unwrap();
        if record.tombstone {
            self.alive.remove(&pair.key);
        } else {
            self.alive.insert(pair.key.clone(), pair);
        }
        self.records.push(record);
    }

    /// The pairs alive at a revision, by key.
    pub(super) fn alive_at(&self, revision: i64) -> Vec<KeyValue> {
        if revision == self.revision {
            return self.alive.values().cloned().collect();
        }
        let mut alive = BTreeMap::new();
        for record in self
            .records
            .iter()
            .take_while(|record| record.main <= revision)
        {
            let pair = record.decode().unwrap();
            if record.tombstone {
                alive.remove(&pair.key);
            } else {
                alive.insert(pair.key.clone(), pair);
            }
        }
        alive.into_values().collect()
    }

    /// A few revisions from the whole of the history.
    pub(super) fn some_revisions(&self) -> impl Iterator<Item = i64> {
        let last = self.revision;
        [2, last / 3, last / 2, last - 1].into_iter()
    }

    /// Leases by id: granted seconds, and the keys alive on it.
    pub(super) fn lease_table(&self) -> BTreeMap<i64, (i64, Vec<Bytes>)> {
        let mut table: BTreeMap<_, _> = self
            .leases
            .iter()
            .map(|lease| (lease.id, (lease.ttl, Vec::new())))
            .collect();
        for pair in self.alive.values().filter(|pair| pair.lease != 0) {
            table
                .entry(pair.lease)
                .or_default()
                .1
                .push(pair.key.clone());
        }
        table
    }

    /// The rest of the state, as of a store that never compacted.
    pub(super) fn description(&self) -> Description {
        Description {
            consistent_index: 100_000,
            term: 4,
            storage_version: Some("3.7.0".into()),
            cluster_version: Some("3.7.0".into()),
            leases: self.leases.clone(),
            auth: Auth {
                revision: 1,
                ..Auth::default()
            },
            ..Description::default()
        }
    }
}
