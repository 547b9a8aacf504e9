//! One member as a child process.
//!
//! ```text
//! <temp dir>/            removed when the Server is dropped
//!   data/                --data-dir
//!   server.log           stdout and stderr of every start, one after the other
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, kill_process};
use tempfile::TempDir;

use crate::command::{appending, end, line, tail};
use crate::ports::free_ports;
use crate::{Error, Signal, eventually, get};

/// The log line by which etcd says that it has joined its cluster and serves; it comes again
/// after each restart.
const READY: &str = "ready to serve client requests";

/// How often a start is tried when another process took one of the ports meanwhile.
pub(crate) const PORT_TRIES: usize = 5;

/// Lines of the log that an error shows.
const TAIL_LINES: usize = 20;

/// How to start a [`Server`]; [`Options::new`] gives what most tests want.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server's binary: anything that takes etcd's flags.
    pub binary: PathBuf,
    /// Flags after those the harness gives (name, data directory, URLs, initial cluster).
    pub flags: Vec<String>,
    /// Environment variables for the server. It inherits none that begins with `ETCD_`.
    pub env: Vec<(String, String)>,
    /// An existing directory to put `data/` and `server.log` in, which is kept; with none, a
    /// temporary one that goes away with the [`Server`].
    pub dir: Option<PathBuf>,
    /// How long a start may take until the server is ready.
    pub ready_limit: Duration,
    /// How long a stop by SIGTERM may take before it counts as failed.
    pub stop_limit: Duration,
}

impl Options {
    /// `binary` with etcd's defaults, a temporary directory, 60 s to start and 30 s to stop.
    pub fn new(binary: impl Into<PathBuf>) -> Options {
        Options {
            binary: binary.into(),
            flags: Vec::new(),
            env: Vec::new(),
            dir: None,
            ready_limit: Duration::from_secs(60),
            stop_limit: Duration::from_secs(30),
        }
    }

    /// The same with these flags added.
    #[must_use]
    pub fn flags<S: Into<String>>(mut self, flags: impl IntoIterator<Item = S>) -> Options {
        self.flags.extend(flags.into_iter().map(Into::into));
        self
    }
}

/// A running (or stopped) one-member cluster. Dropping it kills the process and removes its
/// temporary directory.
#[derive(Debug)]
pub struct Server {
    options: Options,
    /// Removed on drop; none when the caller brought the directory.
    _temp: Option<TempDir>,
    dir: PathBuf,
    client_port: u16,
    peer_port: u16,
    child: Option<Child>,
}

impl Server {
    /// Starts `binary` with `extra_flags` and waits until it serves.
    ///
    /// # Errors
    /// [`Error::Exited`] or [`Error::NotReady`] with the end of the server's log.
    pub fn start(binary: impl Into<PathBuf>, extra_flags: &[&str]) -> Result<Server, Error> {
        Server::start_with(Options::new(binary).flags(extra_flags.iter().copied()))
    }

