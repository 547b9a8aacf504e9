//! What can go wrong in the log.

use std::io;
use std::path::{Path, PathBuf};

/// Why the log could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is on disk is not what was written. The member must not start: it may have promised
    /// what it can no longer read.
    #[error("log segment {file} is damaged at offset {offset}: {reason}", file = file.display())]
    Corrupt {
        /// The damaged segment.
        file: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A segment in the middle of the log is not there.
    #[error("log segment {file} is missing", file = file.display())]
    Missing {
        /// The segment that should be there.
        file: PathBuf,
    },
    /// The log was written by a later version.
    #[error("log segment {file} has format {found}, this version reads up to {known}", file = file.display())]
    Format {
        /// The segment.
        file: PathBuf,
        /// Its format.
        found: u64,
        /// The latest format known here.
        known: u64,
    },
    /// The disk is full. Nothing was added; the same batch may be tried again.
    #[error("no space left to write log segment {file}", file = file.display())]
    NoSpace {
        /// The segment that was to be written or created.
        file: PathBuf,
    },
    /// An operation on the disk failed.
    #[error("cannot {step} {file}: {source}", file = file.display())]
    Io {
        /// What was tried.
        step: &'static str,
        /// With which file or directory.
        file: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// An earlier write or sync failed, so nothing more can be promised.
    #[error("the log stopped after an earlier error: {cause}")]
    Stopped {
        /// The earlier error.
        cause: String,
    },
    /// A log is there already.
    #[error("a log exists already in {dir}", dir = dir.display())]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// No log is there: the directory holds no complete frame.
    #[error("no log in {dir}", dir = dir.display())]
    Empty {
        /// The directory.
        dir: PathBuf,
    },
    /// A batch breaks the order of the log; nothing was written.
    #[error("batch refused: {reason}")]
    Order {
        /// Which rule it breaks.
        reason: String,
    },
    /// A position names a segment that was cut.
    #[error("log segment {segment:016x} was cut")]
    Gone {
        /// The segment's number.
        segment: u64,
    },
}

impl Error {
    pub(super) fn io(step: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Error {
        let file = file.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace { file },
            _ => Error::Io { step, file, source },
        }
    }

    pub(super) fn corrupt(file: &Path, offset: u64, reason: impl Into<String>) -> Error {
        Error::Corrupt {
            file: file.to_owned(),
            offset,
            reason: reason.into(),
        }
    }
}
