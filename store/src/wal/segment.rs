//! Segment files: their names, the ones in a directory, and how they are made and blanked.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::Error;
use super::replay::Segment;
use crate::disk::{AlignedBuffer, Disk, DiskFile, SECTOR};

/// Above every number a log can reach.
const NUMBER_END: u64 = 1 << 63;

/// The file of segment `number` in `dir`.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:016x}.wal"))
}

/// The numbers of the segments in `dir`, in order and without gaps. Other files are passed over.
pub(super) fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<u64>, Error> {
    let names = match disk.list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(Error::io("list", dir))?,
    };
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| parse(name)).collect();
    numbers.sort_unstable();
    for pair in numbers.windows(2) {
        if pair[1] != pair[0] + 1 {
            return Err(Error::Missing {
                file: path(dir, pair[0] + 1),
            });
        }
    }
    Ok(numbers)
}

fn parse(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".wal")?;
    let is_ours = digits.len() == 16
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = u64::from_str_radix(digits, 16).ok()?;
    (is_ours && number < NUMBER_END).then_some(number)
}

/// A segment that frames are written to, or may be.
#[derive(Clone)]
pub(super) struct Writable {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) size: u64,
    /// Where the next frame goes.
    pub(super) tail: u64,
}

impl From<&Segment> for Writable {
    fn from(segment: &Segment) -> Writable {
        Writable {
            number: segment.number,
            path: segment.path.clone(),
            file: segment.file.clone(),
            size: segment.size,
            tail: segment.end.tail,
        }
    }
}

/// Creates a blank segment, durably.
pub(super) fn reserve(
    disk: &dyn Disk,
    dir: &Path,
    number: u64,
    size: u64,
) -> Result<Writable, Error> {
    let path = path(dir, number);
    let size = size.next_multiple_of(SECTOR as u64);
    let file: Arc<dyn DiskFile> = disk
        .create(&path, size)
        .map_err(Error::io("create", &path))?
        .into();
    let durable = file
        .sync()
        .map_err(Error::io("sync", &path))
        .and_then(|()| disk.sync_dir(dir).map_err(Error::io("sync", dir)));
    if let Err(error) = durable {
        // Left behind it would be in the way of the next attempt.
        disk.remove(&path).map_err(Error::io("remove", &path))?;
        return Err(error);
    }
    Ok(Writable {
        number,
        path,
        file,
        size,
        tail: 0,
    })
}

/// Blanks what an interrupted append left; returns how many bytes that were.
pub(super) fn blank_torn(segments: &[Segment]) -> Result<u64, Error> {
    let mut bytes = 0;
    for segment in segments {
        if let Some(torn) = &segment.end.torn {
            blank(&*segment.file, segment.end.tail, torn.until)
                .map_err(Error::io("write", &segment.path))?;
            segment
                .file
                .sync()
                .map_err(Error::io("sync", &segment.path))?;
            bytes += torn.until - segment.end.tail;
        }
    }
    Ok(bytes)
}

/// Overwrites a part of a segment with zeros; durable after the next sync.
pub(super) fn blank(file: &dyn DiskFile, from: u64, until: u64) -> io::Result<()> {
    let mut zeros = AlignedBuffer::new();
    zeros.reset((until - from) as usize);
    file.write_at(zeros.as_slice(), from)
}
