//! The store itself: what it is made of, how it opens, and reads of single keys.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use proto::mvccpb::KeyValue;

use super::checkpoint::Underway;
use super::chunks::Chunks;
use super::compact::Progress;
use super::error::Error;
use super::hash::HashKv;
use super::recent::{Recents, Record, Value, ValueSource};
use super::restore::{Restored, restore};
use super::tree::Tree;
use crate::backend::Backend;

/// How much the store keeps in memory, and where else it may read.
#[derive(Clone)]
pub struct Options {
    /// Bound for records whose values stay in memory, in bytes, counting keys and bookkeeping.
    pub inline_bytes_max: usize,
    /// Keys and values of one chunk of the checkpoint, in bytes.
    pub chunk_bytes: usize,
    /// Reads values back from the log; without it, log references given with puts are not used.
    pub values: Option<Arc<dyn ValueSource>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inline_bytes_max: 8 << 20,
            chunk_bytes: 32 << 10,
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
    pub(super) chunks: Chunks,
    pub(super) chunk_bytes: usize,
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
    pub(super) underway: Underway,
    /// Alive while an export is.
    pub(super) exporting: Weak<()>,
    /// What [`Recents::written_bytes`] said when the last checkpoint began.
    pub(super) saved_at: u64,
    /// Revisions that compactions have removed.
    pub(super) removed: u64,
    leases_found: Vec<(Bytes, i64)>,
    /// Hashes of the last compactions.
    pub(super) hashes: VecDeque<HashKv>,
}

impl Store {
    /// Rebuilds the store from the last checkpoint in `backend`; an empty one is at revision 1.
    pub fn open(backend: Arc<dyn Backend>, options: Options) -> Result<Self, Error> {
        let Restored {
            revision,
            compacted,
            tree,
            chunks,
            live_bytes,
            leases,
        } = restore(&*backend)?;
        Ok(Self {
            tree,
            recents: Recents::new(options.inline_bytes_max, revision),
            chunks,
            chunk_bytes: options.chunk_bytes,
            backend,
            values: options.values,
            current: revision,
            compacted,
            live_bytes,
            // What the last compaction left undone is found again.
            compaction: (compacted > 0).then(Progress::default),
            underway: Underway::default(),
            exporting: Weak::new(),
            saved_at: 0,
            removed: 0,
            leases_found: leases,
            hashes: VecDeque::new(),
        })
    }

    /// The keys that had a lease in the checkpoint, once; for the lease table.
    pub fn take_leased_keys(&mut self) -> Vec<(Bytes, i64)> {
        std::mem::take(&mut self.leases_found)
    }

    /// The newest revision; 1 on a fresh store.
    pub fn revision(&self) -> i64 {
        self.current
    }

    /// The revision of the last compaction, -1 before the first.
    pub fn compact_revision(&self) -> i64 {
        self.compacted
    }

    /// How many revisions compactions have removed since the store was opened.
    pub fn removed(&self) -> u64 {
        self.removed
    }

    /// Number of keys that exist now.
    pub fn key_count(&self) -> usize {
        self.tree.sums().live
    }

    /// Bytes of keys and values of everything that is not compacted, history included.
    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Bytes of keys and values written since the last checkpoint began, or since opening.
    pub fn bytes_since_checkpoint(&self) -> u64 {
        self.recents.written_bytes().saturating_sub(self.saved_at)
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
