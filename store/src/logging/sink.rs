//! Where lines go: the standard streams or files.

use super::Error;
use parking_lot::Mutex;
use std::fs::File;
use std::io::Write as _;

/// One output of the log.
pub(super) enum Sink {
    Stderr,
    Stdout,
    /// Appended to, one line at a time.
    File(Mutex<File>),
}

impl Sink {
    /// Writes one line. A log that cannot be written must not stop the server, so errors are
    /// dropped: there is no other place to tell them.
    pub(super) fn write(&self, line: &[u8]) {
        let _ = match self {
            Sink::Stderr => std::io::stderr().lock().write_all(line),
            Sink::Stdout => {
                let mut out = std::io::stdout().lock();
                out.write_all(line).and_then(|()| out.flush())
            }
            Sink::File(file) => file.lock().write_all(line),
        };
    }
}

/// Opens all outputs, each once. `/dev/null` among them silences the log.
pub(super) fn open_all(outputs: &[String]) -> Result<Vec<Sink>, Error> {
    if outputs.iter().any(|output| output == "/dev/null") {
        return Ok(Vec::new());
    }
    let mut names: Vec<&str> = outputs.iter().map(|name| alias(name)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(open).collect()
}

fn alias(name: &str) -> &str {
    if name == "default" { "stderr" } else { name }
}

fn open(name: &str) -> Result<Sink, Error> {
    match name {
        "stderr" => Ok(Sink::Stderr),
        "stdout" => Ok(Sink::Stdout),
        path => {
            let path = path.strip_prefix("file://").unwrap_or(path);
            let file = File::options().create(true).append(true).open(path);
            let file = file.map_err(|why| Error::Open {
                path: path.into(),
                why,
            })?;
            Ok(Sink::File(Mutex::new(file)))
        }
    }
}
