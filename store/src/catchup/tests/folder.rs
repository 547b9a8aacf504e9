//! Which checkpoint counts, by name alone. What a start makes of it is in `member/open/tests.rs`.

use std::fs;
use std::path::Path;

use super::*;

fn make(member: &Path, names: &[&str]) {
    for name in names {
        fs::create_dir_all(member.join(name).join("blobs")).unwrap();
        fs::write(member.join(name).join("file"), name).unwrap();
    }
}

fn left(member: &Path) -> Vec<String> {
    let entries = fs::read_dir(member).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The checkpoint that counts of those with these last entries; `None` cannot be read.
fn chosen(found: &[(&str, Option<u64>)], mark: u64) -> String {
    let dir = tempfile::tempdir().unwrap();
    let member = dir.path();
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    make(member, &names);
    make(
        member,
        &["incoming", "removed-sled", "wal", "sled-1", "sledge"],
    );
    let applied = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        found.iter().find(|(known, _)| *known == name).unwrap().1
    };
    let current = current(member, mark, applied).unwrap();
    remove_others(member, &current).unwrap();
    let name = current.file_name().unwrap().to_str().unwrap().to_owned();
    let mut expected = vec!["sled-1".to_owned(), "sledge".to_owned(), "wal".to_owned()];
    if current.exists() {
        expected.push(name.clone());
        expected.sort();
    }
    assert_eq!(left(member), expected);
    name
}

#[test]
fn the_mark_of_the_log_decides_which_checkpoint_counts() {
    let (ten, twenty) = ("sled-000000000000000a", "sled-0000000000000014");
    assert_eq!(chosen(&[], 0), "sled");
    assert_eq!(chosen(&[("sled", Some(5))], 0), "sled");
    // Received, and not named by the log yet.
    assert_eq!(chosen(&[(ten, Some(10))], 0), "sled");
    assert_eq!(chosen(&[("sled", Some(5)), (ten, Some(10))], 5), "sled");
    // Named.
    assert_eq!(chosen(&[("sled", Some(5)), (ten, Some(10))], 10), ten);
    assert_eq!(chosen(&[(ten, Some(17))], 17), ten);
    // Another one after it, named and not.
    assert_eq!(chosen(&[(ten, Some(17)), (twenty, Some(20))], 17), ten);
    assert_eq!(chosen(&[(ten, Some(17)), (twenty, Some(20))], 20), twenty);
    // Received and never installed: the log went past it.
    assert_eq!(chosen(&[("sled", Some(15)), (ten, Some(10))], 15), "sled");
    assert_eq!(chosen(&[("sled", Some(15)), (ten, None)], 15), "sled");
    // Nothing reaches the mark: the start is to say so, about the newest.
    assert_eq!(chosen(&[("sled", Some(5)), (ten, Some(10))], 15), ten);
}

#[test]
fn nothing_is_published_twice() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    drop(folder.begin().unwrap());
    make(dir.path(), &["incoming"]);
    let path = folder.publish(10).unwrap();
    assert_eq!(left(dir.path()), ["sled-000000000000000a"]);
    make(dir.path(), &["incoming"]);
    assert!(matches!(folder.publish(10), Err(Error::Exists(_))));
    folder.abandon();
    folder.discard(&path);
    assert!(left(dir.path()).is_empty());
}
