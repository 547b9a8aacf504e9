//! The data directory: made, looked over, and locked before anything reads or writes in it.
//!
//! ```text
//! <data-dir>/            0700
//!   member/              0700
//!     lock               held by flock while the member lives
//!     wal/%016x.wal      the log
//!     sled/              the checkpoint
//! ```
//!
//! A directory of Go's etcd (`member/snap/db`, `member/wal/%016x-%016x.wal`) is refused before
//! anything in it is touched. The lock is one of the kernel's, so it never outlives the process.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The mode of directories: for the owner alone.
const MODE: u32 = 0o700;

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be made, read or written.
    #[error("cannot access data directory: {step} {}: {}", path.display(), words(.why))]
    Access {
        /// What was tried, named after the call.
        step: &'static str,
        /// Where.
        path: PathBuf,
        /// The reason.
        why: io::Error,
    },
    /// It holds the data of another program.
    #[error(
        "data directory {} holds the data of another etcd ({}): take a snapshot there and restore \
         it here with `etcdutl snapshot restore`",
        dir.display(),
        found.display()
    )]
    Foreign {
        /// The data directory.
        dir: PathBuf,
        /// The file that gives it away.
        found: PathBuf,
    },
    /// Another process uses it.
    #[error("data directory {} is in use by another process (its lock {} is held)", dir.display(), lock.display())]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// The lock.
        lock: PathBuf,
    },
}

/// The words Go has for an error of the operating system.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::NotADirectory => "not a directory".into(),
        io::ErrorKind::AlreadyExists => "file exists".into(),
        _ => error.to_string().to_lowercase(),
    }
}

/// A data directory that is ours until this is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    initialized: bool,
    /// Closing it gives the lock back.
    _lock: File,
}

impl DataDir {
    /// Makes the directory if there is none, looks it over and locks it.
    ///
    /// # Errors
    /// If it cannot be used, holds other data, or is locked.
    pub fn open(path: &Path) -> Result<Self, Error> {
        refuse_foreign(path)?;
        make(path)?;
        let member = path.join("member");
        make(&member)?;
        let lock_path = member.join("lock");
        let access = |step| {
            let path = lock_path.clone();
            move |why| Error::Access { step, path, why }
        };
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        let lock = options.open(&lock_path).map_err(access("open"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Error::Locked {
                    dir: path.into(),
                    lock: lock_path,
                });
            }
            Err(errno) => return Err(access("flock")(errno.into())),
        }
        let initialized = !segments(&member.join("wal"))?.is_empty();
        Ok(Self {
            path: path.into(),
            initialized,
            _lock: lock,
        })
    }

    /// Whether a member of ours has written its log there.
    #[must_use]
    pub fn is_ours(path: &Path) -> bool {
        let wal = path.join("member").join("wal");
        refuse_foreign(path).is_ok() && segments(&wal).is_ok_and(|found| !found.is_empty())
    }

    /// Whether a member has written its log here before.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.initialized
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the log lies; it may not exist yet.
    #[must_use]
    pub fn wal(&self) -> PathBuf {
        self.path.join("member").join("wal")
    }

    /// Where the checkpoint lies; it may not exist yet.
    #[must_use]
    pub fn backend(&self) -> PathBuf {
        self.path.join("member").join("sled")
    }
}

/// Names in the directory that nothing here has made, for a warning.
///
/// # Errors
/// If the directory cannot be read; a missing one is empty.
pub fn strangers(path: &Path) -> Result<Vec<String>, Error> {
    let names = names(path)?;
    Ok(names.into_iter().filter(|name| name != "member").collect())
}

/// What is wrong with the mode of the directory, for a warning; nothing if it is right or new.
#[must_use]
pub fn loose_mode(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode != MODE).then(|| {
        format!(
            "directory {} has mode {mode:04o}; {MODE:04o} keeps others from reading the data",
            path.display()
        )
    })
}

/// Makes a directory for the owner alone, and its parents.
fn make(path: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(MODE).create(path);
    made.map_err(|why| Error::Access {
        step: "mkdir",
        path: path.into(),
        why,
    })
}

/// The names in a directory; none if there is no directory.
fn names(path: &Path) -> Result<Vec<String>, Error> {
    let fail = |why| Error::Access {
        step: "open",
        path: path.to_owned(),
        why,
    };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(
            entry
                .map_err(fail)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort_unstable();
    Ok(names)
}

/// The files of a log.
fn segments(wal: &Path) -> Result<Vec<String>, Error> {
    Ok(names(wal)?
        .into_iter()
        .filter(|name| name.ends_with(".wal"))
        .collect())
}

/// Looks for the files of Go's etcd, without touching anything.
fn refuse_foreign(path: &Path) -> Result<(), Error> {
    let member = path.join("member");
    let db = member.join("snap").join("db");
    let found = if db.exists() {
        Some(db)
    } else {
        let wal = member.join("wal");
        let go = |name: &String| name.trim_end_matches(".wal").contains('-');
        segments(&wal)?
            .into_iter()
            .find(go)
            .map(|name| wal.join(name))
    };
    match found {
        Some(found) => Err(Error::Foreign {
            dir: path.into(),
            found,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
