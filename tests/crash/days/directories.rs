//! Data directories and ports that are not to be had: one fatal line, exit code 1, and nothing is
//! changed.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Options, Server, peers};
use tempfile::TempDir;

use super::{serves, start};
use crate::client::Client;
use crate::start::{flags, refusal, refusal_of, refusal_on};

/// The id of a user without any rights.
const NOBODY: u32 = 65_534;

/// All that is below a directory: modes, and the contents of files.
fn tree(dir: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::symlink_metadata(&path).unwrap();
        if data.is_dir() {
            all.extend(tree(&path));
        }
        let contents = if data.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        all.insert(path, (data.permissions().mode(), contents));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_of_the_real_etcd_are_refused_and_left_alone() {
    let dir = TempDir::with_prefix("pintle-days-").unwrap();
    let mut options = Options::new(peers::etcd().unwrap());
    options.dir = Some(dir.path().to_path_buf());
    let mut etcd = Server::start_with(options).unwrap();
    let mut client = Client::connect(&etcd.client_url()).await.unwrap();
    serves(&mut client, "theirs").await;
    etcd.stop().unwrap();
    let before = tree(&etcd.data_dir());
    let error = refusal_on(&etcd.data_dir()).error();
    assert!(error.contains("holds the data of another etcd"), "{error}");
    assert!(error.contains("member/snap/db"), "{error}");
    assert!(
        tree(&etcd.data_dir()) == before,
        "the directory was changed"
    );
    // It still is theirs.
    etcd.restart().unwrap();
    let mut client = Client::connect(&etcd.client_url()).await.unwrap();
    assert_eq!(client.get("alive").await.unwrap().unwrap().value, "theirs");
}

#[test]
fn a_file_in_place_of_the_directory_is_refused() {
    let dir = TempDir::with_prefix("pintle-days-").unwrap();
    for place in ["data", "data/member"] {
        let file = dir.path().join(place);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "a letter").unwrap();
        let before = tree(dir.path());
        let error = refusal_on(&dir.path().join("data")).error();
        assert!(error.contains(file.to_str().unwrap()), "{error}");
        assert!(tree(dir.path()) == before, "{place}: something was changed");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_directory_without_permission_is_refused() {
    let dir = TempDir::with_prefix("pintle-days-").unwrap();
    // Root may do anything, so the server runs as somebody who must be able to read the binary.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let binary = dir.path().join("etcd");
    fs::copy(harness::binary("etcd").unwrap(), &binary).unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let is_root = is_owned_by_root(&closed);
    let mode = if is_root { 0o700 } else { 0 };
    fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
    let data = closed.join("data");
    let mut command = Command::new(&binary);
    command.args(flags(&data)).current_dir("/");
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let error = refusal_of(&mut command).error();
    assert!(
        error.contains("permission denied") && error.contains(data.to_str().unwrap()),
        "{error}"
    );
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(tree(&closed).is_empty(), "something was made");
}

/// Whether what this process made belongs to root.
fn is_owned_by_root(made: &Path) -> bool {
    fs::metadata(made).unwrap().uid() == 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_instance_on_a_directory_is_refused() {
    let (mut server, mut client) = start(&[]).await;
    serves(&mut client, "first").await;
    let before = tree(&server.data_dir());
    let error = refusal_on(&server.data_dir()).error();
    assert!(error.contains("is in use by another process"), "{error}");
    assert!(
        error.contains(server.data_dir().to_str().unwrap()),
        "{error}"
    );
    assert!(
        tree(&server.data_dir()) == before,
        "the directory was changed"
    );
    serves(&mut client, "still the first").await;
    // Not even SIGKILL leaves the lock behind.
    server.kill();
    server.restart().unwrap();
}

#[test]
fn a_port_in_use_is_refused_before_anything_is_made() {
    let dir = TempDir::with_prefix("pintle-days-").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let data = dir.path().join("data");
    for flag in ["listen-client-urls", "listen-metrics-urls"] {
        let mut flags = flags(&data);
        flags.retain(|given| !given.starts_with(&format!("--{flag}=")));
        flags.push(format!("--{flag}=http://{address}"));
        let refusal = refusal(&flags.iter().map(String::as_str).collect::<Vec<_>>());
        let expected =
            format!("failed to start: listen tcp {address}: bind: address already in use");
        assert_eq!(refusal.error(), expected);
        assert!(!data.exists(), "{flag}: a directory was made");
    }
}

/// Flags that cannot be read end with 2, settings that do not fit with 1, as in etcd.
#[test]
fn bad_flags_end_with_etcds_codes() {
    let dir = TempDir::with_prefix("pintle-days-").unwrap();
    let data = format!("--data-dir={}", dir.path().join("data").display());
    let cases: [(&[&str], i32, &str); 7] = [
        (
            &["--no-such-flag"],
            2,
            "flag provided but not defined: -no-such-flag",
        ),
        (
            &["--snapshot-count=many"],
            2,
            "invalid value \"many\" for flag -snapshot-count",
        ),
        (&["--listen-client-urls=nonsense"], 2, "listen-client-urls"),
        (
            &["an-argument"],
            1,
            "\\\"an-argument\\\" is not a valid flag",
        ),
        (
            &["--heartbeat-interval=100", "--election-timeout=200"],
            1,
            "election",
        ),
        (&["--initial-cluster-state=old"], 2, "initial-cluster-state"),
        (&["--config-file=/no/such/file"], 1, "/no/such/file"),
    ];
    for (flags, code, text) in cases {
        let mut flags = flags.to_vec();
        flags.insert(0, &data);
        let refusal = refusal(&flags);
        assert_eq!(refusal.code, Some(code), "{flags:?}: {refusal:#?}");
        let says = refusal.lines.iter().any(|line| line.contains(text));
        assert!(says, "{flags:?}: {refusal:#?}");
    }
    assert!(!dir.path().join("data").exists());
}
