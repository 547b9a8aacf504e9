//! Running a command to its end, and finding tools.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::{Error, eventually};

/// Runs `command` with no input and returns what it wrote, whatever its exit code.
///
/// # Errors
/// [`Error::Io`] when it cannot be started; [`Error::Deadline`] when it still runs after `limit`:
/// it is killed then, and the error holds what it had written.
pub fn output(command: &mut Command, limit: Duration) -> Result<Output, Error> {
    let line = line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Error::io("start", &line))?;
    // Both pipes are drained at the same time: a child that fills one of them must not stop.
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let ended = eventually(limit, || !matches!(child.try_wait(), Ok(None)));
    if !ended {
        end(&mut child);
    }
    let status = child.wait().map_err(Error::io("wait for", &line))?;
    let (stdout, stderr) = (collect(stdout), collect(stderr));
    if ended {
        return Ok(Output {
            status,
            stdout,
            stderr,
        });
    }
    let output = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    Err(Error::Deadline {
        command: line,
        limit,
        output,
    })
}

/// Finds `name` on the `PATH`.
///
/// # Errors
/// [`Error::NoTool`] with `hint`, which should say what to install. A missing toolchain fails the
/// test that needs it: a test that is left out proves nothing.
pub fn tool(name: &str, hint: &str) -> Result<PathBuf, Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|found| found.is_file()))
        .ok_or_else(|| Error::NoTool {
            name: name.to_owned(),
            hint: hint.to_owned(),
        })
}

/// The command line as a person would type it (without quoting).
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Kills `child` by its id and takes its exit status, so that no zombie stays.
pub(crate) fn end(child: &mut Child) {
    // Both fail only for a process which has ended and has been waited for: what is wanted.
    drop(child.kill());
    drop(child.wait());
}

/// The last `lines` lines of a log file, or of nothing when it cannot be read.
pub(crate) fn tail(file: &std::path::Path, lines: usize) -> String {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Opens `file` to be appended to, by several processes one after the other.
pub(crate) fn appending(file: &std::path::Path) -> Result<File, Error> {
    File::options()
        .create(true)
        .append(true)
        .open(file)
        .map_err(Error::io("open", file.display().to_string()))
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> Option<JoinHandle<Vec<u8>>> {
    pipe.map(|mut pipe| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is still worth showing.
            drop(pipe.read_to_end(&mut bytes));
            bytes
        })
    })
}

fn collect(reader: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    reader
        .and_then(|reader| reader.join().ok())
        .unwrap_or_default()
}
