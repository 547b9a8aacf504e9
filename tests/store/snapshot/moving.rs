//! Whole stores move from etcd to Pintle and back, by the commands an operator would type.

use std::path::Path;

use harness::{Options, Server, binary, peers};
use store::snapshot::status;

use super::client::{self, Client, Everything};
use super::{as_json, etcd_restored_from, run, status_by_etcdutl};

/// All that can be asked of a store and must not change on a move.
#[derive(Debug, PartialEq)]
struct Seen {
    everything: Everything,
    /// Pairs as they were at some revisions since the compaction.
    past: Vec<Vec<proto::mvccpb::KeyValue>>,
    hash: (u32, i64, i64),
}

fn look(server: &Server) -> Seen {
    let mut client = Client::connect(&server.client_url());
    let everything = client.everything();
    let last = everything.revision;
    let past = [client::COMPACTED, last / 2, last - 1];
    Seen {
        past: past.map(|revision| client.pairs_at(revision)).into(),
        hash: client.hash(),
        everything,
    }
}

fn save(server: &Server, file: &Path) {
    let etcdctl = peers::etcdctl().unwrap();
    let file = file.to_str().unwrap();
    run(
        &etcdctl,
        &["--endpoints", &server.endpoint(), "snapshot", "save", file],
    );
}

/// Our server on what our etcdutl restores from `file`.
fn ours_restored_from(file: &Path, directory: &Path, flags: &[&str]) -> Server {
    let data = directory.join("data");
    let mut arguments = vec![
        "snapshot",
        "restore",
        file.to_str().unwrap(),
        "--data-dir",
        data.to_str().unwrap(),
    ];
    arguments.extend(flags);
    run(&binary("etcdutl").unwrap(), &arguments);
    let mut options = Options::new(binary("etcd").unwrap());
    options.dir = Some(directory.to_owned());
    Server::start_with(options).unwrap()
}

#[test]
fn from_pintle_to_etcd_and_back() {
    let ours = Server::start(binary("etcd").unwrap(), &[]).unwrap();
    Client::connect(&ours.client_url()).exercise(2_000);
    let seen = look(&ours);
    let files = tempfile::tempdir().unwrap();
    let there = files.path().join("there.db");
    save(&ours, &there);
    drop(ours);
    assert_eq!(status_by_etcdutl(&there), as_json(&status(&there).unwrap()));

    let directory = tempfile::tempdir().unwrap();
    let mut theirs = etcd_restored_from(&there, directory.path());
    assert_eq!(look(&theirs), seen);
    let back = files.path().join("back.db");
    save(&theirs, &back);
    theirs.stop().unwrap();

    let directory = tempfile::tempdir().unwrap();
    let mut again = ours_restored_from(&back, directory.path(), &[]);
    assert_eq!(look(&again), seen);
    // What was restored is durable, and what comes after it goes on from there.
    again.kill();
    again.restart().unwrap();
    assert_eq!(look(&again), seen);
    let mut client = Client::connect(&again.client_url());
    assert_eq!(client.put("after", b"x"), seen.everything.revision + 1);
    again.kill();
    again.restart().unwrap();
    let mut client = Client::connect(&again.client_url());
    assert_eq!(client.put("after", b"y"), seen.everything.revision + 2);
}

#[test]
fn a_leap_of_the_revision_is_kept() {
    let theirs = Server::start(peers::etcd().unwrap(), &[]).unwrap();
    Client::connect(&theirs.client_url()).exercise(300);
    let seen = look(&theirs).everything;
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("backup.db");
    save(&theirs, &file);
    drop(theirs);

    let directory = tempfile::tempdir().unwrap();
    let leap = ["--bump-revision=1000000000", "--mark-compacted"];
    let ours = ours_restored_from(&file, directory.path(), &leap);
    let mut client = Client::connect(&ours.client_url());
    let found = client.everything();
    assert_eq!(found.revision, seen.revision + 1_000_000_000);
    assert_eq!((&found.pairs, &found.leases), (&seen.pairs, &seen.leases));
    let error = client.pairs_before(found.revision - 1);
    assert!(error.contains("has been compacted"), "{error}");
    assert_eq!(client.put("after", b"x"), found.revision + 1);

    // And from there into etcd, whose own leap leaves a record without a key.
    let file = files.path().join("leapt.db");
    save(&ours, &file);
    drop(ours);
    let directory = tempfile::tempdir().unwrap();
    let theirs = etcd_restored_from(&file, directory.path());
    let mut client = Client::connect(&theirs.client_url());
    assert_eq!(client.everything().revision, found.revision + 1);
    assert_eq!(client.pairs_at(found.revision), found.pairs);
}

#[test]
fn a_leap_made_by_etcd_can_be_restored() {
    let theirs = Server::start(peers::etcd().unwrap(), &[]).unwrap();
    Client::connect(&theirs.client_url()).exercise(100);
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("backup.db");
    save(&theirs, &file);
    drop(theirs);
    let leapt = files.path().join("leapt");
    run(
        &peers::etcdutl().unwrap(),
        &[
            "snapshot",
            "restore",
            file.to_str().unwrap(),
            "--bump-revision=5000",
            "--mark-compacted",
            "--data-dir",
            leapt.to_str().unwrap(),
        ],
    );
    let directory = tempfile::tempdir().unwrap();
    let database = leapt.join("member/snap/db");
    let skip = ["--skip-hash-check"];
    let ours = ours_restored_from(&database, directory.path(), &skip);
    let mut client = Client::connect(&ours.client_url());
    let before = super::everything_in(&file, store::snapshot::Digest::Required).1;
    let found = client.everything();
    assert_eq!(found.revision, before.revision + 5000);
    assert_eq!((found.pairs, found.leases), (before.pairs, before.leases));
}

struct StopWhenDropped<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn a_backup_is_whole_while_writes_go_on() {
    let ours = Server::start(binary("etcd").unwrap(), &[]).unwrap();
    let url = ours.client_url();
    Client::connect(&url).exercise(1_000);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let files = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        // Also when a check below fails: the scope waits for the writer.
        let _stops = StopWhenDropped(&stop);
        scope.spawn(|| {
            let mut client = Client::connect(&url);
            let mut number = 0_u32;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                // Both keys always change together.
                client.put_pair("left", "right", &number.to_be_bytes());
                number += 1;
            }
        });
        for round in 0..5 {
            let file = files.path().join(format!("{round}.db"));
            save(&ours, &file);
            let read = super::everything_in(&file, store::snapshot::Digest::Required).1;
            let value = |key: &str| {
                let pair = read.pairs.iter().find(|pair| pair.key == key);
                pair.map(|pair| (pair.value.clone(), pair.mod_revision))
            };
            assert_eq!(value("left"), value("right"));
            let newest = read.pairs.iter().map(|pair| pair.mod_revision).max();
            assert_eq!(newest, Some(read.revision));
        }
    });
    assert_eq!(ours.error_lines(), Vec::<String>::new());
}
