//! What can go wrong with a backup.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::{bolt, mvcc, wal};

/// A failed export, import or check of a backup.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not what bbolt would have written, or cannot be read or written.
    #[error(transparent)]
    Bolt(#[from] bolt::Error),
    /// The operating system refused.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The database is sound but holds something etcd would not have put there.
    #[error("{path}: bucket {bucket}, key {key:02x?}: {what}", path = path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The bucket.
        bucket: String,
        /// The key.
        key: Vec<u8>,
        /// What is wrong with the key or its value.
        what: String,
    },
    /// The file has no checksum though one was asked for.
    #[error("snapshot missing hash but --skip-hash-check=false")]
    NoDigest,
    /// The file does not have the checksum it claims.
    #[error("expected sha256 {}, got {}", spaced(expected), spaced(actual))]
    WrongDigest {
        /// The checksum at the end of the file.
        expected: Vec<u8>,
        /// The checksum of what comes before.
        actual: Vec<u8>,
    },
    /// The store of keys could not be read or written.
    #[error(transparent)]
    Store(#[from] mvcc::Error),
    /// The log of a restored member could not be written.
    #[error(transparent)]
    Log(#[from] wal::Error),
    /// A checkpoint or another backup took too long.
    #[error("no view of the store within {0:?}: a checkpoint or another snapshot is under way")]
    Busy(Duration),
    /// The data directory to be made is there and holds something.
    #[error("data-dir {0:?} not empty or could not be read")]
    NotEmpty(PathBuf),
    /// The archive does not lead to the moment that is meant.
    #[error("{0}")]
    Moment(String),
    /// A backup does not make a state.
    #[error("{0}")]
    State(String),
    /// The leap leads beyond the greatest revision.
    #[error("--bump-revision {0} leads beyond the greatest revision")]
    BumpTooLarge(u64),
}

impl Error {
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// Bytes in decimal, the form in which etcd's tools show a checksum.
fn spaced(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    format!("[{}]", numbers.join(" "))
}
