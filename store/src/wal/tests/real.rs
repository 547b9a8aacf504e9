//! The same log on the file system, past the page cache and through it.

use std::fs;
use std::os::unix::fs::FileExt;

use super::*;
use crate::disk::Real;

fn disks() -> [Arc<dyn Disk>; 2] {
    [Arc::new(Real::new()), Arc::new(Real::buffered())]
}

fn small() -> Options {
    Options {
        segment_bytes: 1 << 16,
        ..Options::default()
    }
}

#[test]
fn a_log_lives_in_a_directory() {
    for disk in disks() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let dir = dir.path().join("member/wal");
        let mut wal = Wal::create(disk.clone(), &dir, b"meta", small()).expect("create");
        for index in 1..=300 {
            let len = index as usize * 37 % 3000;
            wal.append(&entries(index..=index, 1, len)).expect("append");
        }
        wal.append(&checkpoint(200, 1)).expect("mark");
        assert!(wal.cut(200).expect("cut") > 0);
        drop(wal);
        for _ in 0..2 {
            let (wal, replay) = Wal::open(disk.clone(), &dir, small()).expect("open");
            assert_eq!(wal.last_index(), 300);
            check_positions(&wal, &replay);
        }
    }
}

#[test]
fn torn_and_rotten_files_are_told_apart() {
    for disk in disks() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let mut wal = Wal::create(disk.clone(), dir.path(), b"meta", small()).expect("create");
        wal.append(&entries(1..=1, 1, 100)).expect("append");
        let last = wal.append(&entries(2..=2, 1, 1400)).expect("append")[0];
        drop(wal);
        let path = segment::path(dir.path(), 0);
        let file = fs::File::options().write(true).open(&path).expect("open");
        let second = (last.offset / SECTOR as u64 + 1) * SECTOR as u64;

        file.write_all_at(&[0; SECTOR], second).expect("write");
        let (wal, replay) = Wal::open(disk.clone(), dir.path(), small()).expect("torn");
        assert_eq!(shape(&replay), vec![(1, 1)]);
        drop(wal);

        file.write_all_at(&[1; 1], second + 100).expect("write");
        let error = Wal::open(disk, dir.path(), small()).err().expect("rotten");
        assert!(
            error.to_string().contains(&format!("offset {second}")),
            "{error}"
        );
    }
}
