//! `exec-watch`: a program is run for each change of a key.
//!
//! Programs run beside each other: one that takes its time holds up neither the watch nor those that
//! come after it.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::process::Output;

use tokio::process::Child;
use tokio::task::JoinSet;

use super::watch::{AFTER_INDEX, RECURSIVE, Watch};
use crate::command::child;
use crate::exit::{Done, Failure};
use crate::io::Io;
use crate::v2::cli::Command;
use crate::v2::client::Error;
use crate::v2::client::keys::Response;
use crate::v2::fault::{self, BAD_ARGS, SERVER};
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command {
    // Debian's etcdctl forgets where it stood, and watches the program's last word.
    keeps_dashes: true,
    ..Command::new(
        "exec-watch",
        "<key> -- <program> [arguments]",
        "waits for changes of a key and runs a program for each",
        &[AFTER_INDEX, RECURSIVE],
        run,
    )
};

/// What comes next.
enum Step {
    Change(Result<Box<Response>, Error>),
    Ended(Option<Output>),
    Interrupted,
}

fn run(session: &mut Session<'_>) -> Done {
    let client = session.connect()?;
    let Some((key, program)) = split(&session.flags.args) else {
        return fault::arguments(session.io, "key and command to exec required");
    };
    let mut watch = Watch::new(session, client, key);
    let mut running = JoinSet::new();
    loop {
        let next = async {
            tokio::select! {
                next = watch.next(&mut *session.io.stderr) => Step::Change(next.map(Box::new)),
                Some(ended) = running.join_next() => Step::Ended(ended.ok().flatten()),
                _ = tokio::signal::ctrl_c() => Step::Interrupted,
            }
        };
        match session.runtime.block_on(next) {
            Step::Interrupted => return Ok(()),
            Step::Ended(output) => copy(session.io, output)?,
            Step::Change(Err(why)) => return fault::refused(session.io, SERVER, &why),
            Step::Change(Ok(response)) if response.node.dir => {
                let key = &response.node.key;
                writeln!(session.io.stderr, "Ignored dir {key} change")?;
            }
            Step::Change(Ok(response)) => {
                let child = start(session, &program, &response)?;
                let guard = session.runtime.enter();
                running.spawn(async { child.wait_with_output().await.ok() });
                drop(guard);
            }
        }
    }
}

/// Key and program. Behind `--` stands the program; without it the key stands last.
fn split(args: &[Vec<u8>]) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let (first, after) = args.split_first()?;
    let (last, before) = args.split_last()?;
    if after.is_empty() {
        return None;
    }
    match after.iter().any(|arg| arg == b"--") {
        true => Some((first.clone(), after[1..].to_vec())),
        false => Some((last.clone(), before.to_vec())),
    }
}

fn start(
    session: &mut Session<'_>,
    program: &[Vec<u8>],
    response: &Response,
) -> Result<Child, Failure> {
    let node = &response.node;
    let text = |text: &String| OsString::from_vec(text.clone().into_bytes());
    let variables = [
        ("ETCD_WATCH_ACTION", text(&response.action)),
        (
            "ETCD_WATCH_MODIFIED_INDEX",
            node.modified_index.to_string().into(),
        ),
        ("ETCD_WATCH_KEY", text(&node.key)),
        ("ETCD_WATCH_VALUE", text(&node.value)),
    ];
    session.io.stdout.flush()?;
    let guard = session.runtime.enter();
    let started = child::start(session.env, session.io.child_output, program, &variables);
    drop(guard);
    match started {
        Ok(child) => Ok(child),
        Err(why) => {
            write!(session.io.stderr, "{why}")?;
            Err(Failure::Silent(BAD_ARGS))
        }
    }
}

/// What a program has said, where that was read.
fn copy(io: &mut Io, output: Option<Output>) -> Done {
    let Some(output) = output else {
        return Ok(());
    };
    io.stdout.write_all(&output.stdout)?;
    io.stdout.flush()?;
    Ok(io.stderr.write_all(&output.stderr)?)
}
