//! The one error of the harness. A test prints it, so each text says what to do next.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a process, a file or a tool that a test needs is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A binary is missing; `hint` names the command that makes it.
    #[error("no binary at {path}: {hint}", path = path.display())]
    NoBinary {
        /// Where it was looked for.
        path: PathBuf,
        /// What makes it.
        hint: String,
    },
    /// A toolchain is missing; `hint` says what to install.
    #[error("`{name}` is not installed: {hint}")]
    NoTool {
        /// The command that was looked for on the `PATH`.
        name: String,
        /// What to install.
        hint: String,
    },
    /// The server process ended before it was ready.
    #[error("{command} ended before it was ready ({status}); the end of its log:\n{log}")]
    Exited {
        /// The whole command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines it wrote.
        log: String,
    },
    /// The server process runs, but is not ready in time.
    #[error("{command} was not ready within {limit:?}; the end of its log:\n{log}")]
    NotReady {
        /// The whole command line.
        command: String,
        /// How long the harness waited.
        limit: Duration,
        /// The last lines it wrote.
        log: String,
    },
    /// A process outlived its deadline; it has been killed.
    #[error("{command} did not end within {limit:?}; its output so far:\n{output}")]
    Deadline {
        /// The command line.
        command: String,
        /// How long the harness waited.
        limit: Duration,
        /// What it had written to both streams.
        output: String,
    },
    /// An HTTP reply could not be read as one.
    #[error("no HTTP reply from {url}: {reason}")]
    Http {
        /// What was asked for.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// A system call failed.
    #[error("cannot {action} {subject}")]
    Io {
        /// The step that failed.
        action: &'static str,
        /// What it was done to.
        subject: String,
        /// The system's word.
        source: io::Error,
    },
}

impl Error {
    /// Makes a closure for `map_err` which keeps the step and its subject.
    pub(crate) fn io(
        action: &'static str,
        subject: impl Into<String>,
    ) -> impl FnOnce(io::Error) -> Error {
        let subject = subject.into();
        move |source| Error::Io {
            action,
            subject,
            source,
        }
    }
}
