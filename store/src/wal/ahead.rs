//! Reads neighbours into the page cache.
//!
//! A log is written past the page cache, so the first read of each of its pages goes to the disk.
//! Values are read one by one and all over the log: a page of 4 KiB holds a dozen small ones. So the
//! first read in a chunk has the system fetch all of it, once it is known to be written to its end.
//! Reserved space must not get into the cache; see [`crate::disk::Real`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::disk::DiskFile;

/// What is fetched at once.
pub(super) const CHUNK_BYTES: u64 = 64 * 1024;

/// A segment that is open to be read.
pub(super) struct Ahead {
    pub(super) file: Arc<dyn DiskFile>,
    /// Up to where the segment is written, as far as is known here.
    end: AtomicU64,
    /// A bit for each chunk that has been fetched.
    fetched: Vec<AtomicU64>,
}

impl Ahead {
    /// `size` is the segment's, in bytes.
    pub(super) fn new(file: Arc<dyn DiskFile>, size: u64) -> Self {
        let words = size.div_ceil(CHUNK_BYTES).div_ceil(u64::from(u64::BITS));
        Self {
            file,
            end: AtomicU64::new(0),
            fetched: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// `len` written bytes from `offset` on are about to be read.
    pub(super) fn fetch(&self, offset: u64, len: u64) {
        let last = offset + len;
        let end = self.end.fetch_max(last, Ordering::Relaxed).max(last);
        let chunk = offset / CHUNK_BYTES;
        let start = chunk * CHUNK_BYTES;
        if start + CHUNK_BYTES > end {
            return;
        }
        let (word, bit) = (chunk / u64::from(u64::BITS), chunk % u64::from(u64::BITS));
        let word = usize::try_from(word)
            .ok()
            .and_then(|at| self.fetched.get(at));
        let is_fetched = |word: &AtomicU64| word.load(Ordering::Relaxed) & (1 << bit) != 0;
        if let Some(word) = word
            && !is_fetched(word)
        {
            word.fetch_or(1 << bit, Ordering::Relaxed);
            self.file.fetch(start, CHUNK_BYTES);
        }
    }
}

#[cfg(test)]
mod tests;
