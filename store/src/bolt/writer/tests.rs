use std::collections::BTreeMap;
use std::fs::File;
use std::io::Cursor as Memory;
use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;

use super::super::{Reader, Value};
use super::*;

type Contents = BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Vec<u8>>>;

fn write(path: &Path, contents: &Contents) -> u64 {
    let mut writer = Writer::new(File::create(path).unwrap()).unwrap();
    for (name, pairs) in contents {
        writer
            .bucket(name, |bucket| {
                pairs
                    .iter()
                    .try_for_each(|(key, value)| bucket.put(key, value))
            })
            .unwrap();
    }
    writer.finish().unwrap().1
}

fn read(path: &Path) -> Contents {
    let reader = Reader::open(path).unwrap();
    reader.check().unwrap();
    let mut contents = Contents::new();
    for (name, bucket) in reader.buckets().unwrap() {
        let pairs = contents.entry(name.to_vec()).or_default();
        for entry in reader.cursor(&bucket) {
            let entry = entry.unwrap();
            let Value::Data(value) = entry.value else {
                panic!("a bucket in bucket {name:?}");
            };
            pairs.insert(entry.key.to_vec(), value.to_vec());
        }
    }
    contents
}

fn round_trip(contents: &Contents) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    let size = write(&path, contents);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
    assert_eq!(&read(&path), contents);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_written_is_read(
        contents in prop::collection::btree_map(
            prop::collection::vec(any::<u8>(), 1..40),
            prop::collection::btree_map(
                prop::collection::vec(any::<u8>(), 1..600),
                (0usize..9000, any::<u8>(), 0u8..8).prop_map(|(length, fill, shrink)| {
                    vec![fill; length >> shrink]
                }),
                0..120,
            ),
            0..12,
        )
    ) {
        round_trip(&contents);
    }
}

#[test]
fn many_keys_make_three_levels_of_branches() {
    let pairs = (0u64..60_000)
        .map(|key| {
            let mut bytes = key.to_be_bytes().to_vec();
            bytes.resize(300, b'k');
            (bytes, vec![b'v'; 20])
        })
        .collect();
    round_trip(&Contents::from([(b"key".to_vec(), pairs)]));
}

#[test]
fn keys_of_the_greatest_length_overflow_branch_pages() {
    let pairs = (0u8..40)
        .map(|key| (vec![key + 1; KEY_BYTES_MAX], vec![key; 3 * PAGE_SIZE]))
        .collect();
    round_trip(&Contents::from([(b"key".to_vec(), pairs)]));
}

#[test]
fn a_bucket_is_inline_up_to_a_quarter_page() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    let overhead = HEADER_BYTES + ELEMENT_BYTES + 1;
    for (value, pages) in [
        (INLINE_BYTES_MAX - overhead, 4),
        (INLINE_BYTES_MAX - overhead + 1, 5),
    ] {
        let pairs = BTreeMap::from([(b"k".to_vec(), vec![7; value])]);
        let contents = Contents::from([(b"b".to_vec(), pairs)]);
        assert_eq!(write(&path, &contents), pages * PAGE_SIZE as u64);
        assert_eq!(read(&path), contents);
    }
}

#[test]
fn a_file_without_buckets_is_valid() {
    round_trip(&Contents::new());
}

#[test]
fn buckets_nest() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    let mut writer = Writer::new(File::create(&path).unwrap()).unwrap();
    writer
        .bucket::<Error>(b"outer", |outer| {
            outer.put(b"a", b"1")?;
            outer.bucket::<Error>(b"inner", |inner| inner.put(b"x", b"2"))?;
            outer.put(b"z", b"3")
        })
        .unwrap();
    writer.finish().unwrap();

    let reader = Reader::open(&path).unwrap();
    reader.check().unwrap();
    let outer = &reader.buckets().unwrap()[&Bytes::from_static(b"outer")];
    let entries: Vec<_> = reader.cursor(outer).map(Result::unwrap).collect();
    let keys: Vec<_> = entries.iter().map(|entry| &entry.key[..]).collect();
    assert_eq!(keys, [b"a".as_slice(), b"inner", b"z"]);
    let Value::Bucket(inner) = &entries[1].value else {
        panic!("{:?} is no bucket", entries[1]);
    };
    assert_eq!(reader.cursor(inner).count(), 1);
}

#[test]
fn what_bbolt_cannot_hold_is_refused() {
    let put = |pairs: &[(&[u8], usize)]| {
        let mut writer = Writer::new(Memory::new(Vec::new())).unwrap();
        writer.bucket(b"b", |bucket| {
            pairs
                .iter()
                .try_for_each(|(key, length)| bucket.put(key, &vec![0; *length]))
        })
    };
    let long = vec![1; KEY_BYTES_MAX + 1];
    assert!(matches!(put(&[(b"", 1)]), Err(Error::EmptyKey)));
    assert!(matches!(put(&[(&long, 1)]), Err(Error::KeyTooLong { .. })));
    assert!(matches!(
        put(&[(b"b", 1), (b"a", 1)]),
        Err(Error::OutOfOrder { .. })
    ));
    assert!(matches!(
        put(&[(b"a", 1), (b"a", 1)]),
        Err(Error::OutOfOrder { .. })
    ));
    assert!(put(&[(b"a", 0), (b"b", 0)]).is_ok());
}
