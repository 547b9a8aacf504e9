//! A backend in memory, for tests and simulation: what was flushed can be reopened after a "crash".

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Backend, Batch, Blob, Error};

#[derive(Default, Clone)]
struct Image {
    pairs: BTreeMap<Bytes, Bytes>,
    blobs: BTreeMap<(Blob, u32), Bytes>,
}

enum Change {
    Batch(Batch),
    Blob(Blob, u32, Bytes),
}

impl Image {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Batch(batch) => {
                for (key, value) in batch.changes() {
                    match value {
                        Some(value) => self.pairs.insert(key.clone(), value.clone()),
                        None => self.pairs.remove(key),
                    };
                }
            }
            Change::Blob(family, slot, data) if data.is_empty() => {
                self.blobs.remove(&(*family, *slot));
            }
            Change::Blob(family, slot, data) => {
                self.blobs.insert((*family, *slot), data.clone());
            }
        }
    }
}

#[derive(Default)]
struct Images {
    live: Image,
    unflushed: Vec<Change>,
    durable: Image,
    /// Changes and flushes that still succeed, if the "disk" is to fail.
    budget: Option<usize>,
}

impl Images {
    fn spend(&mut self, step: &'static str) -> Result<(), Error> {
        match &mut self.budget {
            None => Ok(()),
            Some(0) => Err(Error::Engine {
                step,
                source: "the disk was told to fail".into(),
            }),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }
}

/// Keeps a live and a durable image; [`MemoryBackend::crash`] falls back to the durable one.
#[derive(Default)]
pub struct MemoryBackend {
    images: Mutex<Images>,
}

impl MemoryBackend {
    /// An empty backend.
    pub fn new() -> Self {
        Self::default()
    }

    /// A crash that loses every change that was not flushed.
    pub fn crash(&self) {
        self.crash_before(0, b"");
    }

    /// A crash that keeps the first `kept` of the changes that were not flushed, but no batch that
    /// writes `key`, and nothing behind it.
    pub fn crash_before(&self, kept: usize, key: &[u8]) {
        let images = &mut *self.images.lock();
        let writes = |change: &Change| match change {
            Change::Batch(batch) => batch.changes().iter().any(|(name, _)| name == key),
            Change::Blob(..) => false,
        };
        let survivors = images.unflushed.drain(..).take(kept);
        for change in survivors.take_while(|change| !writes(change)) {
            images.durable.apply(&change);
        }
        images.live = images.durable.clone();
    }

    /// After so many more changes and flushes all further ones fail, until told otherwise.
    pub fn fail_after(&self, changes: Option<usize>) {
        self.images.lock().budget = changes;
    }

    fn change(&self, change: Change) -> Result<(), Error> {
        let images = &mut *self.images.lock();
        images.spend("write")?;
        images.live.apply(&change);
        images.unflushed.push(change);
        Ok(())
    }
}

impl Backend for MemoryBackend {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        self.change(Change::Batch(batch))
    }

    fn flush(&self) -> Result<(), Error> {
        let images = &mut *self.images.lock();
        images.spend("flush")?;
        for change in images.unflushed.drain(..) {
            images.durable.apply(&change);
        }
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.images.lock().live.pairs.get(key).cloned())
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if from >= to {
            return Ok(());
        }
        let images = self.images.lock();
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        for (key, value) in images.live.pairs.range::<[u8], _>(bounds) {
            if visit(key, value.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn put_blob(&self, family: Blob, slot: u32, data: Bytes) -> Result<(), Error> {
        self.change(Change::Blob(family, slot, data))
    }

    fn get_blob(&self, family: Blob, slot: u32) -> Result<Option<Bytes>, Error> {
        Ok(self.images.lock().live.blobs.get(&(family, slot)).cloned())
    }

    fn slots_end(&self, family: Blob) -> u32 {
        let images = self.images.lock();
        let all = (family, 0)..=(family, u32::MAX);
        let last = images.live.blobs.range(all).next_back();
        last.map_or(0, |((_, slot), _)| slot + 1)
    }

    fn bytes_on_disk(&self) -> u64 {
        let images = self.images.lock();
        let pairs = images.live.pairs.iter();
        let pairs: usize = pairs.map(|(key, value)| key.len() + value.len()).sum();
        let blobs: usize = images.live.blobs.values().map(Bytes::len).sum();
        (pairs + blobs) as u64
    }
}
