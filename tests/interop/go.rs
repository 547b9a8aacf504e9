//! Go: the official client, `go.etcd.io/etcd/client/v3`, in three releases that are in use.

use std::process::Command;

use crate::program::{build, build_folder, run, sources};

/// Builds `go/<name>` and runs it.
fn program(name: &str, scenarios: usize) {
    let go = harness::tool("go", "install Go 1.26 or newer").unwrap_or_else(|e| panic!("{e}"));
    let binary = build_folder("go").join(name);
    build(
        Command::new(go)
            .current_dir(sources("go").join(name))
            .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
            .arg(&binary)
            .arg("."),
    );
    run(&mut Command::new(binary), scenarios);
}

#[test]
fn client_3_7() {
    program("v37", COMMON + 9);
}

#[test]
fn client_3_5() {
    program("v35", COMMON);
}

/// The first release of 3.5 sends an `:authority` which is none.
#[test]
fn client_3_5_0_with_odd_authority() {
    program("v350", COMMON + 1);
}

/// Scenarios that every release runs.
const COMMON: usize = 53;
