//! History as events, for watchers that catch up.

use proto::mvccpb::event::EventType;
use proto::mvccpb::{Event, KeyValue};

use super::error::Error;
use super::range::bounds;
use super::recent::Record;
use super::revision::Revision;
use super::state::{Store, read_value};

/// A stretch of history.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// In revision order; whole revisions only.
    pub events: Vec<Event>,
    /// The revision to go on from: above the end asked for when all was read.
    pub next_revision: i64,
}

impl Store {
    /// Events of keys in `[key, range_end)` (as in a range query) with main revisions `from` to
    /// `to`, both included. Stops at a revision's end once `max_bytes` of keys and values are
    /// reached, but makes progress always. Fails with [`Error::Compacted`] if `from` lies below
    /// the last compaction. `prev_kv` is never set: see [`Store::previous`].
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
        let matches = |record: &Record| match bounds(key, range_end) {
            None => record.key == key,
            Some((from, end)) => record.key >= from && end.is_none_or(|end| record.key < end),
        };
        let to = to.min(self.current);
        let mut history = History {
            events: Vec::new(),
            next_revision: to.max(from - 1) + 1,
        };
        let mut bytes = 0;
        let mut last_main = 0;
        for record in self.recents.since(Revision::first_of(from)) {
            if record.rev.main > to {
                break;
            }
            if record.is_dead() || !matches(record) {
                continue;
            }
            if record.rev.main != last_main && bytes >= max_bytes && !history.events.is_empty() {
                history.next_revision = record.rev.main;
                break;
            }
            last_main = record.rev.main;
            let value = read_value(self.values.as_deref(), record)?;
            bytes += record.key.len() + value.len();
            history.events.push(event_of(record, value));
        }
        Ok(history)
    }
}

fn event_of(record: &Record, value: bytes::Bytes) -> Event {
    let kind = if record.tombstone {
        EventType::Delete
    } else {
        EventType::Put
    };
    Event {
        r#type: kind.into(),
        kv: Some(KeyValue {
            key: record.key.clone(),
            create_revision: record.create,
            mod_revision: record.rev.main,
            version: record.number,
            value,
            lease: record.lease,
        }),
        prev_kv: None,
    }
}
