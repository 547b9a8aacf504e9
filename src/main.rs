//! Pintle's one binary: every role under the name that its users know it by.
//!
//! It acts by its first argument (`pintle etcd …`), or by the name it is called under
//! (`etcd …`, through a link that `pintle install` makes), so that harnesses which expect
//! upstream's binaries find them.

mod install;
mod loops;
mod roles;
mod up;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An etcd-compatible, Raft-replicated key-value store, in one binary.
#[derive(Parser)]
#[command(name = "pintle", version, after_help = roles::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Link this binary under the names of its roles
    Install(install::Install),
    /// Run a whole Kubernetes in one process
    Up(up::Up),
}

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let called = arguments
        .first()
        .and_then(|name| Path::new(name).file_name());
    if let Some(role) = called.and_then(roles::find) {
        return role.run(arguments);
    }
    if let Some(role) = arguments.get(1).and_then(|name| roles::find(name)) {
        arguments.remove(0);
        return role.run(arguments);
    }
    match Cli::parse().command {
        Command::Up(up) => up.run(),
        Command::Install(install) => match install.run(&mut std::io::stdout()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Without a stderr there is nobody to tell.
                let _ = writeln!(std::io::stderr(), "pintle install: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}
