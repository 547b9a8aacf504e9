//! Tests of the disks: the real one and the one in memory keep the same contract.

use std::io::ErrorKind;
use std::path::Path;

use super::memory::{Loss, MemoryDisk};
use super::*;

fn keeps_the_contract(disk: &dyn Disk, dir: &Path) {
    disk.create_dir_all(dir).expect("create directory");
    let path = dir.join("b");
    let file = disk.create(&path, 8192).expect("create");
    let taken = disk.create(&path, 1).err().expect("the name is taken");
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    assert_eq!(file.size().expect("size"), 8192);
    assert_eq!(
        file.next_data(0).expect("seek"),
        None,
        "reserved, not written"
    );

    let mut buffer = AlignedBuffer::new();
    buffer.reset(2 * SECTOR);
    buffer.as_mut_slice().fill(7);
    file.write_at(buffer.as_slice(), 4096)
        .expect("aligned write");
    file.write_at(b"odd", 5).expect("unaligned write");
    file.sync().expect("sync");
    let mut read = [1; 20];
    assert_eq!(file.read_at(&mut read, 0).expect("read"), 20);
    assert_eq!(&read, b"\0\0\0\0\0odd\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(file.read_at(&mut read, 4090).expect("read"), 20);
    assert_eq!(read[..6], [0; 6]);
    assert_eq!(read[6..], [7; 14]);
    assert_eq!(file.read_at(&mut read, 8190).expect("read"), 2);
    assert_eq!(file.read_at(&mut read, 9000).expect("read"), 0);
    assert!(file.next_data(1024).expect("seek").expect("data") <= 4096);

    disk.create(&dir.join("a"), 0).expect("create");
    assert_eq!(disk.list(dir).expect("list"), ["a", "b"]);
    disk.rename(&path, &dir.join("c")).expect("rename");
    disk.sync_dir(dir).expect("sync");
    assert_eq!(disk.list(dir).expect("list"), ["a", "c"]);
    file.truncate(6).expect("truncate");
    let again = disk.open(&dir.join("c")).expect("open");
    assert_eq!(again.size().expect("size"), 6);
    disk.remove(&dir.join("c")).expect("remove");
    assert_eq!(file.read_at(&mut read, 5).expect("still open"), 1);
    let gone = disk.open(&path).err().expect("gone");
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert!(disk.list(&dir.join("nowhere")).is_err());
    assert!(disk.free_bytes(dir).expect("free") > 0);
}

#[test]
fn the_file_system() {
    for disk in [Real::new(), Real::buffered()] {
        let dir = tempfile::tempdir().expect("temporary directory");
        keeps_the_contract(&disk, &dir.path().join("x/y"));
    }
}

#[test]
fn the_parent_of_a_relative_name_is_the_working_directory() {
    let parent = Path::new("wal").parent().expect("empty, but there");
    Real::new().sync_dir(parent).expect("sync");
}

#[test]
fn memory() {
    keeps_the_contract(&MemoryDisk::new(), Path::new("/x/y"));
}

/// A synced file of ones, overwritten with twos that are not synced.
fn overwritten() -> (MemoryDisk, Box<dyn DiskFile>) {
    let disk = MemoryDisk::new();
    let file = disk
        .create(Path::new("/d/f"), 8 * SECTOR as u64)
        .expect("create");
    disk.sync_dir(Path::new("/d")).expect("sync");
    file.write_at(&[1; 8 * SECTOR], 0).expect("write");
    file.sync().expect("sync");
    file.write_at(&[2; 8 * SECTOR], 0).expect("write");
    (disk, file)
}

fn contents(disk: &MemoryDisk) -> Vec<u8> {
    let mut bytes = vec![0; 8 * SECTOR];
    let file = disk.open(Path::new("/d/f")).expect("open");
    file.read_at(&mut bytes, 0).expect("read");
    bytes
}

#[test]
fn a_crash_keeps_whole_sectors_old_or_new() {
    let (disk, file) = overwritten();
    let (all, nothing) = (disk.fork(), disk.fork());
    all.crash(Loss::All, 0);
    assert_eq!(contents(&all), [1; 8 * SECTOR]);
    nothing.crash(Loss::Nothing, 0);
    assert_eq!(contents(&nothing), [2; 8 * SECTOR]);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let torn = disk.fork();
        torn.crash(Loss::Torn, seed);
        let bytes = contents(&torn);
        for sector in bytes.chunks(SECTOR) {
            assert!(sector == [1; SECTOR] || sector == [2; SECTOR]);
        }
        let again = disk.fork();
        again.crash(Loss::Torn, seed);
        assert_eq!(contents(&again), bytes, "a seed decides");
        seen.insert(bytes);
    }
    assert!(seen.len() > 15);
    disk.crash(Loss::Nothing, 0);
    assert!(file.sync().is_err(), "handles die with the process");
}

#[test]
fn names_are_durable_after_a_sync_of_their_directory() {
    let disk = MemoryDisk::new();
    let dir = Path::new("/d");
    disk.create(&dir.join("kept"), 1).expect("create");
    disk.sync_dir(dir).expect("sync");
    disk.create(&dir.join("lost"), 1).expect("create");
    disk.remove(&dir.join("kept")).expect("remove");
    disk.crash(Loss::All, 0);
    assert_eq!(disk.list(dir).expect("list"), ["kept"]);
}

#[test]
fn a_full_disk_takes_what_fits() {
    let disk = MemoryDisk::new();
    disk.set_capacity(Some(1000));
    let file = disk.create(Path::new("/d/a"), 600).expect("create");
    let full = disk.create(Path::new("/d/b"), 600).err().expect("full");
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    disk.fill_after(Some(1100));
    let full = file.write_at(&[1; 1500], 500).expect_err("full");
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    let mut read = [0; 1600];
    file.read_at(&mut read, 0).expect("read");
    assert_eq!(read[..500], [0; 500]);
    assert_eq!(read[500..1536], [1; 1036], "up to the end of a sector");
    assert_eq!(read[1536..], [0; 64]);
    assert_eq!(disk.free_bytes(Path::new("/d")).expect("free"), 0);
}

#[test]
fn a_halted_disk_changes_no_more_until_the_crash() {
    let disk = MemoryDisk::new();
    let path = Path::new("/d/a");
    disk.halt_after(2);
    let file = disk.create(path, 10).expect("create");
    file.sync().expect("sync");
    assert!(file.write_at(b"x", 0).is_err());
    assert!(disk.sync_dir(Path::new("/d")).is_err());
    disk.crash(Loss::Nothing, 0);
    disk.open(path)
        .and_then(|file| file.write_at(b"x", 0))
        .expect("write");
}

#[test]
fn an_aligned_buffer_is_aligned_and_zero() {
    let mut buffer = AlignedBuffer::new();
    assert_eq!(buffer.as_slice(), b"");
    for len in [0, 1, 512, 4096, 4097, 100_000, 3] {
        buffer.reset(len);
        assert_eq!(buffer.as_slice(), vec![0; len]);
        assert!(len == 0 || buffer.as_slice().as_ptr().align_offset(512) == 0);
        buffer.as_mut_slice().fill(9);
    }
    buffer.shrink(1000);
    buffer.reset(10);
    assert_eq!(buffer.as_slice(), [0; 10]);
}
