//! What can go wrong with a bbolt file.

use std::io;
use std::path::PathBuf;

/// A failed read or write of a bbolt file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened.
    #[error("open {path}: {source}", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system failed to read a page.
    #[error("read page {page} of {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The page's number.
        page: u64,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system failed to write.
    #[error("write bbolt page {page}: {source}")]
    Write {
        /// The number of the page that was to be written.
        page: u64,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is shorter than two meta pages.
    #[error("file size too small {bytes}: {path}", path = path.display())]
    TooSmall {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Neither meta page is valid: this is no bbolt file.
    #[error("invalid database: {path}: neither meta page is valid", path = path.display())]
    NotBolt {
        /// The file.
        path: PathBuf,
    },
    /// A page contradicts the format.
    #[error("{path}: page {page}: {what}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The page's number.
        page: u64,
        /// The contradiction.
        what: String,
    },
    /// A key of no bytes, which bbolt cannot hold.
    #[error("bbolt keys must not be empty")]
    EmptyKey,
    /// A key above [`super::KEY_BYTES_MAX`].
    #[error("bbolt key of {bytes} bytes exceeds {max}", max = super::KEY_BYTES_MAX)]
    KeyTooLong {
        /// Its length.
        bytes: usize,
    },
    /// A value above [`super::VALUE_BYTES_MAX`].
    #[error("bbolt value of {bytes} bytes exceeds {max}", max = super::VALUE_BYTES_MAX)]
    ValueTooLong {
        /// Its length.
        bytes: usize,
    },
    /// Input must ascend strictly; this key does not.
    #[error("bbolt keys must ascend: {key:02x?} came after {previous:02x?}")]
    OutOfOrder {
        /// The key.
        key: Vec<u8>,
        /// The key before it.
        previous: Vec<u8>,
    },
}
