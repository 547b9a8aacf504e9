//! A server's process: started by a command line, ready when its log says so, ended by its id.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, kill_process};

use crate::command::{appending, end, line, tail};
use crate::{Error, Signal, eventually};

/// The log line by which etcd says that it has joined its cluster and serves; it comes again
/// after each restart.
const READY: &str = "ready to serve client requests";

/// Lines of the log that an error shows.
const TAIL_LINES: usize = 20;

/// A process, or none yet, and the log of all that ran here. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Process {
    log: PathBuf,
    /// The newest command line.
    line: String,
    /// Bytes of the log that earlier processes wrote.
    seen: u64,
    child: Option<Child>,
}

impl Process {
    /// None yet; what it writes is appended to `log`.
    pub(crate) fn new(log: PathBuf) -> Process {
        Process {
            log,
            line: String::new(),
            seen: 0,
            child: None,
        }
    }

    /// Starts it; one that still runs is killed. It inherits no variable that begins with `ETCD_`.
    pub(crate) fn launch(&mut self, command: &mut Command) -> Result<(), Error> {
        self.kill();
        self.seen = fs::metadata(&self.log).map_or(0, |file| file.len());
        self.line = line(command);
        for (name, _) in std::env::vars_os() {
            let set = command.get_envs().any(|(given, _)| given == name);
            if name.to_string_lossy().starts_with("ETCD_") && !set {
                command.env_remove(name);
            }
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(appending(&self.log)?)
            .stderr(appending(&self.log)?)
            .spawn()
            .map_err(Error::io("start", &self.line))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until its log has the ready line and `also` holds. On failure no process is left.
    pub(crate) fn await_ready(
        &mut self,
        limit: Duration,
        also: impl Fn() -> bool,
    ) -> Result<(), Error> {
        let mut status = None;
        let ready = eventually(limit, || {
            let child = self.child.as_mut();
            status = child.and_then(|child| child.try_wait().ok().flatten());
            status.is_some() || (log_from(&self.log, self.seen).contains(READY) && also())
        });
        if let Some(status) = status {
            self.child = None;
            return Err(Error::Exited {
                command: self.line.clone(),
                status,
                log: self.tail(),
            });
        }
        if !ready {
            self.kill();
            return Err(Error::NotReady {
                command: self.line.clone(),
                limit,
                log: self.tail(),
            });
        }
        Ok(())
    }

    /// SIGTERM, and waits for the end. None when there is no process.
    pub(crate) fn stop(&mut self, limit: Duration) -> Result<Option<ExitStatus>, Error> {
        self.signal(Signal::TERM)?;
        let Some(mut child) = self.child.take() else {
            return Ok(None);
        };
        let mut status = None;
        let ended = eventually(limit, || {
            status = child.try_wait().ok().flatten();
            status.is_some()
        });
        if ended {
            return Ok(status);
        }
        end(&mut child);
        Err(Error::Deadline {
            command: self.line.clone(),
            limit,
            output: self.tail(),
        })
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child);
        }
    }

    /// Sends a signal, to none when there is no process.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Error> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = process.expect("the kernel's process ids are positive and fit in an i32");
        kill_process(process, signal)
            .map_err(|errno| Error::io("signal", format!("process {pid}"))(errno.into()))
    }

    /// True while it runs.
    pub(crate) fn is_running(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    pub(crate) fn log_path(&self) -> &Path {
        &self.log
    }

    /// The whole log so far.
    pub(crate) fn log(&self) -> String {
        log_from(&self.log, 0)
    }

    /// The log's lines of level error and above. Lines which are not JSON are given too: a server
    /// writes JSON only, unless it panics.
    pub(crate) fn error_lines(&self) -> Vec<String> {
        let bad = |line: &&str| {
            let level = ["error", "dpanic", "panic", "fatal"]
                .iter()
                .any(|level| line.contains(&format!("\"level\":\"{level}\"")));
            level || !line.starts_with('{')
        };
        self.log().lines().filter(bad).map(str::to_owned).collect()
    }

    fn tail(&self) -> String {
        tail(&self.log, TAIL_LINES)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The log after its first `seen` bytes; nothing when it cannot be read.
fn log_from(log: &Path, seen: u64) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(log)
        && file.seek(SeekFrom::Start(seen)).is_ok()
    {
        // What was read before an error is still worth looking at.
        drop(file.read_to_end(&mut bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// True when a log tells that a port was in use.
pub(crate) fn port_was_taken(log: &str) -> bool {
    log.to_lowercase().contains("address already in use")
}
