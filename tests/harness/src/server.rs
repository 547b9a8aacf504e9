//! One member as a child process.
//!
//! ```text
//! <temp dir>/            removed when the Server is dropped
//!   data/                --data-dir
//!   server.log           stdout and stderr of every start, one after the other
//! ```

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use crate::ports::free_ports;
use crate::process::{Process, port_was_taken};
use crate::{Error, Signal, get};

/// How often a start is tried when another process took one of the ports meanwhile.
pub(crate) const PORT_TRIES: usize = 5;

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
    process: Process,
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
            process: Process::new(dir.join("server.log")),
            dir,
            client_port: 0,
            peer_port: 0,
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
        if self.process.pid().is_some() {
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
        self.process.stop(self.options.stop_limit)
    }

    /// Ends the server by SIGKILL and waits until the process is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Sends `signal` to the server, such as [`Signal::STOP`]; a stopped server gets none.
    ///
    /// # Errors
    /// [`Error::Io`] when the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        self.process.signal(signal)
    }

    /// True while the process runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
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
        self.process.log_path().to_path_buf()
    }

    /// The whole log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The log's lines of level error and above. Lines which are not JSON are given too: a server
    /// writes JSON only, unless it panics.
    #[must_use]
    pub fn error_lines(&self) -> Vec<String> {
        self.process.error_lines()
    }

    /// The process id, while there is a process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Starts the process and waits for readiness. On failure no process is left.
    fn launch(&mut self) -> Result<(), Error> {
        let mut command = self.command();
        self.process.launch(&mut command)?;
        let address = self.endpoint();
        let limit = self.options.ready_limit;
        self.process.await_ready(limit, || is_healthy(&address))
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
        command.envs(self.options.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn has_data(&self) -> bool {
        self.data_dir().join("member").exists()
    }
}

fn is_healthy(address: &str) -> bool {
    matches!(get(address, "/health"), Ok((200, _)))
}
