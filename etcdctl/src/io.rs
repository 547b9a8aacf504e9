//! The outside world of one run: streams and clocks come in here, so that tests drive
//! [`crate::run`] in process.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::time::{Instant, SystemTime};

/// Where the output of a child process (`watch … -- cmd`) goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildOutput {
    /// The child inherits this process's stdout and stderr.
    Inherit,
    /// The child's output is read and copied to [`Io::stdout`] and [`Io::stderr`].
    Copy,
}

/// The clocks of one run.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Wall clock, for the time stamps of log lines.
    pub wall: fn() -> SystemTime,
    /// Monotonic clock, for durations that are printed.
    pub monotonic: fn() -> Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            wall: SystemTime::now,
            monotonic: Instant::now,
        }
    }
}

/// Streams and clocks of one run.
pub struct Io {
    /// Values, transactions and interactive watch lines. Owned, so that a thread can block on it.
    pub stdin: Box<dyn BufRead + Send>,
    /// Results: raw bytes, never converted.
    pub stdout: Box<dyn Write + Send>,
    /// Errors, warnings and log lines.
    pub stderr: Box<dyn Write + Send>,
    /// Where children write.
    pub child_output: ChildOutput,
    /// The clocks.
    pub clock: Clock,
}

impl Io {
    /// This process's own streams. stdout is buffered and flushed at the end and after every watch
    /// response.
    pub fn process() -> Self {
        Self {
            stdin: Box::new(BufReader::new(std::io::stdin())),
            stdout: Box::new(BufWriter::with_capacity(64 * 1024, std::io::stdout())),
            stderr: Box::new(std::io::stderr()),
            child_output: ChildOutput::Inherit,
            clock: Clock::default(),
        }
    }
}
