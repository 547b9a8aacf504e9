//! `cargo xtask codegen`: files in the tree that are made from the code.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// A file, and the example of the store that prints it.
const MADE: [(&str, &str); 1] = [("docs/flags.md", "flags")];

/// Writes them, or only sees whether they are as they should be.
pub(crate) fn run(workspace: &Path, check: bool) -> anyhow::Result<()> {
    for (file, example) in MADE {
        let output = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "-p", "store", "--example", example])
            .current_dir(workspace)
            .output()
            .context("start cargo")?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "example {example} failed: {error}");
        let path = workspace.join(file);
        if check {
            let found = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            ensure!(
                found == output.stdout,
                "{file} is out of date: run `cargo xtask codegen`"
            );
        } else {
            fs::write(&path, output.stdout).with_context(|| format!("write {}", path.display()))?;
        }
    }
    Ok(())
}
