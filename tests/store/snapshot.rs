//! Backups travel between Pintle and etcd without losing a key, a revision or a lease.

mod client;
mod etcdutl;
mod model;
mod moving;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::{Options, Server, peers};
use store::cluster::id;
use store::snapshot::{self, Digest, Error, Import, Record, Spool, Status};

use self::client::{Client, Everything};
use self::model::Model;

const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// Runs a command that must succeed; returns what it printed.
fn run(program: &Path, arguments: &[&str]) -> String {
    let output = harness::output(Command::new(program).args(arguments), COMMAND_LIMIT).unwrap();
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What the real etcdutl says of a file, as JSON. It checks every page on the way.
fn status_by_etcdutl(file: &Path) -> serde_json::Value {
    let etcdutl = peers::etcdutl().unwrap();
    let file = file.to_str().unwrap();
    let printed = run(&etcdutl, &["snapshot", "status", file, "-w", "json"]);
    serde_json::from_str(&printed).unwrap()
}

fn as_json(status: &Status) -> serde_json::Value {
    serde_json::json!({
        "hash": status.hash,
        "revision": status.revision,
        "totalKey": status.total_key,
        "totalSize": status.total_size,
        "version": status.version,
    })
}

/// Saves a model as a client would: the chunks one after the other, the checksum last.
fn save(model: &Model, directory: &Path) -> PathBuf {
    let mut spool = Spool::fill(directory, &model.description(), |records| {
        model
            .records
            .iter()
            .try_for_each(|record| records.put(record))
    })
    .unwrap();
    let path = directory.join("backup.db");
    let mut file = File::create(&path).unwrap();
    while let Some(chunk) = spool.next_chunk().unwrap() {
        file.write_all(&chunk.blob).unwrap();
    }
    path
}

/// What an etcdutl tells of a file's history, for each of these revisions.
fn hashes(etcdutl: &Path, file: &Path, revisions: &[i64]) -> Vec<(bool, String)> {
    let asked = revisions.iter().map(|revision| {
        let mut command = Command::new(etcdutl);
        command.arg("hashkv").arg(file).arg("--rev");
        let output = harness::output(command.arg(revision.to_string()), COMMAND_LIMIT).unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        (output.status.success(), text)
    });
    asked.collect()
}

#[test]
fn histories_have_the_hash_that_etcdutl_tells_and_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    for (seed, size) in [(4, 0), (5, 30), (6, 900)] {
        let model = Model::random(seed, size, 100);
        let file = save(&model, directory.path());
        let before = fs::read(&file).unwrap();
        let mut revisions: Vec<i64> = model.some_revisions().collect();
        revisions.extend([0, 1, model.revision, model.revision + 1]);
        let ours = hashes(&harness::binary("etcdutl").unwrap(), &file, &revisions);
        assert!(fs::read(&file).unwrap() == before, "the file was changed");
        // etcd's own changes the file.
        let real = hashes(&peers::etcdutl().unwrap(), &file, &revisions);
        assert_eq!(ours, real, "at {revisions:?}");
    }
}

#[test]
fn the_free_pages_of_an_etcd_s_database_are_given_back() {
    let mut server = Server::start(peers::etcd().unwrap(), &[]).unwrap();
    let mut client = Client::connect(&server.client_url());
    for _ in 0..50 {
        client.put("a", &[7; 20_000]);
    }
    let etcdctl = peers::etcdctl().unwrap();
    let endpoint = server.endpoint();
    run(
        &etcdctl,
        &["--endpoints", &endpoint, "compaction", "--physical", "51"],
    );
    drop(client);
    server.stop().unwrap();
    let data = server.data_dir();
    let database = data.join("member").join("snap").join("db");
    let before = (
        fs::metadata(&database).unwrap().len(),
        status_by_etcdutl(&database),
    );
    let defrag = ["defrag", "--data-dir", data.to_str().unwrap()];
    run(&harness::binary("etcdutl").unwrap(), &defrag);
    let after = (
        fs::metadata(&database).unwrap().len(),
        status_by_etcdutl(&database),
    );
    assert!(after.0 < before.0, "{} bytes, then {}", before.0, after.0);
    for figure in ["hash", "revision", "totalKey", "version"] {
        assert_eq!(after.1[figure], before.1[figure], "{figure}");
    }
}

