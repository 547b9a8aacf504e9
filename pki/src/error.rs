//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

/// The certificates cannot be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file cannot be read.
    #[error("cannot read {}: {why}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write {}: {why}", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file of an authority does not hold what it should. It is never replaced: everything that
    /// it signed would be lost.
    #[error("{}: {why}", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Only one of an authority's certificate and key is there.
    #[error("{} is there, but {} is missing", .found.display(), .missing.display())]
    Half {
        /// The one that is there.
        found: PathBuf,
        /// The one that is not.
        missing: PathBuf,
    },
    /// A certificate or key cannot be made.
    #[error("cannot make {what}: {why}")]
    Make {
        /// The name of the certificate or key.
        what: String,
        /// Why.
        why: String,
    },
}

impl PkiError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::Read { path, why }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::Write { path, why }
    }

    pub(crate) fn malformed(path: &Path, why: impl ToString) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }

    pub(crate) fn make<E: ToString>(what: &str) -> impl FnOnce(E) -> Self {
        move |why| Self::Make {
            what: what.to_owned(),
            why: why.to_string(),
        }
    }
}
