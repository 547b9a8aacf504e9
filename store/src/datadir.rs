//! The data directory: made, looked over, and locked before anything reads or writes in it.
//!
//! ```text
//! <data-dir>/            0700
//!   member/              0700
//!     lock               held by flock while the member lives
//!     wal/%016x.wal      the log
//!     sled/              the checkpoint
//!     wal-dir            where the log lies, if that is not here
//! ```
//!
//! A directory of Go's etcd (`member/snap/db`, `member/wal/%016x-%016x.wal`) is refused before
//! anything in it is touched. The lock is one of the kernel's, so it never outlives the process.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// A file that tells that the log lies apart, and where: a member without its log is not a new one.
const LOG_PLACE: &str = "wal-dir";
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
    /// The log of its member is not where it is looked for.
    #[error(
        "data directory {} holds a member whose log is not in {}: move the log there, or name the \
         directory that it is in",
        dir.display(),
        wal.display()
    )]
    LogElsewhere {
        /// The data directory.
        dir: PathBuf,
        /// Where the log was looked for.
        wal: PathBuf,
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
    wal: PathBuf,
    /// Closing them gives the locks back.
    _locks: (File, Option<File>),
}

impl DataDir {
    /// Makes the directory if there is none, looks it over and locks it; and so that of the log, if that
    /// is to lie apart in `wal`.
    ///
    /// # Errors
    /// If it cannot be used, holds other data, or is locked.
    pub fn open(path: &Path, wal: Option<&Path>) -> Result<Self, Error> {
        refuse_foreign(path)?;
        make(path)?;
        let member = path.join("member");
        make(&member)?;
        let lock = lock(path, &member)?;
        let inside = member.join("wal");
        let (wal, wal_lock) = match wal {
            Some(wal) if wal != inside => {
                refuse_foreign_log(path, wal)?;
                make(wal)?;
                (wal.to_owned(), Some(self::lock(wal, wal)?))
            }
            _ => (inside.clone(), None),
        };
        let initialized = !segments(&wal)?.is_empty();
        // A member whose log lies within, or lay, is not a new one because it is looked for elsewhere.
        let has_other = match wal == inside {
            true => member.join(LOG_PLACE).exists(),
            false => {
                member.join("sled").exists()
                    || member.join(LOG_PLACE).exists()
                    || !segments(&inside)?.is_empty()
            }
        };
        if !initialized && has_other {
            return Err(Error::LogElsewhere {
                dir: path.into(),
                wal,
            });
        }
        Ok(Self {
            path: path.into(),
            wal,
            initialized,
            _locks: (lock, wal_lock),
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
        self.wal.clone()
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

/// Notes where the log of the member in `member` lies, once there is one; nothing if it lies within.
///
/// # Errors
/// The note cannot be written.
pub fn note_log(member: &Path, wal: Option<&Path>) -> io::Result<()> {
    let place = member.join(LOG_PLACE);
    match wal {
        Some(wal) => fs::write(place, wal.as_os_str().as_encoded_bytes()),
        None => match fs::remove_file(place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
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
    if db.exists() {
        return Err(Error::Foreign {
            dir: path.into(),
            found: db,
        });
    }
    refuse_foreign_log(path, &member.join("wal"))
}

/// The same for a log alone.
fn refuse_foreign_log(path: &Path, wal: &Path) -> Result<(), Error> {
    let go = |name: &String| name.trim_end_matches(".wal").contains('-');
    match segments(wal)?.into_iter().find(go) {
        Some(name) => Err(Error::Foreign {
            dir: path.into(),
            found: wal.join(name),
        }),
        None => Ok(()),
    }
}

/// Takes the lock in `place`, which keeps others from `dir`.
fn lock(dir: &Path, place: &Path) -> Result<File, Error> {
    let lock_path = place.join("lock");
    let access = |step| {
        let path = lock_path.clone();
        move |why| Error::Access { step, path, why }
    };
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    let lock = options.open(&lock_path).map_err(access("open"))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Locked {
            dir: dir.into(),
            lock: lock_path,
        }),
        Err(errno) => Err(access("flock")(errno.into())),
    }
}

#[cfg(test)]
mod tests;
