//! The chunks of the checkpoint, as memory knows them: which revisions lie in which slot of the
//! backend, and which of their records are dead.
//!
//! A slot is a fixed pair of backend keys that hold one chunk or nothing. All keys exist before
//! they are filled, and the keys of values are spread out by fillers:
//!
//! ```text
//! "ch" slot, 4 BE          -> headers
//! "cv" slot, 4 BE, 0       -> values
//! "cv" slot, 4 BE, 1..=8   -> nothing, ever
//! ```
//!
//! because sled writes a leaf again whenever it splits (at 17 keys) or has got 10 changes: with
//! this layout a leaf holds one chunk and never splits once it holds data (docs/adr/0003).
//!
//! Invariants: chunks ascend and do not overlap; a slot belongs to at most one chunk; a slot that
//! a published directory names is not written to.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::chunk::{self, Values};
use super::error::Error;
use super::revision::Revision;
use crate::backend::{Backend, Batch};

/// Prefix of the keys of headers.
pub(super) const HEADERS: &[u8] = b"ch";
const VALUES: &[u8] = b"cv";
/// Keys in a leaf of sled after a split, beside the one that holds the chunk.
const FILLERS: u8 = 8;
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
        let entry = backend.get(&headers_key(self.slot))?;
        entry.ok_or_else(|| self.damaged("its headers are missing"))
    }

    /// The values entry, verified.
    pub(super) fn values(&self, backend: &dyn Backend) -> Result<Values, Error> {
        let entry = backend.get(&values_key(self.slot, 0))?;
        let entry = entry.ok_or_else(|| self.damaged("its values are missing"))?;
        Values::open(entry).map_err(|detail| self.damaged(format!("values: {detail}")))
    }
}

pub(super) fn headers_key(slot: u32) -> Vec<u8> {
    [HEADERS, &slot.to_be_bytes()].concat()
}

/// The slot of a key of headers.
pub(super) fn slot_of_headers(key: &[u8]) -> Option<u32> {
    let slot = key.strip_prefix(HEADERS)?;
    Some(u32::from_be_bytes(slot.try_into().ok()?))
}

fn values_key(slot: u32, filler: u8) -> Vec<u8> {
    [VALUES, &slot.to_be_bytes(), &[filler]].concat()
}

/// Which slots exist, and which of them may be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    /// Slots `0..made` have their keys in the backend.
    pub(super) made: u32,
    pub(super) free: BTreeSet<u32>,
    /// Free slots that still hold an abandoned chunk.
    pub(super) stale: BTreeSet<u32>,
}

impl Slots {
    /// A slot to write to. May ask the backend for more.
    pub(super) fn take(&mut self, backend: &dyn Backend) -> Result<u32, Error> {
        if self.free.is_empty() {
            self.make(backend)?;
        }
        let slot = self.free.pop_first().expect("slots were just made");
        self.stale.remove(&slot);
        Ok(slot)
    }

    fn make(&mut self, backend: &dyn Backend) -> Result<(), Error> {
        let more = (self.made / 4).clamp(16, 1024);
        let mut batch = Batch::default();
        for slot in self.made..self.made + more {
            batch.put(headers_key(slot), Bytes::new());
            for filler in 0..=FILLERS {
                batch.put(values_key(slot, filler), Bytes::new());
            }
        }
        backend.write(batch)?;
        self.free.extend(self.made..self.made + more);
        self.made += more;
        Ok(())
    }

    /// Empties abandoned slots, so that the backend can use their space.
    pub(super) fn clear_stale(&mut self, backend: &dyn Backend) -> Result<(), Error> {
        let mut batch = Batch::default();
        for slot in std::mem::take(&mut self.stale) {
            batch.put(headers_key(slot), Bytes::new());
            batch.put(values_key(slot, 0), Bytes::new());
        }
        if !batch.is_empty() {
            backend.write(batch)?;
        }
        Ok(())
    }

    /// Puts a finished chunk into a batch.
    pub(super) fn fill(batch: &mut Batch, slot: u32, built: chunk::Built) {
        batch.put(headers_key(slot), built.headers);
        batch.put(values_key(slot, 0), built.values);
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
