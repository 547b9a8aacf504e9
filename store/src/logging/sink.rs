//! Where lines go: the standard streams, files, or the journal of systemd.

use super::Error;
use super::journal::{Journal, SOCKET};
use super::rotate::Rotating;
use crate::config::{JOURNAL, LogLevel, Rotation};
use parking_lot::Mutex;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// One output of the log.
pub(super) enum Sink {
    Stderr,
    Stdout,
    /// Appended to, one line at a time.
    File(Mutex<File>),
    /// Put away when it is full.
    Rotating(Mutex<Rotating>),
    Journal(Journal),
}

impl Sink {
    /// Writes one line. A log that cannot be written must not stop the server, so errors are
    /// dropped: there is no other place to tell them.
    pub(super) fn write(&self, level: LogLevel, caller: &str, line: &[u8]) {
        let _ = match self {
            Sink::Stderr => std::io::stderr().lock().write_all(line),
            Sink::Stdout => {
                let mut out = std::io::stdout().lock();
                out.write_all(line).and_then(|()| out.flush())
            }
            Sink::File(file) => file.lock().write_all(line),
            Sink::Rotating(file) => file.lock().write(line),
            Sink::Journal(journal) => {
                journal.write(level, caller, line);
                Ok(())
            }
        };
    }
}

/// Opens all outputs, each once. `/dev/null` among them silences the log.
pub(super) fn open_all(outputs: &[String], rotation: Option<Rotation>) -> Result<Vec<Sink>, Error> {
    if outputs.iter().any(|output| output == "/dev/null") {
        return Ok(Vec::new());
    }
    let mut names: Vec<&str> = outputs.iter().map(|name| alias(name)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| open(name, rotation)).collect()
}

fn alias(name: &str) -> &str {
    if name == "default" { "stderr" } else { name }
}

fn open(name: &str, rotation: Option<Rotation>) -> Result<Sink, Error> {
    match name {
        "stderr" => Ok(Sink::Stderr),
        "stdout" => Ok(Sink::Stdout),
        JOURNAL => Journal::open(Path::new(SOCKET))
            .map(Sink::Journal)
            .map_err(Error::Journal),
        path => {
            let path = path.strip_prefix("file://").unwrap_or(path);
            let opened = match rotation {
                Some(rotation) => Rotating::open(Path::new(path), rotation)
                    .map(|file| Sink::Rotating(Mutex::new(file))),
                None => File::options()
                    .create(true)
                    .append(true)
                    .open(path)
                    .map(|file| Sink::File(Mutex::new(file))),
            };
            opened.map_err(|why| Error::Open {
                path: path.into(),
                why,
            })
        }
    }
}
