//! The project's own tasks, started as `cargo xtask <task>`: one file per task.

mod peers;

use std::path::PathBuf;

use clap::Parser;

/// The project's own tasks.
#[derive(Parser)]
enum Task {
    /// Install the real etcd's programs, which the tests compare ours with
    Peers,
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Peers => peers::run(&workspace()),
    }
}

/// The workspace's root: the folder above this package.
fn workspace() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    package.parent().map_or(package.clone(), PathBuf::from)
}
