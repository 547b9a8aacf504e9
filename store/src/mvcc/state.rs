//! The store itself: what it is made of, how it opens, and reads of single keys.

use std::sync::Arc;

use bytes::Bytes;
use proto::mvccpb::KeyValue;

use super::compact::Progress;
use super::error::Error;
use super::recent::{Recents, Record, Value, ValueSource};
use super::revision::{Revision, Version};
use super::tree::Tree;
use crate::backend::Backend;

/// How much the store keeps in memory, and where else it may read.
#[derive(Clone)]
pub struct Options {
    /// Bound for records whose values stay in memory, in bytes, counting keys and bookkeeping.
    pub inline_bytes_max: usize,
    /// Reads values back from the log; without it, log references given with puts are not used.
    pub values: Option<Arc<dyn ValueSource>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inline_bytes_max: 16 << 20,
            values: None,
        }
    }
}

/// What the index knows of a key without reading its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyMeta {
    /// Revision of the put that made the key.
    pub create_revision: i64,
    /// Revision of the last put.
    pub mod_revision: i64,
    /// Number of puts since it was made, from 1.
    pub version: i64,
    /// Bytes of the value.
    pub value_len: usize,
}

/// See the module.
pub struct Store {
    pub(super) tree: Tree,
    pub(super) recents: Recents,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) values: Option<Arc<dyn ValueSource>>,
    /// The newest revision; inside a transaction that has written, already the one it makes.
    pub(super) current: i64,
    /// Last compaction, or -1.
    pub(super) compacted: i64,
    /// Bytes of keys and values of all versions in the tree.
    pub(super) live_bytes: u64,
    /// Set while a compaction has keys left to visit.
    pub(super) compaction: Option<Progress>,
}

impl Store {
    /// Rebuilds the store from the last checkpoint in `backend`; an empty one is at revision 1.
    pub fn open(backend: Arc<dyn Backend>, options: Options) -> Result<Self, Error> {
        Ok(Self {
            tree: Tree::new(),
            recents: Recents::new(options.inline_bytes_max, 0),
            backend,
            values: options.values,
            current: 1,
            compacted: -1,
            live_bytes: 0,
            compaction: None,
        })
    }

    /// The newest revision; 1 on a fresh store.
    pub fn revision(&self) -> i64 {
        self.current
    }

    /// The revision of the last compaction, -1 before the first.
    pub fn compact_revision(&self) -> i64 {
        self.compacted
    }

    /// Number of keys that exist now.
    pub fn key_count(&self) -> usize {
        self.tree.sums().live
    }

    /// Bytes of keys and values of everything that is not compacted, history included.
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Bytes the checkpoint occupies on its disk.
    pub fn bytes_on_disk(&self) -> u64 {
        self.backend.bytes_on_disk()
    }

    /// The key as it is now.
    pub fn get(&self, key: &[u8]) -> Result<Option<KeyValue>, Error> {
        self.get_at(key, self.current)
    }

    /// What is known of the key as it is now, without touching its value.
    pub fn meta(&self, key: &[u8]) -> Option<KeyMeta> {
        let version = self.tree.get(key)?.versions.at(self.current)?;
        Some(KeyMeta {
            create_revision: version.create(),
            mod_revision: version.main(),
            version: version.number(),
            value_len: version.value_len(),
        })
    }

    /// The key as it was just before main revision `revision`: the `prev_kv` of an event. `None`
    /// if it did not exist, or if that state is compacted.
    pub fn previous(&self, key: &[u8], revision: i64) -> Result<Option<KeyValue>, Error> {
        let before = revision - 1;
        if before < self.compacted {
            return Ok(None);
        }
        self.get_at(key, before)
    }

    fn get_at(&self, key: &[u8], main: i64) -> Result<Option<KeyValue>, Error> {
        let Some(entry) = self.tree.get(key) else {
            return Ok(None);
        };
        match entry.versions.at(main) {
            None => Ok(None),
            Some(version) => self.load(&entry.key, version).map(Some),
        }
    }

    /// The record behind a version of the index.
    pub(super) fn load(&self, key: &[u8], version: &Version) -> Result<KeyValue, Error> {
        let rev = version.rev();
        let record = self
            .recents
            .get(rev)
            .unwrap_or_else(|| panic!("the index names {rev:?}, of which there is no record"));
        assert_agreement(record, key, version);
        Ok(KeyValue {
            key: record.key.clone(),
            create_revision: version.create(),
            mod_revision: version.main(),
            version: version.number(),
            value: self.value_of(record)?,
            lease: record.lease,
        })
    }

    /// The value of a record in memory, read from the log if it is only there.
    pub(super) fn value_of(&self, record: &Record) -> Result<Bytes, Error> {
        read_value(self.values.as_deref(), record)
    }
}

/// The value of a record, read from `values` if it is only in the log.
pub(super) fn read_value(
    values: Option<&dyn ValueSource>,
    record: &Record,
) -> Result<Bytes, Error> {
    match &record.value {
        Value::Inline(value, _) => Ok(value.clone()),
        Value::Log(place) => values
            .expect("values move to the log only if it can be read")
            .read(place.segment, place.offset, place.len)
            .map_err(|source| Error::Log {
                revision: record.rev.main,
                source,
            }),
        Value::Dead => panic!("record {:?} was compacted", record.rev),
    }
}

/// Panics unless the record is the one the index means.
fn assert_agreement(record: &Record, key: &[u8], version: &Version) {
    let rev: Revision = version.rev();
    assert!(
        record.key == key && record.create == version.create(),
        "index and record disagree at {rev:?}"
    );
}
