//! Entries come back, whatever was torn off, and whoever wrote them.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::*;
use crate::apply::Identity;
use crate::raft::{Committed, Kind};

fn entry(index: u64) -> Entry {
    let committed = Committed {
        index,
        term: 1,
        kind: Kind::Command,
        data: Bytes::from(format!("command {index}")),
        position: None,
        waiter: None,
    };
    Entry::of(&committed, index as i64)
}

fn identity(member_id: u64) -> Identity {
    Identity {
        cluster_id: 7,
        member_id,
        members: Vec::new(),
    }
}

fn write(directory: &Path, member: u64, begins: &[u64], end: u64) {
    let mut archive = Archive::start(directory, identity(member), end).unwrap();
    for (at, begin) in begins.iter().enumerate() {
        let end = begins.get(at + 1).copied().unwrap_or(end);
        let wanted = (*begin..end).filter(|index| archive.wants(*index));
        archive.append(wanted.map(entry).collect());
    }
    archive.sync();
}

fn read(directories: &[PathBuf], after: u64) -> (Vec<u64>, Option<String>) {
    let mut reader = match Reader::open(directories, after) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut found = Vec::new();
    loop {
        match reader.next_entry() {
            Ok(Some(entry)) => found.push(entry.index),
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error.to_string())),
        }
    }
}

#[test]
fn a_start_goes_on_where_the_last_one_ended() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1, &[1, 5], 9);
    write(dir.path(), 1, &[3], 12);
    let all = || read(&[dir.path().to_owned()], 0);
    assert_eq!(all(), ((1..12).collect(), None));
    assert_eq!(
        read(&[dir.path().to_owned()], 6).0,
        (7..12).collect::<Vec<_>>()
    );
    // What is torn off the end of the last file is written again by the next start.
    let last = dir.path().join("0000000000000009-0000000000000001.archive");
    let bytes = fs::read(&last).unwrap();
    for length in 0..bytes.len() {
        fs::write(&last, &bytes[..length]).unwrap();
        write(dir.path(), 1, &[6], 12);
        let (found, error) = all();
        // A file without a head is none; nobody but a crash makes one.
        let is_headless = error.is_some() && fs::metadata(&last).unwrap().len() as usize == length;
        assert!(
            is_headless || found == (1..12).collect::<Vec<_>>(),
            "{length}: {found:?} {error:?}"
        );
        for extra in list_of(dir.path()) {
            if extra != last && !extra.ends_with("0000000000000001-0000000000000001.archive") {
                fs::remove_file(extra).unwrap();
            }
        }
    }
}

fn list_of(directory: &Path) -> Vec<PathBuf> {
    super::reader::list(directory).unwrap()
}

#[test]
fn a_gap_is_told_and_filled_by_another_member() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(one.path(), 1, &[1], 4);
    write(one.path(), 1, &[8], 10);
    write(two.path(), 2, &[2], 9);
    let (found, error) = read(&[one.path().to_owned()], 0);
    assert_eq!(found, [1, 2, 3]);
    assert_eq!(
        error.unwrap(),
        "the archive has no entry 4; the next one is Some(8)"
    );
    let both = [one.path().to_owned(), two.path().to_owned()];
    assert_eq!(read(&both, 0), ((1..10).collect(), None));
}

#[test]
fn files_of_another_cluster_and_other_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(read(&[dir.path().to_owned()], 0).1.is_some());
    write(dir.path(), 1, &[1], 4);
    let mut other = identity(2);
    other.cluster_id = 8;
    let mut archive = Archive::start(dir.path(), other, 9).unwrap();
    archive.append((4..6).map(entry).collect());
    drop(archive);
    let (found, error) = read(&[dir.path().to_owned()], 0);
    assert_eq!(found, [1, 2, 3]);
    assert!(error.unwrap().contains("of another cluster"));
    fs::write(dir.path().join("0000.archive"), "nothing").unwrap();
    assert!(
        read(&[dir.path().to_owned()], 0)
            .1
            .unwrap()
            .contains("is no archive")
    );
}

#[test]
fn a_member_that_was_restored_needs_another_directory() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1, &[1], 9);
    let refused = Archive::start(dir.path(), identity(1), 3).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("up to entry 8, but its log ends at 3"),
        "{refused}"
    );
    assert!(Archive::start(dir.path(), identity(1), 8).is_ok());
    // Another member's files say nothing of this one.
    assert!(Archive::start(dir.path(), identity(2), 3).is_ok());
}
