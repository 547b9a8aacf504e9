//! Builds and runs the program that makes the cases.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde::de::DeserializeOwned;

/// The program, built once per run of the tests.
static BINARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop/go/patches");
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("patches");
    let mut go = Command::new("go");
    go.current_dir(source)
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(&binary)
        .arg(".");
    output(&mut go);
    binary
});

/// The cases of a sort: `PINTLE_PATCH_CASES` of them, or so many.
pub(crate) fn cases<T: DeserializeOwned>(sort: &str, count: usize) -> Vec<T> {
    let setting = |name: &str, default: usize| {
        std::env::var(name).map_or(default, |value| value.parse().expect("a whole number"))
    };
    let count = setting("PINTLE_PATCH_CASES", count);
    let seed = setting("PINTLE_PATCH_SEED", 1);
    let mut program = Command::new(&*BINARY);
    program.args([sort, &seed.to_string(), &count.to_string()]);
    if let Some(folder) = std::env::var_os("PINTLE_PATCH_OPENAPI") {
        program.arg(folder);
    }
    let printed = output(&mut program);
    let lines = printed
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let parse = |line: &[u8]| {
        serde_json::from_slice(line)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)))
    };
    lines.map(parse).collect()
}

fn output(command: &mut Command) -> Vec<u8> {
    let done = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; install Go 1.26 or newer"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} failed:\n{errors}");
    done.stdout
}