/// A real etcd on what the real etcdutl restores from `file`.
fn etcd_restored_from(file: &Path, directory: &Path) -> Server {
    let etcdutl = peers::etcdutl().unwrap();
    let data = directory.join("data");
    run(
        &etcdutl,
        &[
            "snapshot",
            "restore",
            file.to_str().unwrap(),
            "--data-dir",
            data.to_str().unwrap(),
            "--name=m1",
            "--initial-cluster=m1=http://127.0.0.1:2380",
            "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        ],
    );
    let mut options = Options::new(peers::etcd().unwrap());
    options.dir = Some(directory.to_owned());
    Server::start_with(options).unwrap()
}

/// Writes a model, has the real tools check and restore it, and compares what the real server says.
fn compare_with_etcd(model: &Model) {
    let directory = tempfile::tempdir().unwrap();
    let file = save(model, directory.path());
    let ours = snapshot::status(&file).unwrap();
    assert_eq!(status_by_etcdutl(&file), as_json(&ours));

    let server = etcd_restored_from(&file, directory.path());
    let mut client = Client::connect(&server.client_url());
    let found = client.everything();
    assert_eq!(found.pairs, model.alive_at(model.revision));
    assert_eq!(found.revision, model.revision);
    assert_eq!(found.leases, model.lease_table());
    for revision in model.some_revisions() {
        let pairs = client.pairs_at(revision);
        assert_eq!(pairs, model.alive_at(revision), "at revision {revision}");
    }
    // The restored server goes on from there, and the pages it was given can be written to.
    for round in 0..50 {
        assert_eq!(client.put("after", &[1; 2000]), model.revision + 1 + round);
    }
}

#[test]
fn etcd_restores_a_small_backup_of_ours() {
    compare_with_etcd(&Model::random(1, 40, 100));
}

#[test]
fn etcd_restores_a_large_backup_of_ours() {
    compare_with_etcd(&Model::random(2, 12_000, 700));
}

#[test]
fn etcd_restores_an_empty_backup_of_ours() {
    let directory = tempfile::tempdir().unwrap();
    let file = save(&Model::random(3, 0, 1), directory.path());
    let server = etcd_restored_from(&file, directory.path());
    let found = Client::connect(&server.client_url()).everything();
    assert_eq!((found.revision, found.pairs.len()), (1, 0));
}

/// What our reader makes of a file, in the form in which a server was asked.
fn everything_in(file: &Path, digest: Digest) -> (Import, Everything) {
    let import = Import::open(file, digest).unwrap();
    let records: Result<Vec<Record>, Error> = import.records().collect();
    let mut model = Model::default();
    records
        .unwrap()
        .into_iter()
        .for_each(|record| model.take(record));
    model.leases = import.description().leases.clone();
    let everything = Everything {
        revision: model.revision,
        pairs: model.alive_at(model.revision),
        leases: model.lease_table(),
    };
    (import, everything)
}

#[test]
fn a_backup_of_etcd_reads_as_its_server_says() {
    let mut server = Server::start(peers::etcd().unwrap(), &[]).unwrap();
    let mut client = Client::connect(&server.client_url());
    client.exercise(3_000);
    let said = client.everything();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("backup.db");
    let etcdctl = peers::etcdctl().unwrap();
    let saved = file.to_str().unwrap();
    run(
        &etcdctl,
        &["--endpoints", &server.endpoint(), "snapshot", "save", saved],
    );

    let (import, read) = everything_in(&file, Digest::Required);
    assert_eq!(read, said);
    let member = client.member();
    let id = member.id;
    let description = import.description();
    assert_eq!(description.members, [member]);
    assert_eq!(description.cluster_version.as_deref(), Some("3.7.0"));
    assert_eq!(description.storage_version.as_deref(), Some("3.7.0"));
    assert_eq!(description.finished_compaction, Some(client::COMPACTED));
    let voters = description.configuration.clone().unwrap().voters;
    assert_eq!(voters, [id]);
    assert!(description.consistent_index > 3_000 && description.term >= 2);
    let ours = snapshot::status(&file).unwrap();
    assert_eq!(status_by_etcdutl(&file), as_json(&ours));

    // The same from the database in the data directory, which has no checksum.
    server.stop().unwrap();
    let database = server.data_dir().join("member/snap/db");
    assert!(matches!(
        Import::open(&database, Digest::Required),
        Err(Error::NoDigest)
    ));
    assert_eq!(everything_in(&database, Digest::Ignored).1, said);
}

#[test]
fn a_backup_of_etcd_goes_through_our_hands_unchanged() {
    let mut server = Server::start(peers::etcd().unwrap(), &[]).unwrap();
    let mut client = Client::connect(&server.client_url());
    client.exercise(500);
    let said = client.everything();
    server.stop().unwrap();
    let database = server.data_dir().join("member/snap/db");

    let import = Import::open(&database, Digest::Ignored).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("copy.db");
    let out = File::create(&copy).unwrap();
    snapshot::export::<_, _, Error>(import.description(), out, |records| {
        import
            .records()
            .try_for_each(|record| records.put(&record?))
    })
    .unwrap();
    let (before, after) = (snapshot::status(&database), snapshot::status(&copy));
    let (before, after) = (before.unwrap(), after.unwrap());
    // The hash covers every key and value of every bucket.
    assert_eq!(before.hash, after.hash);
    assert_eq!(status_by_etcdutl(&copy)["hash"], after.hash);
    assert_eq!(everything_in(&copy, Digest::Ignored).1, said);
    assert!(fs::metadata(&copy).unwrap().len() <= fs::metadata(&database).unwrap().len());
}

#[test]
fn ids_are_those_of_etcd() {
    for token in ["etcd-cluster", "another"] {
        let flag = format!("--initial-cluster-token={token}");
        let server = Server::start(peers::etcd().unwrap(), &[&flag]).unwrap();
        let mut client = Client::connect(&server.client_url());
        let member = client.member();
        assert_eq!(id::member_id(&member.peer_urls, token), member.id);
        assert_eq!(id::cluster_id(&[member.id]), client.cluster_id());
    }
}
