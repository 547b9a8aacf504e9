//! A backend in memory, for tests and simulation: what was flushed can be reopened after a "crash".

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Backend, Batch, Error};

#[derive(Default)]
struct Images {
    live: BTreeMap<Bytes, Bytes>,
    unflushed: Vec<Batch>,
    durable: BTreeMap<Bytes, Bytes>,
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

    /// Forgets every batch that was not flushed.
    pub fn crash(&self) {
        let mut images = self.images.lock();
        images.unflushed.clear();
        images.live = images.durable.clone();
    }

    /// Every pair, in key order; for tests that damage or compare images.
    pub fn pairs(&self) -> Vec<(Bytes, Bytes)> {
        let images = self.images.lock();
        images
            .live
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }
}

fn apply(image: &mut BTreeMap<Bytes, Bytes>, batch: &Batch) {
    for (key, value) in batch.changes() {
        match value {
            Some(value) => image.insert(key.clone(), value.clone()),
            None => image.remove(key),
        };
    }
}

impl Backend for MemoryBackend {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        let mut images = self.images.lock();
        apply(&mut images.live, &batch);
        images.unflushed.push(batch);
        Ok(())
    }

    fn flush(&self) -> Result<(), Error> {
        let mut images = self.images.lock();
        for batch in std::mem::take(&mut images.unflushed) {
            apply(&mut images.durable, &batch);
        }
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.images.lock().live.get(key).cloned())
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
        for (key, value) in images.live.range::<[u8], _>(bounds) {
            if visit(key, value.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn bytes_on_disk(&self) -> u64 {
        let images = self.images.lock();
        images
            .live
            .iter()
            .map(|(key, value)| (key.len() + value.len()) as u64)
            .sum()
    }
}
