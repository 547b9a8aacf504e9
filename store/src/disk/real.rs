//! The file system, with writes past the page cache where it allows them.
//!
//! A small frame written through the page cache costs a whole 4 KiB page, and again for each
//! further frame in the same page; written directly it costs its own sectors. Reads into aligned
//! memory bypass the cache too: pages of a reserved part, once cached, would be taken for data by
//! [`DiskFile::next_data`]. Other reads go through the cache, and what is read ahead is said
//! ([`DiskFile::fetch`]), for the same reason; the kernel keeps it coherent with direct writes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Advice, FallocateFlags, SeekFrom};
use rustix::io::Errno;

use super::aligned::is_aligned;
use super::{AlignedBuffer, Disk, DiskFile, SECTOR};

/// The operating system's files.
#[derive(Debug, Clone, Copy)]
pub struct Real {
    direct: bool,
}

impl Real {
    /// Writes past the page cache (`O_DIRECT`) on file systems that take sectors of 512 bytes
    /// that way, and through it on all others.
    pub fn new() -> Real {
        Real { direct: true }
    }

    /// Writes through the page cache everywhere.
    pub fn buffered() -> Real {
        Real { direct: false }
    }
}

impl Default for Real {
    fn default() -> Real {
        Real::new()
    }
}

impl Disk for Real {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        std::fs::create_dir_all(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            // A name that is not UTF-8 is not one of ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create(&self, path: &Path, size: u64) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        if let Err(error) = reserve(&file, size) {
            std::fs::remove_file(path)?;
            return Err(error);
        }
        Ok(Box::new(RealFile::new(file, path, self.direct)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(RealFile::new(file, path, self.direct)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // The parent of a relative path of one component is written as nothing.
        let dir = match dir.as_os_str().is_empty() {
            true => Path::new("."),
            false => dir,
        };
        File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// Reserves `size` bytes without writing them.
fn reserve(file: &File, size: u64) -> io::Result<()> {
    if size == 0 {
        return Ok(());
    }
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, size) {
        // No reservation there: a full disk will only be noticed by a write.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.set_len(size),
        other => other.map_err(io::Error::from),
    }
}

struct RealFile {
    file: File,
    /// The same file without the page cache.
    direct: Option<File>,
}

impl RealFile {
    fn new(file: File, path: &Path, direct: bool) -> RealFile {
        let direct = if direct { open_direct(path) } else { None };
        // Advice only: where it is not taken, nothing but speed is lost.
        let _ = rustix::fs::fadvise(&file, 0, None, Advice::Random);
        RealFile { file, direct }
    }
}

/// Opens `path` past the page cache, if that works for single sectors.
fn open_direct(path: &Path) -> Option<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_DIRECT)
        .open(path)
        .ok()?;
    // Some file systems accept the flag and refuse the access; disks with larger sectors refuse
    // it at this offset. Both are found by reading one sector.
    let mut buffer = AlignedBuffer::new();
    buffer.reset(SECTOR);
    file.read_at(buffer.as_mut_slice(), SECTOR as u64).ok()?;
    Some(file)
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let (rest, at) = (&mut buffer[filled..], offset + filled as u64);
            // What is left after a short read may not be aligned any more.
            let file = match &self.direct {
                Some(direct) if is_aligned(rest, at, SECTOR) => direct,
                _ => &self.file,
            };
            match file.read_at(rest, at) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn fetch(&self, offset: u64, len: u64) {
        let len = std::num::NonZeroU64::new(len);
        // Advice only, as above.
        let _ = rustix::fs::fadvise(&self.file, offset, len, Advice::WillNeed);
    }

    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        match &self.direct {
            Some(direct) if is_aligned(data, offset, SECTOR) => direct.write_all_at(data, offset),
            _ => self.file.write_all_at(data, offset),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        match rustix::fs::seek(&self.file, SeekFrom::Data(offset)) {
            Ok(found) => Ok(Some(found)),
            // Nothing but holes and reserved space up to the end.
            Err(Errno::NXIO) => Ok(None),
            // The file system cannot tell: look at every byte.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok((offset < self.size()?).then_some(offset)),
            Err(error) => Err(error.into()),
        }
    }
}
