//! Commands that are run while a lock is held, or for each event of a watch.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use tokio::process::Child;

use crate::Env;
use crate::exit::Failure;
use crate::go::quote::quote;
use crate::io::ChildOutput;
use crate::session::Context;

/// Runs `command` to its end with these variables added to the environment. The inner error says
/// why it could not be started.
pub(super) fn run(
    context: &mut Context<'_>,
    command: &[Vec<u8>],
    variables: &[(&str, OsString)],
) -> Result<Result<ExitStatus, String>, Failure> {
    context.io.stdout.flush()?;
    let finished = context.runtime.block_on(async {
        let child = start(context.env, context.io.child_output, command, variables)?;
        let output = child.wait_with_output().await;
        output.map_err(|why| not_started(command, &why))
    });
    match finished {
        Ok(output) => {
            context.io.stdout.write_all(&output.stdout)?;
            context.io.stderr.write_all(&output.stderr)?;
            Ok(Ok(output.status))
        }
        Err(why) => Ok(Err(why)),
    }
}

/// Starts `command` with these variables added to the environment, from within a runtime.
pub(crate) fn start(
    env: &Env,
    output: ChildOutput,
    command: &[Vec<u8>],
    variables: &[(&str, OsString)],
) -> Result<Child, String> {
    let [name, arguments @ ..] = command else {
        return Err("exec: no command".to_owned());
    };
    let stream = || match output {
        ChildOutput::Inherit => Stdio::inherit(),
        ChildOutput::Copy => Stdio::piped(),
    };
    let mut child = tokio::process::Command::new(OsStr::from_bytes(name));
    child
        .args(arguments.iter().map(|word| OsStr::from_bytes(word)))
        .env_clear()
        .envs(env.iter())
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(stream())
        .stderr(stream());
    child.spawn().map_err(|why| not_started(command, &why))
}

fn not_started(command: &[Vec<u8>], why: &std::io::Error) -> String {
    let name = command.first().map(Vec::as_slice).unwrap_or_default();
    match name.contains(&b'/') {
        true => {
            let name = String::from_utf8_lossy(name);
            format!("fork/exec {name}: {}", dial::os_error(why))
        }
        false => {
            let name = quote(name);
            format!("exec: {name}: executable file not found in $PATH")
        }
    }
}

/// What went wrong with a command that has ended, in Go's words.
pub(super) fn failed(status: ExitStatus) -> Option<String> {
    match (status.success(), status.code(), status.signal()) {
        (true, ..) => None,
        (_, Some(code), _) => Some(format!("exit status {code}")),
        (_, None, Some(9)) => Some("signal: killed".to_owned()),
        (_, None, Some(15)) => Some("signal: terminated".to_owned()),
        (_, None, signal) => Some(format!("signal: {}", signal.unwrap_or_default())),
    }
}
