//! Entries of an archive, in the order of their indexes.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::Error;
use super::frame::{Entry, FORMAT, Head, open};
use crate::apply::Identity;

/// What the names of the files end with.
pub(super) const SUFFIX: &str = ".archive";

/// Reads the files of some directories, one at a time.
#[derive(Debug)]
pub struct Reader {
    /// Files that are not read yet, by their first index.
    files: VecDeque<PathBuf>,
    /// What is left of the file that is being read.
    rest: Bytes,
    /// The cluster that all files are of.
    identity: Identity,
    /// The next index.
    next: u64,
}

impl Reader {
    /// Opens the archives in `directories`, to read from the entry behind `after` on.
    ///
    /// # Errors
    /// There is no file, or they are not of one cluster.
    pub fn open(directories: &[PathBuf], after: u64) -> Result<Self, Error> {
        let mut files = Vec::new();
        for directory in directories {
            files.extend(list(directory)?);
        }
        files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
        let none = || Error::Gap {
            wanted: after + 1,
            found: None,
        };
        let first = files.first().ok_or_else(none)?;
        let (identity, _) = read(first)?;
        Ok(Self {
            files: files.into(),
            rest: Bytes::new(),
            identity,
            next: after + 1,
        })
    }

    /// Who the cluster began with.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The next entry; nothing at the end.
    ///
    /// # Errors
    /// A file cannot be read, or entries are missing.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            while let Some(entry) = open::<Entry>(&mut self.rest) {
                // Another file had it already.
                if entry.index < self.next {
                    continue;
                }
                if entry.index > self.next {
                    // Files come in the order of their first entry: what is missing here is missing.
                    return Err(Error::Gap {
                        wanted: self.next,
                        found: Some(entry.index),
                    });
                }
                self.next += 1;
                return Ok(Some(entry));
            }
            let Some(path) = self.files.pop_front() else {
                return Ok(None);
            };
            let (identity, rest) = read(&path)?;
            if identity.cluster_id != self.identity.cluster_id {
                return Err(Error::OtherCluster(path));
            }
            self.rest = rest;
        }
    }
}

/// The files of an archive.
pub(super) fn list(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = fs::read_dir(directory).map_err(Error::io("read", directory))?;
    let mut files = Vec::new();
    for found in read {
        let path = found.map_err(Error::io("read", directory))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(SUFFIX) {
            files.push(path);
        }
    }
    Ok(files)
}

/// The head of a file, and the bytes behind it.
pub(super) fn read(path: &Path) -> Result<(Identity, Bytes), Error> {
    let mut bytes = Bytes::from(fs::read(path).map_err(Error::io("read", path))?);
    let head: Option<Head> = open(&mut bytes);
    match head {
        Some(Head {
            format: FORMAT,
            identity: Some(identity),
        }) => Ok((identity, bytes)),
        _ => Err(Error::Format(path.to_owned())),
    }
}
