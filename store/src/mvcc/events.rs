//! History as events, for watchers that catch up: first from chunks, then from the recents.

use bytes::Bytes;
use proto::mvccpb::event::EventType;
use proto::mvccpb::{Event, KeyValue};

use super::chunk::{self, Header};
use super::chunks::Chunk;
use super::error::Error;
use super::range::bounds;
use super::recent::Record;
use super::revision::Revision;
use super::state::{Store, read_value};

/// Records looked at in one call, so that a watcher of a quiet key holds the lock only briefly.
const SCAN_RECORDS_MAX: usize = 50_000;

/// A stretch of history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// In revision order; whole revisions only.
    pub events: Vec<Event>,
    /// The revision to go on from: above the end asked for when all was read.
    pub next_revision: i64,
}

/// What is asked for, and what has been found so far.
struct Collector<'a> {
    from: i64,
    to: i64,
    key: &'a [u8],
    range_end: &'a [u8],
    max_bytes: usize,
    history: History,
    bytes: usize,
    scanned: usize,
    last_main: i64,
    full: bool,
}

impl Collector<'_> {
    fn matches(&self, key: &[u8]) -> bool {
        match bounds(self.key, self.range_end) {
            None => key == self.key,
            Some((from, end)) => key >= from && end.is_none_or(|end| key < end),
        }
    }

    /// Whether a record of `main` may still be taken; stops only between revisions.
    fn admits(&mut self, main: i64) -> bool {
        if self.full || main < self.from || main > self.to {
            return false;
        }
        let enough = self.bytes >= self.max_bytes || self.scanned >= SCAN_RECORDS_MAX;
        if main != self.last_main && self.last_main != 0 && enough {
            self.history.next_revision = main;
            self.full = true;
            return false;
        }
        self.last_main = main;
        self.scanned += 1;
        true
    }

    fn add(&mut self, tombstone: bool, kv: KeyValue) {
        let kind = match tombstone {
            true => EventType::Delete,
            false => EventType::Put,
        };
        self.bytes += kv.key.len() + kv.value.len();
        self.history.events.push(Event {
            r#type: kind.into(),
            kv: Some(kv),
            prev_kv: None,
        });
    }
}

impl Store {
    /// Events of keys in `[key, range_end)` (as in a range query) with main revisions `from` to
    /// `to`, both included. Stops between revisions once `max_bytes` of keys and values are
    /// reached or many records were looked at, but makes progress always; so `events` may be empty
    /// although `next_revision` is not above `to`. Fails with [`Error::Compacted`] if `from` lies
    /// below the last compaction. `prev_kv` is never set: see [`Store::previous`].
    pub fn events_since(
        &self,
        from: i64,
        to: i64,
        key: &[u8],
        range_end: &[u8],
        max_bytes: usize,
    ) -> Result<History, Error> {
        if from < self.compacted {
            return Err(Error::Compacted);
        }
        let to = to.min(self.current);
        let mut found = Collector {
            from,
            to,
            key,
            range_end,
            max_bytes,
            history: History {
                events: Vec::new(),
                next_revision: to.max(from - 1) + 1,
            },
            bytes: 0,
            scanned: 0,
            last_main: 0,
            full: false,
        };
        // The first transaction in memory may have lost its beginning to a chunk.
        let in_memory = self
            .recents
            .first_rev()
            .map_or(i64::MAX, |first| first.main + i64::from(first.sub > 0));
        let directory = &self.chunks.directory;
        let start = directory.partition_point(|chunk| chunk.last.main < from);
        for chunk in &directory[start..] {
            if found.full || chunk.first.main > to || chunk.first.main >= in_memory {
                break;
            }
            self.collect_chunk(chunk, in_memory, &mut found)?;
        }
        for record in self.recents.since(Revision::first_of(from.max(in_memory))) {
            if !found.admits(record.rev.main) {
                break;
            }
            if !record.is_dead() && found.matches(&record.key) {
                found.add(record.tombstone, self.pair_of(&record)?);
            }
        }
        Ok(found.history)
    }

    fn collect_chunk(
        &self,
        chunk: &Chunk,
        before: i64,
        found: &mut Collector<'_>,
    ) -> Result<(), Error> {
        // Dead records lie below the compact revision, so none is looked at here.
        let mut headers: Vec<Header> = Vec::new();
        chunk::read_headers(&chunk.headers(&*self.backend)?, |header| {
            let wanted = header.rev.main < before && found.admits(header.rev.main);
            if wanted && found.matches(&header.key) {
                headers.push(header.clone());
            }
        })
        .map_err(|detail| chunk.damaged(format!("headers: {detail}")))?;
        if headers.is_empty() {
            return Ok(());
        }
        let values = self.chunks.cached_values(&*self.backend, chunk)?;
        for header in headers {
            let (value, lease) = values
                .get(header.rev)
                .ok_or_else(|| chunk.damaged("headers and values disagree"))?;
            let kv = KeyValue {
                key: Bytes::from(header.key),
                create_revision: header.create,
                mod_revision: header.rev.main,
                version: header.number,
                value,
                lease,
            };
            found.add(header.tombstone, kv);
        }
        Ok(())
    }

    fn pair_of(&self, record: &Record) -> Result<KeyValue, Error> {
        Ok(KeyValue {
            key: record.key.clone(),
            create_revision: record.create,
            mod_revision: record.rev.main,
            version: record.number,
            value: read_value(self.values.as_deref(), record)?,
            lease: record.lease,
        })
    }
}
