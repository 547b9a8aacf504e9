use std::fs;
use std::path::PathBuf;

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::super::Writer;
use super::*;

/// A file with inline buckets, two levels of branches, and overflow pages.
fn sample() -> Vec<u8> {
    let mut writer = Writer::new(std::io::Cursor::new(Vec::new())).unwrap();
    for name in ["alarm", "auth"] {
        writer
            .bucket(name.as_bytes(), |bucket| bucket.put(b"k", b"v"))
            .unwrap();
    }
    writer
        .bucket::<Error>(b"key", |bucket| {
            for key in 0u64..600 {
                let length = if key % 97 == 0 { 9000 } else { 40 };
                let mut name = key.to_be_bytes().to_vec();
                name.resize(200, 0);
                bucket.put(&name, &vec![key as u8; length])?;
            }
            Ok(())
        })
        .unwrap();
    writer.bucket(b"meta", |_| Ok::<_, Error>(())).unwrap();
    writer.finish().unwrap().0.into_inner()
}

struct Scratch {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn scratch(bytes: &[u8]) -> Scratch {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    fs::write(&path, bytes).unwrap();
    Scratch {
        _directory: directory,
        path,
    }
}

/// Reads everything there is; what it returns is of no interest, only that it returns.
fn read_all(path: &Path) -> Result<(), Error> {
    let reader = Reader::open(path)?;
    let checked = reader.check();
    for bucket in reader.buckets()?.values() {
        for entry in reader.cursor(bucket) {
            entry?;
        }
    }
    checked
}

#[test]
fn damage_is_an_error_and_never_a_panic_or_a_loop() {
    let sound = sample();
    assert!(sound.len() > 50 * PAGE_SIZE);
    let mut random = StdRng::seed_from_u64(7);
    let mut refused = 0;
    for round in 0..4000 {
        let mut bytes = sound.clone();
        for _ in 0..1 + round % 5 {
            // Most damage goes where it hurts: into headers and elements at the head of a page.
            let page = random.random_range(0..bytes.len() / PAGE_SIZE) * PAGE_SIZE;
            let reach = if random.random_bool(0.8) {
                80
            } else {
                PAGE_SIZE
            };
            let at = page + random.random_range(0..reach);
            bytes[at] = random.random();
        }
        if read_all(&scratch(&bytes).path).is_err() {
            refused += 1;
        }
    }
    assert!(
        refused > 1500,
        "only {refused} of 4000 damaged files refused"
    );
}

#[test]
fn garbage_is_no_database() {
    let mut random = StdRng::seed_from_u64(8);
    for length in [0, 1, 100, 8191, 8192, 100_000] {
        let mut bytes = vec![0; length];
        random.fill(&mut bytes[..]);
        let error = read_all(&scratch(&bytes).path).unwrap_err();
        assert!(
            matches!(error, Error::TooSmall { .. } | Error::NotBolt { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_truncated_file_is_refused_on_opening() {
    let bytes = sample();
    for length in [2 * PAGE_SIZE, 3 * PAGE_SIZE + 5, bytes.len() - 1] {
        let error = Reader::open(&scratch(&bytes[..length]).path).unwrap_err();
        assert!(matches!(error, Error::Damaged { page: 0, .. }), "{error}");
    }
}

#[test]
fn one_valid_meta_page_is_enough() {
    for meta in [0, 1] {
        let mut bytes = sample();
        bytes[meta * PAGE_SIZE + HEADER_BYTES + 20] ^= 1;
        read_all(&scratch(&bytes).path).unwrap();
        bytes[(1 - meta) * PAGE_SIZE + HEADER_BYTES + 20] ^= 1;
        let error = read_all(&scratch(&bytes).path).unwrap_err();
        assert!(matches!(error, Error::NotBolt { .. }), "{error}");
    }
}

#[test]
fn errors_name_file_and_page() {
    let mut bytes = sample();
    // Page 3 is the first leaf of the bucket `key`; its number is its first eight bytes.
    bytes[3 * PAGE_SIZE] = 99;
    let scratch = scratch(&bytes);
    let error = read_all(&scratch.path).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}: page 3: says it is page 99", scratch.path.display())
    );
}

#[test]
fn a_page_used_twice_is_refused() {
    let bytes = sample();
    let reader_of = |bytes: &[u8]| scratch(bytes);
    // Find a branch page and let its second child be its first.
    let branch = (3..bytes.len() / PAGE_SIZE)
        .find(|page| bytes[page * PAGE_SIZE + 8] == 1)
        .unwrap();
    let mut looped = bytes.clone();
    let at = branch * PAGE_SIZE + HEADER_BYTES;
    looped.copy_within(at + 8..at + 16, at + ELEMENT_BYTES + 8);
    assert!(matches!(
        read_all(&reader_of(&looped).path),
        Err(Error::Damaged { .. })
    ));
    // And a branch page that is its own child.
    let mut own = bytes;
    own[at + 8..at + 16].copy_from_slice(&(branch as u64).to_le_bytes());
    let error = read_all(&reader_of(&own).path).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn pages_that_nothing_reaches_are_found() {
    let mut bytes = sample();
    let end = (bytes.len() / PAGE_SIZE) as u64;
    bytes.extend_from_slice(&[0; PAGE_SIZE]);
    for (page, meta) in [(0, 2), (1, 1)] {
        let at = page * PAGE_SIZE + HEADER_BYTES;
        let meta = Meta {
            end: end + 1,
            txid: meta,
            ..Meta::decode_page(&bytes[page * PAGE_SIZE..]).unwrap()
        };
        bytes[at..at + META_BYTES].copy_from_slice(&meta.encode());
    }
    let error = read_all(&scratch(&bytes).path).unwrap_err().to_string();
    assert!(
        error.ends_with(&format!("page {end}: unreachable unfreed")),
        "{error}"
    );
}
