//! `cargo xtask ci`: everything that has to hold, in the order in which a failure shows soonest.
//! `cargo xtask fix` mends what a machine can mend.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// A step: what it is called, and the arguments of cargo.
struct Step(&'static str, &'static [&'static str]);

/// The checks of the sources themselves.
const CHECKS: [Step; 3] = [
    Step("format", &["fmt", "--all", "--check"]),
    Step(
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    ),
    Step(
        "documentation",
        &["doc", "--workspace", "--no-deps", "--quiet"],
    ),
];

/// What is built once for the tests that start programs.
const BUILD: Step = Step("programs", &["build", "--workspace", "--bins"]);

/// The tests. Those of one package's library and those that start servers are told apart only by
/// where they live.
const TESTS: Step = Step("tests", &["test", "--workspace", "--no-fail-fast"]);

/// Runs all checks and tests.
pub(crate) fn run(workspace: &Path) -> anyhow::Result<()> {
    run_step(workspace, &CHECKS[0])?;
    crate::peers::run(workspace)?;
    for step in &CHECKS[1..] {
        run_step(workspace, step)?;
    }
    crate::codegen::run(workspace, true)?;
    run_step(workspace, &BUILD)?;
    run_step(workspace, &TESTS)
}

/// Formats, and applies what clippy proposes.
pub(crate) fn fix(workspace: &Path) -> anyhow::Result<()> {
    let clippy = &[
        "clippy",
        "--fix",
        "--workspace",
        "--all-targets",
        "--allow-dirty",
        "--allow-staged",
    ];
    run_step(workspace, &Step("lints", clippy))?;
    run_step(workspace, &Step("format", &["fmt", "--all"]))
}

fn run_step(workspace: &Path, Step(name, arguments): &Step) -> anyhow::Result<()> {
    crate::say(&format!("== {name}: cargo {}", arguments.join(" ")))?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(*arguments).current_dir(workspace);
    // Wherever cargo builds to, the real etcd's programs are found where they were put.
    if std::env::var_os("PINTLE_PEERS_DIR").is_none() {
        cargo.env("PINTLE_PEERS_DIR", workspace.join("target/peers/bin"));
    }
    if *name == "documentation" {
        cargo.env("RUSTDOCFLAGS", "-D warnings");
    }
    let status = cargo
        .status()
        .with_context(|| format!("start cargo for {name}"))?;
    ensure!(status.success(), "{name} failed ({status})");
    Ok(())
}
