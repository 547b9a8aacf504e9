//! The backend on sled 0.34: small cache, no background flush, one tree.
//!
//! sled's own flusher is off: the log is the truth, so only [`Backend::flush`] has to be durable.

use std::ops::ControlFlow;
use std::path::Path;

use bytes::Bytes;

use super::{Backend, Batch, Error};

/// Bytes of sled's page cache. Chunks are read once per range, so a large cache buys little.
const CACHE_BYTES: u64 = 16 << 20;

/// A sled database in one directory.
pub struct SledBackend {
    db: sled::Db,
}

impl SledBackend {
    /// Opens or creates the database in `path`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with_cache(path, CACHE_BYTES)
    }

    /// Opens with another bound for sled's page cache, in bytes.
    pub fn open_with_cache(path: &Path, cache_bytes: u64) -> Result<Self, Error> {
        let db = sled::Config::new()
            .path(path)
            .cache_capacity(cache_bytes)
            .flush_every_ms(None)
            .mode(sled::Mode::HighThroughput)
            .open()
            .map_err(|source| Error::Open {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
        Ok(Self { db })
    }
}

fn failed(step: &'static str) -> impl Fn(sled::Error) -> Error {
    move |source| Error::Engine {
        step,
        source: Box::new(source),
    }
}

fn to_bytes(value: sled::IVec) -> Bytes {
    // IVec shares its buffer by reference count, so no copy is made.
    Bytes::from_owner(value)
}

impl Backend for SledBackend {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        let mut inner = sled::Batch::default();
        for (key, value) in batch.changes() {
            match value {
                Some(value) => inner.insert(key.as_ref(), value.as_ref()),
                None => inner.remove(key.as_ref()),
            }
        }
        self.db.apply_batch(inner).map_err(failed("write"))
    }

    fn flush(&self) -> Result<(), Error> {
        self.db.flush().map_err(failed("flush"))?;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.db.get(key).map_err(failed("read"))?.map(to_bytes))
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
        for pair in self.db.range(from..to) {
            let (key, value) = pair.map_err(failed("read"))?;
            if visit(&key, to_bytes(value)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn bytes_on_disk(&self) -> u64 {
        self.db.size_on_disk().unwrap_or(0)
    }
}
