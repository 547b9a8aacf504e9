use std::fs::{self, File};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use prost::Message;
use proto::authpb::{Role, User};
use proto::etcdserverpb::AlarmMember;
use proto::mvccpb::KeyValue;

use super::*;
use crate::cluster::Member;
use crate::v2;

fn keys_of_api_2() -> v2::Kept {
    let mut store = v2::Store::default();
    let put = v2::Request::new(v2::Method::Put, "/1/k", 0);
    store.carry_out(&put).unwrap();
    v2::Kept::of(&store).unwrap()
}

pub(super) fn description() -> Description {
    Description {
        consistent_index: 1234,
        term: 3,
        configuration: Some(ConfState {
            voters: vec![0x8e9e_05c5_2164_694d],
            learners: vec![7],
            ..ConfState::default()
        }),
        storage_version: Some("3.7.0".into()),
        scheduled_compaction: Some(5),
        finished_compaction: Some(4),
        cluster_version: Some("3.7.0".into()),
        downgrade: Some(Downgrade {
            target_version: "3.6.0".into(),
            enabled: true,
        }),
        members: vec![Member {
            id: 0x8e9e_05c5_2164_694d,
            name: "one".into(),
            peer_urls: vec!["http://localhost:2380".into()],
            client_urls: vec!["http://localhost:2379".into()],
            is_learner: false,
        }],
        removed_members: vec![0xab],
        leases: vec![
            Lease {
                id: 17,
                ttl: 60,
                remaining: 30,
            },
            Lease {
                id: -5,
                ttl: 9,
                remaining: 0,
            },
        ],
        alarms: vec![AlarmMember {
            member_id: 0x8e9e_05c5_2164_694d,
            alarm: 1,
        }],
        auth: Auth {
            enabled: true,
            revision: 8,
            users: vec![User {
                name: "root".into(),
                ..User::default()
            }],
            roles: vec![Role {
                name: "root".into(),
                ..Role::default()
            }],
        },
        v2: Some(keys_of_api_2()),
    }
}

pub(super) fn put(main: i64, sub: i64, key: &str, value: &[u8]) -> Record {
    let pair = KeyValue {
        key: key.to_owned().into(),
        create_revision: main,
        mod_revision: main,
        version: 1,
        value: value.to_vec().into(),
        lease: 0,
    };
    Record::new(main, sub, false, &pair)
}

pub(super) fn delete(main: i64, sub: i64, key: &str) -> Record {
    let pair = KeyValue {
        key: key.to_owned().into(),
        ..KeyValue::default()
    };
    Record::new(main, sub, true, &pair)
}

pub(super) fn write(path: &Path, description: &Description, records: &[Record]) -> u64 {
    let out = File::create(path).unwrap();
    let written = export::<_, _, Error>(description, out, |sink| {
        records.iter().try_for_each(|record| sink.put(record))
    });
    written.unwrap().1
}

pub(super) fn scratch() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    (directory, path)
}

#[test]
fn what_is_exported_is_imported() {
    let (_directory, path) = scratch();
    let records = [
        put(2, 0, "a", b"1"),
        put(2, 1, "b", &[9; 10_000]),
        delete(3, 0, "a"),
    ];
    write(&path, &description(), &records);
    let import = Import::open(&path, Digest::Ignored).unwrap();
    assert_eq!(import.description(), &description());
    let read: Result<Vec<_>, _> = import.records().collect();
    assert_eq!(read.unwrap(), records);
}

