//! An engine that is not opened before there is something to keep in it.
//!
//! sled takes about 21 MiB of memory as soon as it is open (its tables of measurements, which are
//! made even where they are switched off). A member whose log has not been cut yet has no
//! checkpoint, and does without.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::OnceLock;

use super::{Backend, Batch, Blob, Error, SledBackend};

/// sled in a directory that is made with the first write; empty until then.
pub struct LazyBackend {
    path: PathBuf,
    engine: OnceLock<SledBackend>,
    /// Held while the engine is opened, so that it is opened once.
    opening: Mutex<()>,
}

impl LazyBackend {
    /// Opens what is in `path`; if there is nothing, that waits for the first write.
    ///
    /// # Errors
    /// The engine refuses what it finds.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let lazy = Self {
            path: path.to_owned(),
            engine: OnceLock::new(),
            opening: Mutex::new(()),
        };
        if path.exists() {
            lazy.opened()?;
        }
        Ok(lazy)
    }

    fn opened(&self) -> Result<&SledBackend, Error> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let _guard = self.opening.lock();
        if self.engine.get().is_none() {
            let engine = SledBackend::open(&self.path)?;
            // Nobody else sets it while the lock is held.
            let _ = self.engine.set(engine);
        }
        Ok(self
            .engine
            .get()
            .expect("it was set above, or by who held the lock before"))
    }
}

impl Backend for LazyBackend {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        self.opened()?.write(batch)
    }

    fn flush(&self) -> Result<(), Error> {
        self.engine.get().map_or(Ok(()), SledBackend::flush)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.engine.get().map_or(Ok(None), |engine| engine.get(key))
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        match self.engine.get() {
            Some(engine) => engine.scan(from, to, visit),
            None => Ok(()),
        }
    }

    fn put_blob(&self, family: Blob, slot: u32, data: Bytes) -> Result<(), Error> {
        self.opened()?.put_blob(family, slot, data)
    }

    fn get_blob(&self, family: Blob, slot: u32) -> Result<Option<Bytes>, Error> {
        match self.engine.get() {
            Some(engine) => engine.get_blob(family, slot),
            None => Ok(None),
        }
    }

    fn slots_end(&self, family: Blob) -> u32 {
        self.engine
            .get()
            .map_or(0, |engine| engine.slots_end(family))
    }

    fn bytes_on_disk(&self) -> u64 {
        self.engine.get().map_or(0, SledBackend::bytes_on_disk)
    }
}
