//! A finished export, kept on disk while a client fetches it.
//!
//! Why a file, and not the export straight to the client: every message says how many bytes remain,
//! so the size must be known before the first one, and the first page names the root, which is
//! known only after the last. Sizing in a first pass would read all records twice and hold the view
//! of the store for as long as the slowest client takes. With a file the view is held while a local
//! disk writes, once, and the client may take its time. The price is free space for one copy.
//!
//! The file has no name from the start (`O_TMPFILE`, or unlinked at once), so neither a crash nor a
//! client that went away leaves anything behind.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{Description, Error, Records, export};

/// How much of a backup goes into one message: what etcd sends.
const CHUNK_BYTES: u64 = 32 << 10;

/// A backup on its way to a client.
#[derive(Debug)]
pub struct Spool {
    file: File,
    size: u64,
    sent: u64,
    /// Of what was sent; taken when the checksum itself is sent.
    hash: Option<Sha256>,
}

/// One message's worth of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Bytes of the database, or in the last chunk its SHA-256.
    pub blob: Bytes,
    /// Bytes of the database that are still to come; the checksum does not count.
    pub remaining: u64,
}

impl Spool {
    /// Writes a backup into `directory`, as [`export()`] does.
    pub fn fill<F>(directory: &Path, description: &Description, fill: F) -> Result<Self, Error>
    where
        F: FnOnce(&mut Records<'_, '_, File>) -> Result<(), Error>,
    {
        let file = tempfile::tempfile_in(directory)
            .map_err(Error::io("create a temporary file in", directory))?;
        let (mut file, size) = export(description, file, fill)?;
        file.rewind()
            .map_err(Error::io("rewind a temporary file in", directory))?;
        Ok(Self {
            file,
            size,
            sent: 0,
            hash: Some(Sha256::new()),
        })
    }

    /// The length of the database in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next chunk; the one after all data is the checksum, and then there are no more.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let length = CHUNK_BYTES.min(self.size - self.sent);
        if length == 0 {
            let hash = self.hash.take();
            return Ok(hash.map(|hash| Chunk {
                blob: hash.finalize().to_vec().into(),
                remaining: 0,
            }));
        }
        let mut blob = vec![0; length as usize];
        self.file.read_exact(&mut blob)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&blob);
        }
        self.sent += length;
        Ok(Some(Chunk {
            blob: blob.into(),
            remaining: self.size - self.sent,
        }))
    }
}