#[test]
fn values_are_spelled_as_etcd_spells_them() {
    let member = &description().members[0];
    assert_eq!(
        serde_json::to_string(member).unwrap(),
        r#"{"id":10276657743932975437,"peerURLs":["http://localhost:2380"],"name":"one","clientURLs":["http://localhost:2379"]}"#
    );
    let learner: Member =
        serde_json::from_str(r#"{"id":1,"peerURLs":null,"isLearner":true}"#).unwrap();
    assert!(learner.is_learner && learner.peer_urls.is_empty());
    let voters = ConfState {
        voters: vec![5],
        ..ConfState::default()
    };
    assert_eq!(
        serde_json::to_string(&voters).unwrap(),
        r#"{"voters":[5],"auto_leave":false}"#
    );
    assert_eq!(
        put(6, 1, "k", b"v").bucket_key(),
        b"\0\0\0\0\0\0\0\x06_\0\0\0\0\0\0\0\x01"
    );
    assert_eq!(delete(4, 0, "k").bucket_key().last(), Some(&b't'));
}

#[test]
fn a_spool_hands_out_the_file_and_then_its_checksum() {
    let (directory, path) = scratch();
    let records: Vec<_> = (2..40).map(|main| put(main, 0, "k", &[3; 4000])).collect();
    let mut spool = Spool::fill(directory.path(), &description(), |sink| {
        records.iter().try_for_each(|record| sink.put(record))
    })
    .unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let mut saved = Vec::new();
    let mut chunks = 0;
    while let Some(chunk) = spool.next_chunk().unwrap() {
        saved.extend_from_slice(&chunk.blob);
        let left = spool.size().saturating_sub(saved.len() as u64);
        assert_eq!(chunk.remaining, left);
        chunks += 1;
    }
    assert_eq!(chunks, spool.size().div_ceil(32 << 10) + 1);
    assert_eq!(saved.len() as u64, spool.size() + DIGEST_BYTES as u64);

    fs::write(&path, &saved).unwrap();
    let import = Import::open(&path, Digest::Required).unwrap();
    assert_eq!(import.records().count(), records.len());
    drop(import);

    saved[5000] ^= 1;
    fs::write(&path, &saved).unwrap();
    let error = Import::open(&path, Digest::Required).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
    fs::write(&path, &saved[..spool.size() as usize]).unwrap();
    let error = Import::open(&path, Digest::Required).unwrap_err();
    assert_eq!(
        error.to_string(),
        "snapshot missing hash but --skip-hash-check=false"
    );
}

#[test]
fn status_counts_what_is_alive() {
    let (_directory, path) = scratch();
    let records = [
        put(2, 0, "a", b"1"),
        put(3, 0, "b", b"2"),
        put(4, 0, "b", b"3"),
        delete(5, 0, "a"),
        put(5, 1, "c", b""),
    ];
    let size = write(&path, &description(), &records);
    let found = status(&path).unwrap();
    assert_eq!(found.revision, 5);
    assert_eq!(found.total_key, 2);
    assert_eq!(found.total_size, size);
    assert_eq!(found.version, "3.7.0");
}

#[test]
fn records_out_of_order_are_refused() {
    let (_directory, path) = scratch();
    let out = File::create(&path).unwrap();
    let written = export::<_, _, Error>(&description(), out, |sink| {
        sink.put(&put(3, 0, "a", b""))?;
        sink.put(&put(2, 0, "a", b""))
    });
    assert!(matches!(
        written.unwrap_err(),
        Error::Bolt(crate::bolt::Error::OutOfOrder { .. })
    ));
}

#[test]
fn a_record_under_a_broken_key_is_an_error_that_names_it() {
    let (_directory, path) = scratch();
    let mut writer = crate::bolt::Writer::new(File::create(&path).unwrap()).unwrap();
    writer
        .bucket(b"key", |bucket| bucket.put(b"12345678-12345678", b"x"))
        .unwrap();
    writer.finish().unwrap();
    let import = Import::open(&path, Digest::Ignored).unwrap();
    let error = import.records().next().unwrap().unwrap_err();
    assert!(
        error.to_string().contains("bucket key, key [31, 32"),
        "{error}"
    );
    assert!(status(&path).is_err());
}

fn any_record() -> impl Strategy<Value = (u16, bool, Vec<u8>, Vec<u8>)> {
    (
        any::<u16>(),
        any::<bool>(),
        prop::collection::vec(any::<u8>(), 1..50),
        prop::collection::vec(any::<u8>(), 0..3000),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_records_come_back(drawn in prop::collection::vec(any_record(), 0..80)) {
        let mut main = 1;
        let mut records = Vec::new();
        for (step, tombstone, key, value) in drawn {
            main += 1 + i64::from(step);
            let pair = KeyValue {
                key: key.into(),
                value: value.into(),
                mod_revision: main,
                ..KeyValue::default()
            };
            records.push(Record {
                main,
                sub: i64::from(step) % 3,
                tombstone,
                key_value: pair.encode_to_vec().into(),
            });
        }
        let (_directory, path) = scratch();
        write(&path, &Description::default(), &records);
        let import = Import::open(&path, Digest::Ignored).unwrap();
        let read: Result<Vec<_>, _> = import.records().collect();
        prop_assert_eq!(read.unwrap(), records);
        prop_assert_eq!(status(&path).unwrap().revision, if main == 1 { 0 } else { main });
    }
}

#[test]
fn files_that_are_nearly_right_are_refused_or_read() {
    let (dir, file) = scratch();
    let records = [
        put(2, 0, "a", b"1"),
        put(3, 0, "b", b"2"),
        delete(4, 0, "a"),
    ];
    write(&file, &description(), &records);
    let seed = std::fs::read(&file).unwrap();
    let changed = dir.path().join("changed.db");
    crate::fuzz::nearly(&[seed], |bytes| {
        std::fs::write(&changed, bytes).unwrap();
        let _ = status(&changed);
        let _ = hash_kv(&changed, 0);
        if let Ok(import) = Import::open(&changed, Digest::Ignored) {
            let _: Result<Vec<Record>, Error> = import.records().collect();
        }
    });
}
