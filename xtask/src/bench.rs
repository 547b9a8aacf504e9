//! `cargo xtask bench`: the load generator against our server and the real etcd, side by side.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// Builds both in release mode, then runs the table; `arguments` go to the load generator.
pub(crate) fn run(workspace: &Path, arguments: &[String]) -> anyhow::Result<()> {
    crate::peers::run(workspace)?;
    let cargo = |arguments: &[&str]| -> anyhow::Result<()> {
        let status = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(workspace)
            .status()
            .context("start cargo")?;
        ensure!(
            status.success(),
            "cargo {} failed ({status})",
            arguments.join(" ")
        );
        Ok(())
    };
    cargo(&["build", "--release", "-p", "etcdproxy", "--bin", "etcd"])?;
    cargo(&["build", "--release", "-p", "load"])?;
    let arguments = match arguments {
        [] => vec!["table".to_owned()],
        given => given.to_vec(),
    };
    let status = Command::new(workspace.join("target/release/load"))
        .args(&arguments)
        .current_dir(workspace)
        .status()
        .context("start the load generator")?;
    ensure!(
        status.success(),
        "load {} failed ({status})",
        arguments.join(" ")
    );
    Ok(())
}
