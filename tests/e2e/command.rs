//! Commands that end by themselves.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use harness::{output, peers};

/// How long one command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs a command with these arguments, and nothing in its environment.
pub(crate) fn run(program: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.env_clear().args(arguments);
    output(&mut command, LIMIT).unwrap()
}

/// Whether a command succeeded, and what it told on either stream.
pub(crate) fn told(program: &Path, arguments: &[&str]) -> (bool, String) {
    let output = run(program, arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

/// [`told`] of the real `etcdctl`.
pub(crate) fn etcdctl(arguments: &[&str]) -> (bool, String) {
    told(&peers::etcdctl().unwrap(), arguments)
}
