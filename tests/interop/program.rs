//! Runs a client's program against a fresh server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::RwLock;
use std::time::Duration;

use harness::Server;

/// The longest a client's program may take; they take 5 to 30 s, most of it waiting for leases.
const RUN_LIMIT: Duration = Duration::from_secs(240);

/// The longest a build may take when every dependency must be downloaded first.
const BUILD_LIMIT: Duration = Duration::from_secs(600);

/// Held for reading by each client, and for writing by the test whose load leaves no processor time
/// for others: clients renew leases of 2 s.
pub(crate) static QUIET: RwLock<()> = RwLock::new(());

/// The folder of a client's sources, such as `go/v37`.
pub(crate) fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// A folder for what is built for a client, such as `target/interop/go`. It stays, so that the
/// next run finds it.
pub(crate) fn build_folder(name: &str) -> PathBuf {
    let folder = harness::target_dir()
        .expect("the test knows its own path")
        .join("interop");
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).expect("the target directory can be written");
    folder
}

/// Runs one step of a build, which must succeed.
///
/// # Panics
/// With the step's output when it fails or takes longer than ten minutes.
pub(crate) fn build(step: &mut Command) {
    let output = harness::output(step, BUILD_LIMIT).unwrap_or_else(|error| panic!("{error}"));
    assert!(
        output.status.success(),
        "{step:?} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// Copies `files` of a client's sources into `folder` and prepares them there, unless `folder`
/// holds the same files, prepared by an earlier run.
pub(crate) fn prepare(source: &Path, files: &[&str], folder: &Path, prepare: impl FnOnce()) {
    let stamp = folder.join("prepared");
    let same = files.iter().all(|file| {
        let read = |dir: &Path| std::fs::read(dir.join(file)).ok();
        read(source) == read(folder)
    });
    if same && stamp.exists() {
        return;
    }
    if stamp.exists() {
        std::fs::remove_file(&stamp).expect("the build folder can be written");
    }
    for file in files {
        let copy = folder.join(file);
        let parent = copy.parent().expect("a file in a folder has a parent");
        std::fs::create_dir_all(parent).expect("the build folder can be written");
        std::fs::copy(source.join(file), copy).expect("a source file can be copied");
    }
    prepare();
    std::fs::write(stamp, "").expect("the build folder can be written");
}

/// Starts a server, runs `program` with the server's `HOST:PORT` as its last argument, and checks
/// that every scenario passed: exit code 0, exactly `scenarios` lines `ok <name>`, and neither an
/// error nor a panic in the server's log.
///
/// # Panics
/// With the program's output and the server's errors when any of this is not so.
pub(crate) fn run(program: &mut Command, scenarios: usize) {
    // A test that failed elsewhere does not matter here.
    let _quiet = QUIET
        .read()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let binary = harness::binary("etcd").unwrap_or_else(|error| panic!("{error}"));
    let mut server = Server::start(binary, &[]).unwrap_or_else(|error| panic!("{error}"));
    program.arg(server.endpoint());
    let output = harness::output(program, RUN_LIMIT).unwrap_or_else(|error| panic!("{error}"));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let errors = server.error_lines();
    assert!(
        output.status.success(),
        "{program:?} failed ({}):\n{stdout}{stderr}\nthe server's errors:\n{}",
        output.status,
        errors.join("\n"),
    );
    let passed = stdout
        .lines()
        .filter(|line| line.starts_with("ok "))
        .count();
    assert_eq!(passed, scenarios, "scenarios that ran:\n{stdout}");
    assert!(server.is_running(), "the server ended:\n{}", server.log());
    assert!(
        errors.is_empty(),
        "the server's errors:\n{}",
        errors.join("\n")
    );
}
