//! The command that runs for each event.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Output, Stdio};

use proto::mvccpb::Event;

use crate::client::status;
use crate::exit::{self, Done, Failure};
use crate::go::quote::quote;
use crate::io::ChildOutput;
use crate::print::event_type;
use crate::session::Context;

/// Runs it and waits; a command that fails ends the watch with exit code 1.
pub(super) fn run(
    context: &mut Context<'_>,
    command: &[Vec<u8>],
    revision: i64,
    event: &Event,
) -> Done {
    context.io.stdout.flush()?;
    let outcome = spawn(context, command, revision, event);
    let why = match outcome {
        Ok(output) => {
            context.io.stdout.write_all(&output.stdout)?;
            context.io.stderr.write_all(&output.stderr)?;
            match failed(output.status) {
                None => return Ok(()),
                Some(why) => why,
            }
        }
        Err(why) => why,
    };
    let words: Vec<_> = command.iter().map(|word| quote(word)).collect();
    let words = words.join(" ");
    writeln!(context.io.stderr, "command [{words}] error ({why})")?;
    Err(Failure::Silent(exit::ERROR))
}

fn spawn(
    context: &Context<'_>,
    command: &[Vec<u8>],
    revision: i64,
    event: &Event,
) -> Result<Output, String> {
    let pair = event.kv.clone().unwrap_or_default();
    let [name, arguments @ ..] = command else {
        return Err("exec: no command".to_owned());
    };
    let stream = || match context.io.child_output {
        ChildOutput::Inherit => Stdio::inherit(),
        ChildOutput::Copy => Stdio::piped(),
    };
    let mut child = tokio::process::Command::new(OsStr::from_bytes(name));
    child
        .args(arguments.iter().map(|word| OsStr::from_bytes(word)))
        .env_clear()
        .envs(context.env.iter())
        .env("ETCD_WATCH_REVISION", revision.to_string())
        .env("ETCD_WATCH_EVENT_TYPE", quote(event_type(event).as_bytes()))
        .env("ETCD_WATCH_KEY", quote(&pair.key))
        .env("ETCD_WATCH_VALUE", quote(&pair.value))
        .stdin(Stdio::null())
        .stdout(stream())
        .stderr(stream());
    let finished = context
        .runtime
        .block_on(async { child.spawn()?.wait_with_output().await });
    finished.map_err(|why| {
        let shown = String::from_utf8_lossy(name);
        if name.contains(&b'/') {
            format!("fork/exec {shown}: {}", status::os_error(&why))
        } else {
            let shown = quote(name);
            format!("exec: {shown}: executable file not found in $PATH")
        }
    })
}

fn failed(status: ExitStatus) -> Option<String> {
    match (status.success(), status.code(), status.signal()) {
        (true, ..) => None,
        (_, Some(code), _) => Some(format!("exit status {code}")),
        (_, None, Some(9)) => Some("signal: killed".to_owned()),
        (_, None, Some(15)) => Some("signal: terminated".to_owned()),
        (_, None, signal) => Some(format!("signal: {}", signal.unwrap_or_default())),
    }
}
