//! The archive: every command that a member carries out, kept in a directory for as long as somebody
//! likes, so that the state at any moment can be made again (`etcdutl restore --to-revision`).
//!
//! ```text
//! <archive-dir>/<first index>-<member id>.archive     both as 16 hex digits
//!
//! file     head entry*
//! head     frame of Head: the form, and who wrote it
//! entry    frame of Entry: index, term, time, kind, command
//! frame    length u32 | CRC-32C of the payload u32 | payload (protobuf)      little endian
//! ```
//!
//! A member writes behind what it does, and makes durable what it wrote every second; before its own
//! log lets go of anything, the archive holds it. A file ends where its last whole frame does: the next
//! start begins another one. Files of several members may lie side by side: entries of one index are
//! the same everywhere, so what one member lacks another has.

mod frame;
mod reader;
mod writer;

pub use frame::{Entry, Head};
pub use reader::Reader;
pub use writer::Archive;

use std::io;
use std::path::PathBuf;

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read or written.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file is none of an archive, or of a later form.
    #[error("{} is no archive that this release reads", .0.display())]
    Format(PathBuf),
    /// Files of two clusters lie side by side.
    #[error("{} is of another cluster than the files before it", .0.display())]
    OtherCluster(PathBuf),
    /// The member has been made anew since: its entries would be taken for others.
    #[error(
        "{} holds the history of this member up to entry {archived}, but its log ends at {own}: it was \
         restored since; give it an archive directory of its own",
        .path.display()
    )]
    OtherHistory {
        /// The directory.
        path: PathBuf,
        /// The last entry there.
        archived: u64,
        /// The last entry of the member's log.
        own: u64,
    },
    /// Entries are missing.
    #[error("the archive has no entry {wanted}; the next one is {found:?}")]
    Gap {
        /// The first that is missing.
        wanted: u64,
        /// The next that is there.
        found: Option<u64>,
    },
}

impl Error {
    fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

#[cfg(test)]
mod tests;
