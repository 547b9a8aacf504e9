//! The chunks of the checkpoint, as memory knows them: which revisions lie in which slot of the
//! backend, and which of their records are dead.
//!
//! A slot is a pair of blobs of the backend, headers and values, under one number. Slots that no
//! chunk needs any more are used again, lowest first, so their numbers stay dense.
//!
//! Invariants: chunks ascend and do not overlap; a slot belongs to at most one chunk; a slot that
//! a published directory names is not written to.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::chunk::Values;
use super::error::Error;
use super::revision::Revision;
use crate::backend::{Backend, Blob};

/// Bound for verified values entries kept for further reads, in bytes.
const CACHE_BYTES_MAX: usize = 4 << 20;

/// A record of a chunk that compaction removed, relative to the chunk's first main revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dead {
    pub(super) main_step: u32,
    pub(super) sub: u32,
}

/// One chunk.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) first: Revision,
    pub(super) last: Revision,
    pub(super) slot: u32,
    /// The checksum of its headers.
    pub(super) checksum: u32,
    pub(super) records: usize,
    /// Keys and values of all records.
    pub(super) bytes: usize,
    /// Keys and values of the dead ones.
    pub(super) dead_bytes: usize,
    pub(super) dead: Arc<Vec<Dead>>,
}

impl Chunk {
    fn name(&self) -> String {
        format!("{}.{}", self.first.main, self.first.sub)
    }

    pub(super) fn live_bytes(&self) -> usize {
        self.bytes - self.dead_bytes
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.len() == self.records
    }

    /// Worth writing again: more than half of it is dead.
    pub(super) fn is_mostly_dead(&self) -> bool {
        self.dead.len() * 2 > self.records || self.dead_bytes * 2 > self.bytes
    }

    pub(super) fn dead_form(&self, rev: Revision) -> Dead {
        Dead {
            main_step: (rev.main - self.first.main) as u32,
            sub: rev.sub as u32,
        }
    }

    pub(super) fn damaged(&self, detail: impl Into<String>) -> Error {
        Error::Damaged {
            chunk: self.name(),
            detail: detail.into(),
        }
    }

    /// The headers entry, not verified yet.
    pub(super) fn headers(&self, backend: &dyn Backend) -> Result<Bytes, Error> {
        let entry = backend.get_blob(Blob::Headers, self.slot)?;
        entry.ok_or_else(|| self.damaged("its headers are missing"))
    }

    /// The values entry, verified.
    pub(super) fn values(&self, backend: &dyn Backend) -> Result<Values, Error> {
        let entry = backend.get_blob(Blob::Values, self.slot)?;
        let entry = entry.ok_or_else(|| self.damaged("its values are missing"))?;
        Values::open(entry).map_err(|detail| self.damaged(format!("values: {detail}")))
    }
}

/// Which slots may be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    /// Slots from here on were never used.
    pub(super) end: u32,
    /// Slots below `end` that no chunk uses.
    pub(super) free: BTreeSet<u32>,
    /// Free slots that still hold an abandoned chunk.
    pub(super) stale: BTreeSet<u32>,
}

impl Slots {
    /// A slot to write to.
    pub(super) fn take(&mut self) -> u32 {
        let slot = self.free.pop_first().unwrap_or_else(|| {
            self.end += 1;
            self.end - 1
        });
        self.stale.remove(&slot);
        slot
    }

    /// Leaves `slots` alone until they are abandoned.
    pub(super) fn keep_off(&mut self, slots: &BTreeSet<u32>) {
        if let Some(last) = slots.last() {
            self.free.extend(self.end..=*last);
            self.end = self.end.max(last + 1);
        }
        self.free.retain(|slot| !slots.contains(slot));
        self.stale.retain(|slot| !slots.contains(slot));
    }

    /// Gives `slots` free; what they hold is to be cleared.
    pub(super) fn abandon(&mut self, slots: BTreeSet<u32>) {
        self.free.extend(&slots);
        self.stale.extend(slots);
    }

    /// Empties abandoned slots, so that the backend can use their space.
    pub(super) fn clear_stale(&mut self, backend: &dyn Backend) -> Result<(), Error> {
        for slot in std::mem::take(&mut self.stale) {
            backend.put_blob(Blob::Headers, slot, Bytes::new())?;
            backend.put_blob(Blob::Values, slot, Bytes::new())?;
        }
        Ok(())
    }
}

/// All chunks, in revision order, and the last values read.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    pub(super) directory: Vec<Chunk>,
    pub(super) slots: Slots,
    cache: Mutex<Vec<(u32, Arc<Values>)>>,
}

impl Chunks {
    /// The chunk whose range holds `rev`.
    pub(super) fn find(&self, rev: Revision) -> Option<&Chunk> {
        Some(&self.directory[self.position(rev)?])
    }

    fn position(&self, rev: Revision) -> Option<usize> {
        let after = self.directory.partition_point(|chunk| chunk.first <= rev);
        let at = after.checked_sub(1)?;
        (rev <= self.directory[at].last).then_some(at)
    }

    /// Notes that a record is dead; false if no chunk has it.
    pub(super) fn kill(&mut self, rev: Revision, bytes: usize) -> bool {
        let Some(at) = self.position(rev) else {
            return false;
        };
        let chunk = &mut self.directory[at];
        let dead = chunk.dead_form(rev);
        Arc::make_mut(&mut chunk.dead).push(dead);
        chunk.dead_bytes += bytes;
        assert!(
            chunk.dead.len() <= chunk.records && chunk.dead_bytes <= chunk.bytes,
            "chunk {} has more dead records than records",
            chunk.name()
        );
        true
    }

    /// The values of a chunk, from the cache if they were read lately.
    pub(super) fn cached_values(
        &self,
        backend: &dyn Backend,
        chunk: &Chunk,
    ) -> Result<Arc<Values>, Error> {
        {
            let mut cache = self.cache.lock();
            if let Some(at) = cache.iter().position(|(slot, _)| *slot == chunk.slot) {
                let hit = cache.remove(at);
                let values = Arc::clone(&hit.1);
                cache.push(hit);
                return Ok(values);
            }
        }
        let values = Arc::new(chunk.values(backend)?);
        let mut cache = self.cache.lock();
        cache.push((chunk.slot, Arc::clone(&values)));
        let mut total: usize = cache.iter().map(|(_, values)| values.cost()).sum();
        while total > CACHE_BYTES_MAX {
            total -= cache.remove(0).1.cost();
        }
        Ok(values)
    }

    /// Takes over the directory that a checkpoint has made durable.
    pub(super) fn publish(&mut self, directory: Vec<Chunk>, slots: Slots) {
        assert!(
            directory
                .windows(2)
                .all(|pair| pair[0].last < pair[1].first),
            "chunks must ascend and not overlap"
        );
        self.directory = directory;
        self.slots = slots;
        // A slot may hold another chunk now.
        self.cache.lock().clear();
    }
}
