//! Asking for a password.
//!
//! The prompt goes to stdout, the answer is a line of stdin; a terminal does not show it.

use std::io::{self, BufRead, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::exit::{BAD_ARGS, ERROR, Failure};
use crate::io::{ChildOutput, Io};

/// The password of a login.
pub(crate) fn of_login(io: &mut Io, prompt: &str) -> Result<String, Failure> {
    ask(io, prompt).map_err(|why| Failure::new(ERROR, why.to_string()))
}

/// A new password, typed twice.
pub(crate) fn new(io: &mut Io, user: &str) -> Result<String, Failure> {
    let failed = |why: io::Error| Failure::args(format!("failed to ask password: {why}"));
    let first = ask(io, &format!("Password of {user}: ")).map_err(failed)?;
    if first.is_empty() {
        return Err(Failure::args("empty password"));
    }
    let again = format!("Type password of {user} again for confirmation: ");
    if ask(io, &again).map_err(failed)? != first {
        return Err(Failure::new(BAD_ARGS, "given passwords are different"));
    }
    Ok(first)
}

/// The first word on stdin.
pub(crate) fn piped(io: &mut Io) -> String {
    let mut line = Vec::new();
    // What cannot be read is no password, which the server refuses.
    let _ = io.stdin.read_until(b'\n', &mut line);
    let word = line.split(u8::is_ascii_whitespace).find(|w| !w.is_empty());
    String::from_utf8_lossy(word.unwrap_or_default()).into_owned()
}

/// The line that is typed after `prompt`.
pub(crate) fn ask(io: &mut Io, prompt: &str) -> io::Result<String> {
    io.stdout.write_all(prompt.as_bytes())?;
    io.stdout.flush()?;
    let hidden = (io.child_output == ChildOutput::Inherit).then(Hidden::begin);
    let mut line = Vec::new();
    let read = io.stdin.read_until(b'\n', &mut line);
    drop(hidden);
    io.stdout.write_all(b"\n")?;
    read?;
    let text = line.strip_suffix(b"\n").unwrap_or(&line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// What is typed is not shown while this lives.
struct Hidden(Option<rustix::termios::Termios>);

impl Hidden {
    /// Does nothing where stdin is no terminal.
    fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &hidden);
        }
        Self(before)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}
