//! Our etcdutl next to the real one: same words, same exit codes; and what ours does better.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use harness::{binary, output, peers};

use super::model::Model;
use super::{COMMAND_LIMIT, save};

fn call(program: &Path, directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    output(
        command.args(arguments).current_dir(directory),
        COMMAND_LIMIT,
    )
    .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The lines of stderr that are no log: the real etcdutl logs each with a time, ours with a level.
fn errors(output: &Output) -> Vec<String> {
    let is_log = |line: &str| line.contains("\tinfo\t") || line.starts_with("info\t");
    let all = text(&output.stderr);
    let lines = all.lines().filter(|line| !is_log(line));
    lines.map(str::to_owned).collect()
}

#[test]
fn words_and_exit_codes_are_those_of_etcdutl() {
    let directory = tempfile::tempdir().unwrap();
    save(&Model::random(9, 300, 50), directory.path());
    fs::create_dir(directory.path().join("full")).unwrap();
    fs::write(directory.path().join("full/x"), "").unwrap();
    fs::write(directory.path().join("zeros"), [0; 16384]).unwrap();
    let cases: &[&[&str]] = &[
        &["version"],
        &["vers"],
        &["foo"],
        &["snapshot"],
        &["snapshot", "foo"],
        &["snapshot", "status"],
        &["snapshot", "status", "--help"],
        &["help", "snapshot", "status"],
        &["snapshot", "restore", "-h"],
        &["snapshot", "status", "missing"],
        &["snapshot", "status", "backup.db"],
        &["snap", "stat", "backup.db"],
        &["-w", "json", "snapshot", "status", "backup.db"],
        &["snapshot", "status", "backup.db", "-wfields"],
        &["snapshot", "status", "backup.db", "--write-out=table"],
        &["snapshot", "status", "backup.db", "-w", "protobuf"],
        &["snapshot", "status", "backup.db", "-w", "xml"],
        &["snapshot", "status", "backup.db", "-w"],
        &["snapshot", "status", "backup.db", "-x"],
        &["snapshot", "status", "backup.db", "--timeout", "never"],
        &["snapshot", "restore"],
        &["snapshot", "restore", "a", "b"],
        &["snapshot", "restore", "missing"],
        &["snapshot", "restore", "zeros"],
        &["snapshot", "restore", "backup.db", "--data-dir", "full"],
        &["snapshot", "restore", "backup.db", "--bump-revision", "5"],
        &["snapshot", "restore", "backup.db", "--bump-revision", "-5"],
        &[
            "snapshot",
            "restore",
            "a",
            "--bump-revision=99999999999999999999",
        ],
        &["snapshot", "restore", "a", "--bump-revision", "0x1F_z"],
        &["snapshot", "restore", "a", "--bump-revision", "0o17"],
        &["snapshot", "restore", "backup.db", "--mark-compacted"],
        &[
            "snapshot",
            "restore",
            "backup.db",
            "--skip-hash-check=perhaps",
        ],
        &["snapshot", "restore", "backup.db", "--name", "other"],
        &["snapshot", "restore", "backup.db", "--data-dir"],
        &[
            "snapshot",
            "restore",
            "backup.db",
            "--initial-cluster",
            "default=http://127.0.0.1:99",
        ],
        &[
            "snapshot",
            "restore",
            "backup.db",
            "--initial-cluster",
            "default=ftp://a:1",
        ],
        &[
            "snapshot",
            "restore",
            "backup.db",
            "--initial-advertise-peer-urls",
            "http://a:1/path",
        ],
    ];
    let (ours, theirs) = (binary("etcdutl").unwrap(), peers::etcdutl().unwrap());
    for arguments in cases {
        let expected = call(&theirs, directory.path(), arguments);
        // A failed restore of the real one leaves a part of the directory.
        let _ = fs::remove_dir_all(directory.path().join("default.etcd"));
        let found = call(&ours, directory.path(), arguments);
        assert_eq!(found.status.code(), expected.status.code(), "{arguments:?}");
        assert_eq!(text(&found.stdout), text(&expected.stdout), "{arguments:?}");
        assert_eq!(errors(&found), errors(&expected), "{arguments:?}");
    }
}

#[test]
fn a_failed_restore_leaves_nothing_and_no_file_is_changed() {
    let directory = tempfile::tempdir().unwrap();
    let file = save(&Model::random(10, 300, 50), directory.path());
    let sound = fs::read(&file).unwrap();
    let etcdutl = binary("etcdutl").unwrap();
    let target = directory.path().join("deep/er/data");
    let arguments =
        |file: &'static str| ["snapshot", "restore", file, "--data-dir", "deep/er/data"].to_vec();
    let mut damaged = sound.clone();
    // Inside a leaf of the bucket `key`, which a status does not read as protobuf.
    damaged[5 * 4096 + 3000] ^= 0x55;
    fs::write(directory.path().join("flipped.db"), &damaged).unwrap();
    fs::write(directory.path().join("cut.db"), &sound[..sound.len() - 1]).unwrap();
    fs::write(directory.path().join("bare.db"), &sound[..sound.len() - 32]).unwrap();
    let cases = [
        (arguments("flipped.db"), "Error: expected sha256 ["),
        (arguments("cut.db"), "snapshot missing hash"),
        (arguments("bare.db"), "snapshot missing hash"),
        (
            [arguments("backup.db"), vec!["--wal-dir", "."]].concat(),
            "wal-dir \".\" exists",
        ),
    ];
    for (arguments, words) in cases {
        let found = call(&etcdutl, directory.path(), &arguments);
        assert_eq!(found.status.code(), Some(1), "{arguments:?}");
        assert!(
            text(&found.stderr).contains(words),
            "{}",
            text(&found.stderr)
        );
        assert!(!directory.path().join("deep").exists(), "{arguments:?}");
    }
    let names = fs::read_dir(directory.path()).unwrap();
    assert_eq!(names.count(), 4, "temporary files were left");

    let found = call(&etcdutl, directory.path(), &arguments("backup.db"));
    assert!(found.status.success(), "{}", text(&found.stderr));
    assert!(target.join("member/wal").is_dir());
    assert_eq!(fs::read(&file).unwrap(), sound);
    assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    let again = call(&etcdutl, directory.path(), &arguments("backup.db"));
    assert!(
        text(&again.stderr).contains("not empty"),
        "{}",
        text(&again.stderr)
    );
}

#[test]
fn a_database_in_use_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = save(&Model::random(11, 20, 5), directory.path());
    let user = File::open(&file).unwrap();
    user.lock().unwrap();
    let etcdutl = binary("etcdutl").unwrap();
    let arguments = ["snapshot", "status", "backup.db", "--timeout=100ms"];
    let found = call(&etcdutl, directory.path(), &arguments);
    assert_eq!(found.status.code(), Some(1));
    let said = text(&found.stderr);
    assert!(
        said.starts_with("Error: timeout: backup.db is in use"),
        "{said}"
    );
    user.unlock().unwrap();
    assert!(
        call(&etcdutl, directory.path(), &arguments)
            .status
            .success()
    );
}
