//! Python: `etcd3`, the most used client, in a virtual environment of its own.

use std::process::Command;

use crate::program::{build, build_folder, prepare, run, sources};

#[test]
fn etcd3() {
    let python = harness::tool("python3", "install Python 3.9 to 3.13 with its venv module")
        .unwrap_or_else(|error| panic!("{error}"));
    let folder = build_folder("python");
    let pip = folder.join("bin/pip");
    prepare(&sources("python"), &["requirements.txt"], &folder, || {
        build(Command::new(python).args(["-m", "venv"]).arg(&folder));
        build(
            Command::new(pip)
                .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(folder.join("requirements.txt")),
        );
    });
    let mut program = Command::new(folder.join("bin/python"));
    run(program.arg(sources("python/main.py")), 13);
}
