//! `cargo xtask kinds`: the tables of Kubernetes' built-in kinds, distilled from upstream's Go modules.
//! Not part of the gate: the tables change only when the version of Kubernetes does.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// Its published OpenAPI and discovery documents are read; the Go types come by `xtask/kinds/go.mod`.
const KUBERNETES: &str = "k8s.io/kubernetes@v1.37.2";

const MADE: [(&str, &str); 3] = [
    ("types", "api/src/schema/v1_37.txt"),
    ("names", "api/src/wire/names.txt"),
    ("resources", "api/src/schema/resources.txt"),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    dir: String,
}

/// Writes them.
pub(crate) fn run(workspace: &Path) -> anyhow::Result<()> {
    let program = workspace.join("xtask/kinds");
    let downloaded = go(&program, &["mod", "download", "-json", KUBERNETES])?;
    let module: Module = serde_json::from_slice(&downloaded).context("read what go downloaded")?;
    for (what, file) in MADE {
        let table = go(&program, &["run", ".", &module.dir, what])?;
        let path = workspace.join(file);
        fs::write(&path, table).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn go(folder: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("go")
        .args(arguments)
        .current_dir(folder)
        .output()
        .context("start go")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "go {arguments:?} failed: {error}");
    Ok(output.stdout)
}
