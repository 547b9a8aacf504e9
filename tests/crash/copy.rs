//! Copies of data directories, to damage them and to open them a second time.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes looked at together: what is all zeros stays a hole in the copy.
const BLOCK: usize = 64 * 1024;

/// Copies a directory with all that is in it. Files keep their size, but reserved space does not
/// cost any in the copy.
pub(crate) fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            copy_file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = File::create(to)?;
    let size = from.metadata()?.len();
    let mut block = vec![0; BLOCK];
    loop {
        let count = from.read(&mut block)?;
        if count == 0 {
            break;
        }
        if block[..count].iter().all(|byte| *byte == 0) {
            to.seek(SeekFrom::Current(count as i64))?;
        } else {
            to.write_all(&block[..count])?;
        }
    }
    to.set_len(size)
}
