//! Where checkpoints live: an ordered map of byte strings with atomic batches.
//!
//! The raft log is the truth; a backend only has to bring back the last batch that was flushed.
//! Invariants every implementation keeps:
//!
//! - a [`Batch`] is applied whole or not at all, also across a crash;
//! - when [`Backend::flush`] returns, every batch written before it survives a crash;
//! - [`Backend::scan`] visits keys in ascending byte order;
//! - blobs, which are large values in numbered slots, are written one by one: each whole or not at
//!   all, none durable before the flush. Who writes several publishes them by a batch afterwards.
//!
//! Only `sled.rs` names sled, so that another engine is a day's work.

mod lazy;
mod memory;
mod sled;
#[cfg(test)]
mod tests;

pub use self::lazy::LazyBackend;
pub use self::memory::MemoryBackend;
pub use self::sled::{SledBackend, await_closed, is_engine};

use std::ops::ControlFlow;
use std::path::PathBuf;

use bytes::Bytes;

/// What can go wrong below a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine refused to open its directory.
    #[error("cannot open the checkpoint in {path}: {source}")]
    Open {
        /// The directory given to the engine.
        path: PathBuf,
        /// The engine's own reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk has too little room; nothing was written.
    #[error("no room for the checkpoint in {path}: {free} bytes are free, {needed} are needed", path = path.display())]
    Full {
        /// The engine's directory.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that must be.
        needed: u64,
    },
    /// The engine failed while reading or writing.
    #[error("cannot {step} the checkpoint: {source}")]
    Engine {
        /// `read`, `write`, `flush` or `close`.
        step: &'static str,
        /// The engine's own reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Changes that take effect together. A later change to a key wins over an earlier one.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    changes: Vec<(Bytes, Option<Bytes>)>,
}

impl Batch {
    /// Sets `key` to `value`.
    pub fn put(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.changes.push((key.into(), Some(value.into())));
    }

    /// Removes `key`; a missing key is no error.
    pub fn delete(&mut self, key: impl Into<Bytes>) {
        self.changes.push((key.into(), None));
    }

    /// The changes in the order they were added; `None` removes.
    pub fn changes(&self) -> &[(Bytes, Option<Bytes>)] {
        &self.changes
    }

    /// True when the batch changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// The two families of blobs. They are apart because a restart reads all of the first and none of
/// the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blob {
    /// Small ones, about a tenth of the data.
    Headers,
    /// The bulk.
    Values,
}

/// An ordered, crash-safe map; see the module's invariants.
pub trait Backend: Send + Sync {
    /// Applies a batch atomically. It is durable only after the next [`Backend::flush`].
    fn write(&self, batch: Batch) -> Result<(), Error>;
    /// Makes everything written so far durable.
    fn flush(&self) -> Result<(), Error>;
    /// The value of `key`, if any.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;
    /// Visits `[from, to)` in ascending order until `visit` breaks.
    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), Error>;
    /// Fills a slot; empty bytes clear it. Slots should be numbered densely from 0.
    fn put_blob(&self, family: Blob, slot: u32, data: Bytes) -> Result<(), Error>;
    /// What a slot holds; `None` if it is clear.
    fn get_blob(&self, family: Blob, slot: u32) -> Result<Option<Bytes>, Error>;
    /// All slots from here on are clear.
    fn slots_end(&self, family: Blob) -> u32;
    /// Bytes the engine occupies on its disk.
    fn bytes_on_disk(&self) -> u64;
}
