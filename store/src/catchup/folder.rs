//! Received state on a disk, and which of a member's checkpoints counts.
//!
//! ```text
//! <data-dir>/member/sled                      the checkpoint of a member that never received one
//! <data-dir>/member/sled-<index, 16 digits>   received whole, as of that index; written on since
//! <data-dir>/member/incoming                  being received
//! <data-dir>/member/removed-<name>            on its way out
//! ```
//!
//! A start takes the newest of those that the log's mark allows for: a state that was received but
//! not named by the log yet must not be ahead of it, and one that the log went past without ever
//! installing it must not be taken for the member's own. All others are removed, `incoming` first
//! of all, since only what was published is known to be whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Error, Site};
use crate::backend::{Backend, LazyBackend, await_closed};

const FIRST: &str = "sled";
const RECEIVED: &str = "sled-";
const INCOMING: &str = "incoming";
const REMOVED: &str = "removed-";
/// How long the engine may take to let go of a database that was dropped.
const CLOSES_WITHIN: Duration = Duration::from_secs(30);

/// Keeps received state in a member's directory.
pub struct Folder {
    member: PathBuf,
}

impl Folder {
    /// In `<data-dir>/member`.
    pub fn new(member: impl Into<PathBuf>) -> Self {
        Self {
            member: member.into(),
        }
    }

    fn incoming(&self) -> PathBuf {
        self.member.join(INCOMING)
    }
}

impl Site for Folder {
    fn begin(&self) -> Result<Arc<dyn Backend>, Error> {
        let path = self.incoming();
        remove(&self.member, &path)?;
        Ok(Arc::new(LazyBackend::open(&path)?))
    }

    fn publish(&self, index: u64) -> Result<PathBuf, Error> {
        let (from, to) = (self.incoming(), self.member.join(name(index)));
        if to.exists() {
            return Err(Error::Exists(to));
        }
        await_closed(&from, CLOSES_WITHIN)?;
        // The engine synced its data, but nobody its directories.
        sync_tree(&from)?;
        fs::rename(&from, &to).map_err(Error::io("rename", &from))?;
        sync(&self.member)?;
        Ok(to)
    }

    fn abandon(&self) {
        self.discard(&self.incoming());
    }

    fn discard(&self, path: &Path) {
        if let Err(error) = remove(&self.member, path) {
            tracing::warn!(%error, path = %path.display(), "cannot remove a snapshot that is not wanted");
        }
    }
}

fn name(index: u64) -> String {
    format!("{RECEIVED}{index:016x}")
}

/// The index as of which a checkpoint of this name was received, 0 for the first; `None` if it is
/// no checkpoint's name.
fn index_of(name: &str) -> Option<u64> {
    if name == FIRST {
        return Some(0);
    }
    let digits = name.strip_prefix(RECEIVED)?;
    let index = u64::from_str_radix(digits, 16).ok()?;
    (self::name(index) == name).then_some(index)
}

/// The checkpoints in a member's directory that a log with this mark allows for, newest first.
fn candidates(member: &Path, mark: u64) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for name in names(member)? {
        if let Some(index) = index_of(&name).filter(|index| *index <= mark) {
            found.push((index, member.join(name)));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().rev().map(|(_, path)| path).collect())
}

/// Where the checkpoint of a member lies whose log names `mark` as the last entry of a durable
/// state (0 for none); it may not exist yet. `applied` reads the last entry of a checkpoint, if it
/// can be read at all; it is asked only where there is a choice.
///
/// # Errors
/// The directory cannot be read.
pub fn current(
    member: &Path,
    mark: u64,
    applied: impl Fn(&Path) -> Option<u64>,
) -> Result<PathBuf, Error> {
    let candidates = candidates(member, mark)?;
    let newest = candidates.first();
    let covering = match candidates.len() {
        0 | 1 => None,
        // One that was received and never installed, because the log went past it, is older than
        // the mark.
        _ => candidates.iter().find(|path| {
            let index = applied(path);
            let closed = await_closed(path, CLOSES_WITHIN);
            closed.is_ok() && index >= Some(mark)
        }),
    };
    let chosen = covering.or(newest).cloned();
    Ok(chosen.unwrap_or_else(|| member.join(FIRST)))
}

/// Removes everything in a member's directory that is, or was to become, another checkpoint than
/// `current`. Nobody may be receiving one.
///
/// # Errors
/// Something cannot be removed.
pub fn remove_others(member: &Path, current: &Path) -> Result<(), Error> {
    let leftover =
        |name: &str| name == INCOMING || name.starts_with(REMOVED) || index_of(name).is_some();
    for name in names(member)?.into_iter().filter(|name| leftover(name)) {
        let path = member.join(name);
        if path != current {
            remove(member, &path)?;
        }
    }
    Ok(())
}

/// Removes a directory, if it is there. It loses its name first, so that what is left of it when the
/// process dies is never taken for whole.
fn remove(member: &Path, path: &Path) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(REMOVED) {
        return remove_tree(path);
    }
    let removed = member.join(format!("{REMOVED}{name}"));
    remove_tree(&removed)?;
    match fs::rename(path, &removed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(Error::io("rename", path))?,
    }
    sync(member)?;
    remove_tree(&removed)
}

fn remove_tree(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(Error::io("remove", path)),
    }
}

fn names(directory: &Path) -> Result<Vec<String>, Error> {
    let fail = || Error::io("read", directory);
    let mut names = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        other => other.map_err(fail())?,
    };
    for entry in entries {
        // A name that is not UTF-8 is none of ours.
        if let Ok(name) = entry.map_err(fail())?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn sync_tree(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        for name in names(path)? {
            sync_tree(&path.join(name))?;
        }
    }
    sync(path)
}

fn sync(path: &Path) -> Result<(), Error> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(Error::io("sync", path))
}
