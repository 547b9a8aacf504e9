//! The disk as the log sees it: few operations, each with a stated durability.
//!
//! Everything the write-ahead log does to a disk goes through [`Disk`] and [`DiskFile`], so that
//! tests and the simulation can put a [`memory::MemoryDisk`] underneath, which loses and tears
//! what was not synced, fills up, and fails on command. [`Real`] is the file system.
//!
//! What the log may rely on, and no more:
//! - a write is durable after the next successful [`DiskFile::sync`] of the same file; until then
//!   a crash may keep any subset of its [`SECTOR`]-sized pieces, each whole (old or new);
//! - a created, renamed or removed name is durable after [`Disk::sync_dir`] of its directory;
//! - bytes of a created file that were never written read as zeros.

mod aligned;
pub mod memory;
mod real;

use std::io;
use std::path::Path;

pub use aligned::AlignedBuffer;
pub use real::Real;

/// The unit, in bytes, that a disk writes whole or not at all.
pub const SECTOR: usize = 512;

/// A file system, or something that behaves like one.
pub trait Disk: Send + Sync {
    /// Creates `dir` and its missing parents. Durable after [`Disk::sync_dir`] of each parent.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// The names of the files in `dir`, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Creates a file of `size` bytes that reads as zeros, with its space reserved.
    ///
    /// Fails with `AlreadyExists` if the name is taken, and with `StorageFull` if the space cannot
    /// be reserved; nothing is left behind then.
    fn create(&self, path: &Path, size: u64) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name in the same directory, replacing what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. Who has it open can still read it.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in `dir` durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// How many bytes may still be allocated on the file system that holds `dir`.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Fills `buffer` from `offset` on; returns fewer bytes only at the end of the file.
    ///
    /// May bypass the page cache under the same conditions as a write.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Begins to bring bytes into the page cache that will be read soon; no more than advice.
    fn fetch(&self, offset: u64, len: u64) {
        let _ = (offset, len);
    }

    /// Writes all of `data` at `offset`. After an error any of its sectors may have been written.
    ///
    /// If `data` lies in an [`AlignedBuffer`] and its length and offset are multiples of
    /// [`SECTOR`], the write may bypass the page cache.
    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()>;

    /// Makes written data durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;

    /// The file's size in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Cuts or extends (with zeros) the file to `size` bytes.
    fn truncate(&self, size: u64) -> io::Result<()>;

    /// The first offset at or after `offset` that may hold anything but zeros, if there is one.
    ///
    /// An answer may be too early, never too late.
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>>;
}

#[cfg(test)]
mod tests;
