//! `etcdctl`, and `etcdutl` in [`utl`].
//!
//! `etcdctl` is the command line of the store, with etcdctl 3.7's commands, output, error texts and
//! exit codes.
//!
//! [`run`] takes everything from its caller (arguments, environment, streams, clocks) and gives
//! back an exit code, so that one process can hold many runs: the multi-call binary, tests, and the
//! `etcdctl` binary all call it.
//!
//! A run goes: `cli` finds the command in the tree of `command`, `flag` reads its flags,
//! `environment` adds the `ETCDCTL_*` variables, `client` talks to the servers, and one of `print`
//! writes the reply.
//!
//! With `ETCDCTL_API=2` it is etcdctl 3.4 for the second API instead, in [`v2`].
//!
//! Keys and values are bytes from the command line to stdout; only sentences on stderr are made
//! valid UTF-8.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStringExt;

mod cli;
mod client;
mod command;
mod environment;
pub mod exit;
mod flag;
mod globals;
mod go;
mod help;
pub mod io;
mod log;
mod password;
mod print;
mod progress;
mod session;
mod shell;
pub mod utl;
mod v2;
mod words;

pub use crate::io::Io;

use crate::exit::Failure;
use crate::session::Session;

/// The version of etcd whose behaviour this is.
pub(crate) const VERSION: &str = "3.7.1";
/// The version of the API it speaks.
pub(crate) const API_VERSION: &str = "3.7";

/// Environment variables of one run, in the order they were given.
#[derive(Clone, Debug, Default)]
pub struct Env(Vec<(OsString, OsString)>);

impl Env {
    /// This process's environment.
    pub fn process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The same without one variable.
    fn without(&self, name: &str) -> Self {
        let others = self.iter().filter(|(known, _)| *known != name);
        others.collect()
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let own = |(name, value): (N, V)| (name.into(), value.into());
        Self(variables.into_iter().map(own).collect())
    }
}

/// Runs one command line (`args` without the program's name) and returns its exit code, one of
/// [`exit`]'s or a child's. Must not be called from within an async runtime.
pub fn run(args: impl IntoIterator<Item = OsString>, env: &Env, io: &mut Io) -> u8 {
    let argv: Vec<Vec<u8>> = args.into_iter().map(OsString::into_vec).collect();
    let outcome = if env.get("ETCDCTL_API").is_some_and(|v| v == "2") {
        v2::execute(&argv, &env.without("ETCDCTL_API"), io)
    } else {
        let mut session = Session {
            argv: argv.clone(),
            io,
            env,
            inherited: Vec::new(),
            is_watch: false,
        };
        cli::execute(&mut session, &argv)
    };
    let outcome = outcome.and_then(|()| Ok(io.stdout.flush()?));
    match outcome {
        Ok(()) => exit::SUCCESS,
        Err(failure) => finish(failure, io),
    }
}

/// Says what failed. Output before the failure is written first; when nobody reads any more,
/// nothing is said.
fn finish(failure: Failure, io: &mut Io) -> u8 {
    let (code, text) = match failure {
        Failure::Said { code, text } => (code, Some(text)),
        Failure::Silent(code) => (code, None),
        Failure::Output(why) if why.kind() == ErrorKind::BrokenPipe => return exit::PIPE,
        Failure::Output(why) => (exit::ERROR, Some(why.to_string())),
    };
    // An error here has nowhere left to be reported.
    let _ = io.stdout.flush();
    if let Some(text) = text {
        let _ = writeln!(io.stderr, "Error: {text}");
    }
    let _ = io.stderr.flush();
    code
}
