//! `etcdutl snapshot status`: checks a backup and sums it up.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use store::{bolt, snapshot};

use super::command::Command;
use super::printer::{self, Format};
use super::text;
use crate::exit::{self, Done, Failure};
use crate::flag::Parsed;

/// How often a lock that another process holds is asked for again; bbolt's own interval.
const LOCK_RETRY: Duration = Duration::from_millis(50);

pub(super) const COMMAND: Command = Command {
    name: "status",
    synopsis: "status <filename>",
    summary: "Gets backend snapshot status of a given file",
    flags: &[],
    required: &[],
    takes: None,
    children: &[],
    run: Some(run),
};

fn run(parsed: &Parsed, out: &mut dyn Write, _: &mut dyn Write) -> Done {
    let [file] = parsed.args.as_slice() else {
        return Err(Failure::args(
            "snapshot status requires exactly one argument",
        ));
    };
    let path = Path::new(OsStr::from_bytes(file));
    is_there(path)?;
    let format = Format::parse(&text(parsed, "write-out"))?;
    let _lock = lock(path, parsed.duration("timeout"))?;
    let status = snapshot::status(path).map_err(|error| failure(&error))?;
    printer::status(&status, format, out)
}

/// Refuses a file that is not there.
pub(super) fn is_there(path: &Path) -> Done {
    let found = fs::metadata(path).map_err(|error| {
        let text = format!("stat {}: {}", path.display(), dial::os_error(&error));
        Failure::new(exit::ERROR, text)
    });
    found.map(drop)
}

/// Takes the lock that etcd holds on a database in use, shared. Zero waits for ever.
pub(super) fn lock(path: &Path, timeout: Duration) -> Result<File, Failure> {
    lock_by(path, timeout, File::try_lock_shared)
}

/// The same lock, for nobody else.
pub(super) fn lock_alone(path: &Path, timeout: Duration) -> Result<File, Failure> {
    lock_by(path, timeout, File::try_lock)
}

fn lock_by(
    path: &Path,
    timeout: Duration,
    take: fn(&File) -> Result<(), TryLockError>,
) -> Result<File, Failure> {
    let failed = |error| {
        let text = format!("open {}: {}", path.display(), dial::os_error(&error));
        Failure::new(exit::ERROR, text)
    };
    let file = File::open(path).map_err(failed)?;
    let start = Instant::now();
    loop {
        match take(&file) {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        if !timeout.is_zero() && start.elapsed() >= timeout {
            let text = format!("timeout: {} is in use by another process", path.display());
            return Err(Failure::new(exit::ERROR, text));
        }
        thread::sleep(LOCK_RETRY);
    }
}

/// An error of a backup in etcdutl's words.
pub(super) fn failure(error: &snapshot::Error) -> Failure {
    use bolt::Error::Damaged;
    let text = match error {
        snapshot::Error::Bolt(damage @ Damaged { .. }) => {
            format!("snapshot file integrity check failed. 1 errors found.\n{damage}")
        }
        snapshot::Error::Bolt(bolt::Error::Open { path, source }) => {
            format!("open {}: {}", path.display(), dial::os_error(source))
        }
        snapshot::Error::Io {
            action,
            path,
            source,
        } => format!("{action} {}: {}", path.display(), dial::os_error(source)),
        other => other.to_string(),
    };
    Failure::new(exit::ERROR, text)
}
