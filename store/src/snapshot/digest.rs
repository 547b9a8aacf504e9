//! The checksum at the end of a backup that was taken over the wire.
//!
//! ```text
//! | database: a multiple of 512 bytes | SHA-256 of it: 32 bytes |
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::Error;

/// Bytes of a SHA-256.
pub const DIGEST_BYTES: usize = 32;
/// A database is a multiple of this; what is left over tells whether a checksum follows it.
const SECTOR_BYTES: u64 = 512;
const READ_BYTES: usize = 256 << 10;

/// Whether the checksum of a backup is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// It must be there and be right.
    Required,
    /// It is not looked at, as for a file copied from a data directory.
    Ignored,
}

/// Whether a file of this length ends in a checksum.
pub(super) fn is_present(file_bytes: u64) -> bool {
    file_bytes % SECTOR_BYTES == DIGEST_BYTES as u64
}

/// Reads the file once and compares its checksum with the one at its end.
pub(super) fn verify(path: &Path) -> Result<(), Error> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let bytes = file.metadata().map_err(Error::io("stat", path))?.len();
    if !is_present(bytes) {
        return Err(Error::NoDigest);
    }
    let (expected, actual) = both(&mut file, bytes).map_err(Error::io("read", path))?;
    if expected == actual {
        Ok(())
    } else {
        Err(Error::WrongDigest { expected, actual })
    }
}

/// The checksum that stands at the end, and that of the bytes before.
fn both(file: &mut File, bytes: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut hash = Sha256::new();
    let mut database = Read::take(&mut *file, bytes - DIGEST_BYTES as u64);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match database.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    let mut expected = vec![0; DIGEST_BYTES];
    file.read_exact(&mut expected)?;
    Ok((expected, hash.finalize().to_vec()))
}
