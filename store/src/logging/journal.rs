//! The journal of systemd, by its own protocol: one datagram for each line.

use std::io::Write as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use crate::config::LogLevel;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// See the module.
pub(super) struct Journal {
    socket: UnixDatagram,
    /// What the lines are found under.
    program: String,
}

impl Journal {
    /// Finds the journal at a path.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        let program = std::env::args_os().next().unwrap_or_default();
        let program = Path::new(&program).file_name().unwrap_or_default();
        Ok(Self {
            socket,
            program: program.to_string_lossy().into_owned(),
        })
    }

    /// Writes one line; to stderr if the journal does not take it, as in etcd.
    pub(super) fn write(&self, level: LogLevel, caller: &str, line: &[u8]) {
        let message = self.message(level, caller, line.trim_ascii_end());
        if self.socket.send(&message).is_err() {
            // There is no other place to tell it.
            let _ = std::io::stderr().lock().write_all(line);
        }
    }

    fn message(&self, level: LogLevel, caller: &str, line: &[u8]) -> Vec<u8> {
        let priority = match level {
            LogLevel::Debug => "7",
            LogLevel::Info => "6",
            LogLevel::Warn => "4",
            LogLevel::Error => "3",
            _ => "2",
        };
        let package = caller.rsplit_once('/').map_or(".", |(package, _)| package);
        let mut message = Vec::with_capacity(line.len() + 128);
        let fields = [
            ("PRIORITY", priority),
            ("SYSLOG_IDENTIFIER", &self.program),
            ("PACKAGE", package),
        ];
        for (name, value) in fields {
            message.extend_from_slice(format!("{name}={value}\n").as_bytes());
        }
        // With its length in front it may hold anything.
        message.extend_from_slice(b"MESSAGE\n");
        message.extend_from_slice(&(line.len() as u64).to_le_bytes());
        message.extend_from_slice(line);
        message.push(b'\n');
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_datagram_whatever_it_holds() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let journal = Journal::open(&path).unwrap();
        journal.write(LogLevel::Warn, "serve/mod.rs:7", b"a\nb\n");
        let mut message = [0; 256];
        let len = receiver.recv(&mut message).unwrap();
        let begin = format!(
            "PRIORITY=4\nSYSLOG_IDENTIFIER={}\nPACKAGE=serve\nMESSAGE\n",
            journal.program
        );
        let rest = message[..len].strip_prefix(begin.as_bytes()).unwrap();
        assert_eq!(rest, b"\x03\0\0\0\0\0\0\0a\nb\n");
        assert!(Journal::open(&directory.path().join("none")).is_err());
    }
}
