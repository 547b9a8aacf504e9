//! Segment files: their names, and the ones in a directory.

use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use crate::disk::Disk;

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
