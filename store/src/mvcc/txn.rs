//! Write transactions: all changes of one share a main revision, and see each other.

use bytes::Bytes;
use proto::mvccpb::event::EventType;
use proto::mvccpb::{Event, KeyValue};
use std::ops::ControlFlow;

use super::error::Error;
use super::range::{RangeQuery, RangeResult, bounds};
use super::recent::{LogRef, Record, Value};
use super::revision::{Revision, Version};
use super::state::Store;
use super::tree::Skip;

/// What a put takes from the key's previous state, and what it tells of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct PutOptions {
    /// Return the previous pair.
    pub prev_kv: bool,
    /// Keep the old value; the key must exist.
    pub ignore_value: bool,
    /// Keep the old lease; the key must exist.
    pub ignore_lease: bool,
    /// Where the value lies in the log, so that memory need not hold it until the checkpoint.
    pub log: Option<LogRef>,
}

/// What a range deletion did.
#[derive(Debug, Default)]
pub struct Deleted {
    /// Number of keys deleted.
    pub count: i64,
    /// Their last pairs, in key order, if they were asked for.
    pub previous: Vec<KeyValue>,
}

/// A finished transaction.
#[derive(Debug)]
pub struct Committed {
    /// The store's revision after it: grown by one exactly if `events` is not empty.
    pub revision: i64,
    /// What changed, in order. `prev_kv` is set only where the transaction had to read it anyway;
    /// a put with `version` 1 has none, others are found by [`Store::previous`].
    pub events: Vec<Event>,
}

/// An open transaction; dropping it without [`WriteTxn::commit`] undoes everything.
pub struct WriteTxn<'a> {
    store: &'a mut Store,
    /// The store's revision before the transaction.
    begin: i64,
    events: Vec<Event>,
}

impl Store {
    /// Starts a transaction.
    pub fn begin(&mut self) -> WriteTxn<'_> {
        WriteTxn {
            begin: self.current,
            store: self,
            events: Vec::new(),
        }
    }
}

