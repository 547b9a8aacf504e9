//! kubectl of every version that is at hand goes through one script.

use std::path::{Path, PathBuf};

use crate::cluster::Cluster;
use crate::script;

/// kubectl of the version whose API is served.
pub(crate) fn own() -> PathBuf {
    let peers = std::env::var_os("PINTLE_PEERS_DIR").map_or_else(
        || harness::target_dir().unwrap().join("peers/bin"),
        PathBuf::from,
    );
    let own = peers.join("kubectl");
    assert!(
        own.is_file(),
        "{} is missing: run `cargo xtask peers`",
        own.display()
    );
    own
}

/// kubectl of the version whose API is served, and those that lie beside the machine's own under the names
/// `kubectl.1.27` and so on.
fn versions() -> Vec<PathBuf> {
    let mut found = vec![own()];
    let path = std::env::var("PATH").unwrap_or_default();
    let machines = path
        .split(':')
        .map(|folder| Path::new(folder).join("kubectl"))
        .find(|file| file.is_file());
    let folder = machines
        .and_then(|file| file.canonicalize().ok())
        .and_then(|file| Some(file.parent()?.to_owned()));
    for entry in folder.iter().flat_map(|folder| folder.read_dir().unwrap()) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("kubectl.1.") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn kubectl_of_every_version_does_what_it_does() {
    let versions = versions();
    let failed: Vec<String> = std::thread::scope(|scope| {
        // Two at a time are as many as a small machine can run.
        let (left, right) = versions.split_at(versions.len() / 2);
        let runs = [left, right].map(|versions| {
            scope.spawn(|| {
                versions
                    .iter()
                    .filter_map(|kubectl| go(kubectl))
                    .collect::<Vec<_>>()
            })
        });
        runs.into_iter()
            .flat_map(|run| run.join().unwrap())
            .collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Runs the script; what was wrong, if anything was.
fn go(kubectl: &Path) -> Option<String> {
    let cluster = Cluster::start();
    let folder = cluster.folder();
    // The script's `kubectl` is this one.
    let link = folder.join("bin");
    std::fs::create_dir(&link).unwrap();
    std::os::unix::fs::symlink(kubectl, link.join("kubectl")).unwrap();
    let path = format!(
        "{}:{}",
        link.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let kubeconfig = cluster.kubeconfig().display().to_string();
    let home = folder.display().to_string();
    let server = format!("https://{}", cluster.address);
    let environment = [
        ("SERVER", server.as_str()),
        ("PATH", path.as_str()),
        ("KUBECONFIG", &kubeconfig),
        ("HOME", &home),
        ("KUBECTL_EXTERNAL_DIFF", "diff -u"),
    ];
    let name = kubectl.file_name().unwrap_or_default().to_string_lossy();
    let version = name.strip_prefix("kubectl.").unwrap_or_default();
    match script::run(include_str!("kubectl.txt"), &folder, &environment, version) {
        Ok(commands) => {
            assert!(commands >= 80, "{commands}");
            None
        }
        Err(wrong) => Some(format!("{}:\n{wrong}", kubectl.display())),
    }
}
