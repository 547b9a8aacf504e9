//! The project's own tasks, started as `cargo xtask <task>`: one file per task.

mod bench;
mod ci;
mod codegen;
mod kinds;
mod peers;

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;

/// The project's own tasks.
#[derive(Parser)]
enum Task {
    /// Check, build and test everything; installs what that needs
    Ci,
    /// Mend what a machine can mend: formatting, and what clippy proposes
    Fix,
    /// Write the files that are made from the code
    Codegen {
        /// Only see whether they are as they should be
        #[arg(long)]
        check: bool,
    },
    /// Distil the tables of built-in kinds from the modules of Kubernetes
    Kinds,
    /// Measure our server beside the real etcd; arguments go to the load generator
    Bench {
        /// For example `quick`; the whole table by default
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Install the real etcd's programs, which the tests compare ours with
    Peers,
}

fn main() -> anyhow::Result<()> {
    let workspace = workspace();
    match Task::parse() {
        Task::Ci => ci::run(&workspace),
        Task::Fix => ci::fix(&workspace),
        Task::Codegen { check } => codegen::run(&workspace, check),
        Task::Kinds => kinds::run(&workspace),
        Task::Bench { arguments } => bench::run(&workspace, &arguments),
        Task::Peers => peers::run(&workspace),
    }
}

/// The workspace's root: the folder above this package.
fn workspace() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    package.parent().map_or(package.clone(), PathBuf::from)
}

/// Tells the person at the terminal what takes the time.
fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{text}")?)
}