    /// Starts a server as `options` say and waits until it serves.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with(options: Options) -> Result<Server, Error> {
        let temp = match options.dir {
            Some(_) => None,
            None => Some(
                TempDir::with_prefix("pintle-test-").map_err(Error::io("make", "a directory"))?,
            ),
        };
        let dir = match (&options.dir, &temp) {
            (Some(dir), _) => dir.clone(),
            (None, Some(temp)) => temp.path().to_path_buf(),
            (None, None) => std::env::temp_dir(),
        };
        let mut server = Server {
            options,
            _temp: temp,
            dir,
            client_port: 0,
            peer_port: 0,
            child: None,
        };
        for attempt in 1..=PORT_TRIES {
            [server.client_port, server.peer_port] = free_ports()?;
            match server.launch() {
                Err(Error::Exited { log, .. })
                    if attempt < PORT_TRIES && port_was_taken(&log) && !server.has_data() => {}
                result => return result.map(|()| server),
            }
        }
        unreachable!("the last attempt returns whatever it gave")
    }

    /// Starts the server again on the same ports and data, after [`Server::stop`] or
    /// [`Server::kill`]; a server that still runs is stopped first.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn restart(&mut self) -> Result<(), Error> {
        if self.child.is_some() {
            self.stop()?;
        }
        // A client that dials the port of the stopped server over and over can be given that very
        // port for its own end; it lets go of it at once.
        let mut result = Ok(());
        for _ in 0..PORT_TRIES {
            result = self.launch();
            match &result {
                Err(Error::Exited { log, .. }) if port_was_taken(log) => {}
                _ => return result,
            }
        }
        result
    }

    /// Asks the server to end by SIGTERM and waits for it. Stopping a stopped server does nothing
    /// and gives `None`.
    ///
    /// # Errors
    /// [`Error::Deadline`] when it does not end in time: it is killed then.
    pub fn stop(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.signal(Signal::TERM)?;
        let Some(mut child) = self.child.take() else {
            return Ok(None);
        };
        let mut status = None;
        let ended = eventually(self.options.stop_limit, || {
            status = child.try_wait().ok().flatten();
            status.is_some()
        });
        if ended {
            return Ok(status);
        }
        end(&mut child);
        Err(Error::Deadline {
            command: line(&self.command()),
            limit: self.options.stop_limit,
            output: self.log_tail(),
        })
    }

    /// Ends the server by SIGKILL and waits until the process is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            end(&mut child);
        }
    }

    /// Sends `signal` to the server, such as [`Signal::STOP`]; a stopped server gets none.
    ///
    /// # Errors
    /// [`Error::Io`] when the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = process.expect("the kernel's process ids are positive and fit in an i32");
        kill_process(process, signal)
            .map_err(|errno| Error::io("signal", format!("process {pid}"))(errno.into()))
    }

    /// True while the process runs.
    pub fn is_running(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The URL for clients: `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn client_url(&self) -> String {
        format!("http://{}", self.endpoint())
    }

    /// The address for clients without a scheme: `127.0.0.1:<port>`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.client_port)
    }

    /// `--data-dir`.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The file that holds everything the server wrote to stdout and stderr, over all starts.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    /// The whole log so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    /// The log's lines of level error and above. Lines which are not JSON are given too: a server
    /// writes JSON only, unless it panics.
    #[must_use]
    pub fn error_lines(&self) -> Vec<String> {
        let log = self.log();
        let bad = |line: &&str| {
            let level = ["error", "dpanic", "panic", "fatal"]
                .iter()
                .any(|level| line.contains(&format!("\"level\":\"{level}\"")));
            level || !line.starts_with('{')
        };
        log.lines().filter(bad).map(str::to_owned).collect()
    }

    /// The process id, while there is a process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts the process and waits for readiness. On failure no process is left.
    fn launch(&mut self) -> Result<(), Error> {
        let log = self.log_path();
        let seen = fs::metadata(&log).map_or(0, |file| file.len());
        let mut command = self.command();
        let line = line(&command);
        let child = command
            .stdin(Stdio::null())
            .stdout(appending(&log)?)
            .stderr(appending(&log)?)
            .spawn()
            .map_err(Error::io("start", &line))?;
        let child = self.child.insert(child);

        let address = format!("127.0.0.1:{}", self.client_port);
        let mut status = None;
        let ready = eventually(self.options.ready_limit, || {
            status = child.try_wait().ok().flatten();
            status.is_some() || (says_ready(&log, seen) && is_healthy(&address))
        });
        if let Some(status) = status {
            self.child = None;
            return Err(Error::Exited {
                command: line,
                status,
                log: self.log_tail(),
            });
        }
        if !ready {
            self.kill();
            let limit = self.options.ready_limit;
            return Err(Error::NotReady {
                command: line,
                limit,
                log: self.log_tail(),
            });
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let (client, peer) = (
            self.client_url(),
            format!("http://127.0.0.1:{}", self.peer_port),
        );
        let mut command = Command::new(&self.options.binary);
        command
            .arg("--name=m1")
            .arg(format!("--data-dir={}", self.data_dir().display()))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=m1={peer}"))
            .args(&self.options.flags);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ETCD_") {
                command.env_remove(name);
            }
        }
        command.envs(self.options.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn log_tail(&self) -> String {
        tail(&self.log_path(), TAIL_LINES)
    }

    fn has_data(&self) -> bool {
        self.data_dir().join("member").exists()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// True when the log has the ready line after its first `seen` bytes (those of earlier starts).
fn says_ready(log: &Path, seen: u64) -> bool {
    let bytes = fs::read(log).unwrap_or_default();
    let from = usize::try_from(seen).unwrap_or(usize::MAX).min(bytes.len());
    String::from_utf8_lossy(&bytes[from..]).contains(READY)
}

fn is_healthy(address: &str) -> bool {
    matches!(get(address, "/health"), Ok((200, _)))
}

/// True when a log tells that a port was in use.
fn port_was_taken(log: &str) -> bool {
    log.to_lowercase().contains("address already in use")
}
