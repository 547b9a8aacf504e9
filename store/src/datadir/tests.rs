//! Directories of all kinds: new, ours, locked, somebody else's.

use super::*;

#[test]
fn a_new_directory_is_made_for_the_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a").join("b");
    let dir = DataDir::open(&path, None).unwrap();
    assert!(!dir.is_initialized());
    assert_eq!(loose_mode(&path), None);
    assert_eq!(loose_mode(&path.join("member")), None);
    assert_eq!(strangers(&path).unwrap(), Vec::<String>::new());
}

#[test]
fn a_second_opening_finds_the_lock_until_the_first_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let first = DataDir::open(root.path(), None).unwrap();
    let error = DataDir::open(root.path(), None).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
    drop(first);
    DataDir::open(root.path(), None).unwrap();
}

#[test]
fn a_directory_with_a_log_is_initialized() {
    let root = tempfile::tempdir().unwrap();
    let wal = DataDir::open(root.path(), None).unwrap().wal();
    fs::create_dir(&wal).unwrap();
    fs::write(wal.join("0000000000000001.wal"), b"").unwrap();
    assert!(DataDir::open(root.path(), None).unwrap().is_initialized());
}

#[test]
fn the_data_of_gos_etcd_are_refused_untouched() {
    for file in ["snap/db", "wal/0000000000000000-0000000000000000.wal"] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("member").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"data").unwrap();
        let text = DataDir::open(root.path(), None).unwrap_err().to_string();
        assert!(text.contains(path.to_str().unwrap()), "{text}");
        assert!(text.contains("etcdutl snapshot restore"), "{text}");
        assert_eq!(fs::read(&path).unwrap(), b"data");
        assert!(!root.path().join("member/lock").exists());
    }
}

#[test]
fn what_cannot_be_made_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, b"").unwrap();
    let text = DataDir::open(&file.join("x"), None)
        .unwrap_err()
        .to_string();
    assert!(text.starts_with("cannot access data directory: "), "{text}");
    assert!(text.ends_with("not a directory"), "{text}");
}

#[test]
fn strangers_and_loose_modes_are_told() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("notes.txt"), b"").unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(strangers(root.path()).unwrap(), ["notes.txt"]);
    assert!(loose_mode(root.path()).unwrap().contains("0755"));
}

#[test]
fn a_log_apart_is_locked_and_missed() {
    let (data, log) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let wal = log.path().join("wal");
    let first = DataDir::open(data.path(), Some(&wal)).unwrap();
    assert_eq!((first.wal(), first.is_initialized()), (wal.clone(), false));
    let other = tempfile::tempdir().unwrap();
    let locked = DataDir::open(other.path(), Some(&wal)).unwrap_err();
    assert!(
        locked.to_string().contains("is in use by another process"),
        "{locked}"
    );
    drop(first);
    std::fs::write(wal.join("0000000000000000.wal"), "").unwrap();
    note_log(&data.path().join("member"), Some(&wal)).unwrap();
    assert!(
        DataDir::open(data.path(), Some(&wal))
            .unwrap()
            .is_initialized()
    );
    // Without the flag, or with another directory, the member would be taken for a new one.
    for elsewhere in [None, Some(log.path().join("other"))] {
        let missed = DataDir::open(data.path(), elsewhere.as_deref()).unwrap_err();
        assert!(
            missed.to_string().contains("whose log is not in"),
            "{missed}"
        );
    }
}
