//! An engine that is not opened before there is something to keep in it.
//!
//! sled takes about 21 MiB of memory as soon as it is open (its tables of measurements, which are
//! made even where they are switched off). A member whose log has not been cut yet has no
//! checkpoint, and does without.
//!
//! Nor does the engine get to see a full disk: once a write of its own has failed, sled 0.34 fails
//! or hangs for as long as it is open. So before each write there must be room for it and for
//! what the engine still holds in its buffers.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Backend, Batch, Blob, Error, SledBackend};

/// Bytes that stay free: the engine writes segments of 512 KiB, several at once, and moves others
/// to make room in them.
const MARGIN_BYTES: u64 = 16 << 20;
/// The engine may need so many bytes per byte written.
const COST: u64 = 2;

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

    /// Admits a write of so many bytes, if the disk has room for it.
    fn admit(&self, bytes: usize) -> Result<(), Error> {
        let needed = MARGIN_BYTES + COST * bytes as u64;
        // The directory may be still to be made.
        let near = self.path.ancestors().find(|path| path.exists());
        let Some(Ok(stat)) = near.map(rustix::fs::statvfs) else {
            // Who cannot be asked may still be written to.
            return Ok(());
        };
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free >= needed {
            return Ok(());
        }
        Err(Error::Full {
            path: self.path.clone(),
            free,
            needed,
        })
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
        let sizes = batch.changes().iter().map(|(key, value)| {
            let value = value.as_ref().map_or(0, |value| value.len());
            key.len() + value
        });
        self.admit(sizes.sum())?;
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
        self.admit(data.len())?;
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
