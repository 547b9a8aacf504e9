use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proto::mvccpb::KeyValue;

use super::super::tests::{delete, description, put, scratch, write};
use super::super::{Auth, Record};
use super::*;
use crate::config::Url;
use crate::mvcc::{Options, RangeQuery, Store};

fn initial() -> Initial {
    let url = "http://127.0.0.1:2380";
    let advertised = Url::parse_list(url).unwrap();
    Initial::new("m1", &format!("m1={url}"), "token", &advertised).unwrap()
}

fn restore(file: &Path, data_dir: &Path, bump_revision: u64) -> Result<Restored, Error> {
    Restore {
        file,
        digest: Digest::Ignored,
        data_dir,
        wal_dir: None,
        initial: &initial(),
        bump_revision,
    }
    .run()
}

/// Waits for sled's lock: its threads let go of it a little after the database was dropped.
fn backend(data_dir: &Path) -> Arc<SledBackend> {
    let path = data_dir.join("member/sled");
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match SledBackend::open(&path) {
            Ok(backend) => return Arc::new(backend),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::yield_now();
    }
}

fn reopen(data_dir: &Path) -> Store {
    Store::open(backend(data_dir), Options::default()).unwrap()
}

/// The usual description, without authentication.
fn open_to_all() -> Description {
    Description {
        auth: Auth::default(),
        ..description()
    }
}

#[test]
fn a_restored_directory_holds_the_state_and_the_new_member() {
    let (directory, file) = scratch();
    let records = [
        put(4, 0, "a", b"1"),
        put(6, 0, "b", &[9; 10_000]),
        delete(7, 0, "a"),
    ];
    write(&file, &open_to_all(), &records);
    let data_dir = directory.path().join("data");
    let restored = restore(&file, &data_dir, 0).unwrap();
    let expected = Restored {
        revision: 7,
        compact_revision: 5,
    };
    assert_eq!(restored, expected);

    let meta = backend(&data_dir).get(META_KEY).unwrap().unwrap();
    let meta = Meta::decode(meta).unwrap();
    let initial = initial();
    assert_eq!((meta.applied_index, meta.applied_term), (1, 1));
    assert_eq!(meta.voters, [initial.member_id]);
    assert_eq!(meta.members, [pb::Member::from(&initial.members[0])]);
    let leases: Vec<_> = meta
        .leases
        .iter()
        .map(|lease| (lease.id, lease.ttl, lease.remaining))
        .collect();
    assert_eq!(leases, [(-5, 9, 0), (17, 60, 30)]);
    assert_eq!(meta.alarms[0].alarm, description().alarms[0]);

    let store = reopen(&data_dir);
    assert_eq!(store.get(b"b").unwrap().unwrap().value.len(), 10_000);
    assert_eq!(store.get(b"a").unwrap(), None);
    let disk: Arc<dyn Disk> = Arc::new(Real::new());
    let log = data_dir.join("member/wal");
    let (_, replay) = Wal::open(disk, &log, wal::Options::default()).unwrap();
    let identity = Identity::decode(replay.metadata).unwrap();
    assert_eq!(identity.member_id, initial.member_id);
    assert_eq!(identity.cluster_id, initial.cluster_id);
    assert_eq!(replay.hard_state.commit, 1);
}

#[test]
fn what_cannot_be_restored_leaves_nothing() {
    let (directory, file) = scratch();
    let data_dir = directory.path().join("data");
    let cases = [
        (
            Description {
                leases: vec![super::super::Lease::default()],
                ..open_to_all()
            },
            0,
        ),
        (open_to_all(), u64::MAX),
        (open_to_all(), i64::MAX as u64),
    ];
    for (description, bump) in cases {
        write(&file, &description, &[put(2, 0, "a", b"1")]);
        restore(&file, &data_dir, bump).unwrap_err();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

#[test]
fn what_asked_for_a_password_still_does() {
    let (directory, file) = scratch();
    let description = description();
    assert!(description.auth.enabled);
    write(&file, &description, &[put(2, 0, "a", b"1")]);
    let data_dir = directory.path().join("data");
    restore(&file, &data_dir, 0).unwrap();
    let meta = backend(&data_dir).get(META_KEY).unwrap().unwrap();
    let auth = Meta::decode(meta).unwrap().auth.unwrap();
    assert!(auth.is_enabled);
    assert_eq!(auth.revision, description.auth.revision);
    assert_eq!(auth.users, description.auth.users);
    assert_eq!(auth.roles, description.auth.roles);
}

#[test]
fn a_record_before_the_first_revision_is_refused() {
    let (directory, file) = scratch();
    write(&file, &open_to_all(), &[delete(0, 1, "a")]);
    let error = restore(&file, &directory.path().join("data"), 0).unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");
}

#[test]
fn a_directory_that_holds_something_is_left_alone() {
    let (directory, file) = scratch();
    write(&file, &open_to_all(), &[]);
    let data_dir = directory.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    fs::write(data_dir.join("mine"), "x").unwrap();
    let error = restore(&file, &data_dir, 0).unwrap_err();
    assert!(matches!(error, Error::NotEmpty(_)), "{error}");
    fs::remove_file(data_dir.join("mine")).unwrap();
    restore(&file, &data_dir, 0).unwrap();
}

fn any_history() -> impl Strategy<Value = Vec<Record>> {
    let change = (
        prop_oneof![20 => 1i64..3, 1 => Just(0), 1 => Just(1 << 40)],
        0i64..3,
        prop::bool::weighted(0.3),
        prop::collection::vec(0u8..4, 1..3),
        1i64..6,
        0u32..80,
    );
    (0i64..2, prop::collection::vec(change, 1..40)).prop_map(|(first, drawn)| {
        let mut main = first;
        let records = drawn
            .into_iter()
            .map(|(step, sub, tombstone, key, version, oddity)| {
                main += step;
                let mut pair = KeyValue {
                    key: key.into(),
                    create_revision: version.clamp(1, main.max(1)),
                    mod_revision: main,
                    version,
                    lease: version,
                    ..KeyValue::default()
                };
                match oddity {
                    0 => pair.create_revision = main + 1,
                    1 => pair.create_revision = 0,
                    2 => pair.version = -version,
                    3 => pair.key = Bytes::new(),
                    _ => {}
                }
                Record::new(main, sub, tombstone, &pair)
            });
        records.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    /// Whatever the records of a file say, restoring it is refused or gives a store that opens.
    #[test]
    fn strange_records_never_panic(mut records in any_history(), bump in 0u64..3) {
        records.sort_by_key(|record| record.bucket_key());
        records.dedup_by_key(|record| record.bucket_key());
        let (directory, path) = scratch();

        write(&path, &open_to_all(), &records);
        let data_dir = directory.path().join("data");
        let result = restore(&path, &data_dir, bump);
        prop_assert_eq!(result.is_ok(), data_dir.exists());
        if let Ok(restored) = result {
            let mut store = reopen(&data_dir);
            prop_assert_eq!(store.revision(), restored.revision);
            while !store.compact_step(10) {}
            let all = RangeQuery {
                key: b"\0".as_slice().into(),
                range_end: b"\0".as_slice().into(),
                ..RangeQuery::default()
            };
            store.range(&all).unwrap();
            store.hash_kv(0).unwrap();
        }
    }
}