impl WriteTxn<'_> {
    /// The store with this transaction's own writes, for point reads.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// The revision a reply would name now.
    pub fn revision(&self) -> i64 {
        self.store.current
    }

    /// Reads with this transaction's own writes. Unlike outside a transaction, a negative revision
    /// is [`Error::Compacted`], and the revision being made is [`Error::Future`], as etcd has it.
    pub fn range(&self, query: &RangeQuery) -> Result<RangeResult, Error> {
        self.store.check_revision(query.revision, self.begin)?;
        self.store.range(query)
    }

    /// Sets a key. Returns the previous pair if `options` had it read.
    pub fn put(
        &mut self,
        key: Bytes,
        value: Bytes,
        lease: i64,
        options: PutOptions,
    ) -> Result<Option<KeyValue>, Error> {
        let PutOptions {
            prev_kv,
            ignore_value,
            ignore_lease,
            log,
        } = options;
        let mut previous = None;
        let (mut value, mut lease, mut log) = (value, lease, log);
        if prev_kv || ignore_value || ignore_lease {
            previous = self.store.get(&key)?;
            if ignore_value {
                value = previous.as_ref().ok_or(Error::KeyNotFound)?.value.clone();
                log = None;
            }
            if ignore_lease {
                lease = previous.as_ref().ok_or(Error::KeyNotFound)?.lease;
            }
        }
        self.write_put(key, value, lease, log, previous.clone());
        Ok(previous.filter(|_| prev_kv))
    }

    fn write_put(
        &mut self,
        key: Bytes,
        value: Bytes,
        lease: i64,
        log: Option<LogRef>,
        previous: Option<KeyValue>,
    ) {
        let rev = self.next_revision();
        let (mut create, mut number) = (rev.main, 1);
        let store = &mut *self.store;
        store.tree.push(&key, |last| {
            if let Some(last) = last.filter(|last| !last.is_tombstone()) {
                create = last.create();
                number = last.number() + 1;
            }
            Version::put(rev, create, number, value.len())
        });
        store.live_bytes += (key.len() + value.len()) as u64;
        self.events.push(Event {
            r#type: EventType::Put.into(),
            kv: Some(KeyValue {
                key: key.clone(),
                create_revision: create,
                mod_revision: rev.main,
                version: number,
                value: value.clone(),
                lease,
            }),
            prev_kv: previous,
        });
        let log = log.filter(|_| store.values.is_some());
        store.recents.push(Record {
            rev,
            key,
            value: Value::Inline(value, log),
            create,
            number,
            lease,
            tombstone: false,
        });
    }

    /// Deletes `key`, or `[key, range_end)`; `range_end` as in [`RangeQuery`].
    pub fn delete_range(
        &mut self,
        key: &[u8],
        range_end: &[u8],
        prev_kv: bool,
    ) -> Result<Deleted, Error> {
        let keys = self.live_keys(key, range_end);
        let mut deleted = Deleted {
            count: keys.len() as i64,
            previous: Vec::new(),
        };
        if prev_kv && !keys.is_empty() {
            let query = RangeQuery {
                key: Bytes::copy_from_slice(key),
                range_end: Bytes::copy_from_slice(range_end),
                ..RangeQuery::default()
            };
            deleted.previous = self.store.range(&query)?.kvs;
        }
        let mut previous = deleted.previous.iter().cloned();
        for key in keys {
            self.write_tombstone(key, previous.next());
        }
        Ok(deleted)
    }

    fn live_keys(&self, key: &[u8], range_end: &[u8]) -> Vec<Bytes> {
        let mut keys = Vec::new();
        let Some((from, end)) = bounds(key, range_end) else {
            if self.store.meta(key).is_some() {
                keys.push(Bytes::copy_from_slice(key));
            }
            return keys;
        };
        self.store.tree.visit(from, end, Skip::Dead, |entry| {
            if entry.versions.is_live() {
                keys.push(Bytes::copy_from_slice(&entry.key));
            }
            ControlFlow::Continue(())
        });
        keys
    }

    fn write_tombstone(&mut self, key: Bytes, previous: Option<KeyValue>) {
        let rev = self.next_revision();
        let store = &mut *self.store;
        store.tree.push(&key, |last| {
            assert!(
                last.is_some_and(|last| !last.is_tombstone()),
                "only a key that exists can be deleted"
            );
            Version::tombstone(rev)
        });
        store.live_bytes += key.len() as u64;
        self.events.push(Event {
            r#type: EventType::Delete.into(),
            kv: Some(KeyValue {
                key: key.clone(),
                mod_revision: rev.main,
                ..KeyValue::default()
            }),
            prev_kv: previous,
        });
        store.recents.push(Record {
            rev,
            key,
            value: Value::Inline(Bytes::new(), None),
            create: 0,
            number: 0,
            lease: 0,
            tombstone: true,
        });
    }

    /// The revision of the next change; the first change moves the store's.
    fn next_revision(&mut self) -> Revision {
        self.store.current = self.begin + 1;
        Revision {
            main: self.begin + 1,
            sub: self.events.len() as i64,
        }
    }

    /// Makes the changes final.
    pub fn commit(mut self) -> Committed {
        let events = std::mem::take(&mut self.events);
        self.store.recents.enforce_budget();
        Committed {
            revision: self.store.current,
            events,
        }
    }
}

impl Drop for WriteTxn<'_> {
    fn drop(&mut self) {
        if self.events.is_empty() {
            return;
        }
        for _ in self.events.drain(..).rev() {
            let record = self
                .store
                .recents
                .pop()
                .expect("every event of the transaction has its record");
            let mut bytes = 0;
            self.store.tree.edit(&record.key, |versions| {
                let last = *versions.last();
                assert_eq!(
                    last.rev(),
                    record.rev,
                    "only the newest version is taken back"
                );
                bytes = record.key.len() + last.value_len();
                versions.keep(0, versions.as_slice().len() - 1)
            });
            self.store.live_bytes -= bytes as u64;
        }
        self.store.current = self.begin;
    }
}
