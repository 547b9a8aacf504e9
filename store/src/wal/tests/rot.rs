//! Damage to what was acknowledged: found, or without effect, never believed.

use super::*;

/// A log over three segments, with every kind of record, whose last frame has several sectors and
/// carries a value of zeros.
fn small_log() -> (MemoryDisk, Replay) {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    for index in 1..=6 {
        wal.append(&entries(index..=index, 1, 60 * index as usize))
            .expect("append");
    }
    wal.append(&checkpoint(3, 1)).expect("mark");
    wal.append(&entries(5..=7, 2, 200)).expect("conflict");
    wal.append(&hard_state(2, 7, 6)).expect("state");
    let mut last = entries(8..=9, 2, 30);
    last.entries[1].data = vec![0; 1300].into();
    wal.append(&last).expect("append");
    let replay = open(&disk).expect("open").1;
    assert_eq!(segments(&disk).len(), 3, "two with frames, and the spare");
    (disk, replay)
}

fn sizes(disk: &MemoryDisk) -> Vec<(PathBuf, u64)> {
    let paths = segments(disk)
        .into_iter()
        .map(|name| Path::new(DIR).join(name));
    paths
        .map(|path| {
            let size = disk.open(&path).and_then(|file| file.size()).expect("size");
            (path, size)
        })
        .collect()
}

#[test]
fn no_flipped_bit_is_believed() {
    let (disk, _) = small_log();
    for (path, size) in sizes(&disk) {
        for offset in 0..size {
            for bit in 0..8 {
                let image = disk.fork();
                image
                    .corrupt(&path, offset, |byte| *byte ^= 1 << bit)
                    .expect("corrupt");
                // Even in a blank sector: it may have been the header of a frame.
                let error = open(&image).err().unwrap_or_else(|| {
                    panic!("bit {bit} of byte {offset} of {path:?} was believed")
                });
                assert!(is_corrupt(&error), "{error}");
                assert!(
                    error.to_string().contains(path.to_str().expect("UTF-8")),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_bit_of_the_last_frame_is_not_taken_for_a_torn_append() {
    // One byte with one bit set reaches into the last sector: without it, the sector's body is
    // zero throughout.
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let mut batch = entries(1..=1, 1, 0);
    let mut value = vec![0; 483 + 507];
    *value.last_mut().expect("not empty") = 1;
    batch.entries[0].data = value.into();
    let at = wal.append(&batch).expect("append")[0];
    let size = disk
        .open(&segment_path(0))
        .and_then(|file| file.size())
        .expect("size");
    for offset in at.offset..size {
        let image = disk.fork();
        image
            .corrupt(&segment_path(0), offset, |byte| *byte ^= 1)
            .expect("corrupt");
        assert!(is_corrupt(&open(&image).err().expect("refused")));
    }
}

#[test]
fn a_blanked_sector_is_only_excused_at_the_end() {
    let (disk, complete) = small_log();
    let mut excused = 0;
    for (path, size) in sizes(&disk) {
        for sector in 0..size / SECTOR as u64 {
            let image = disk.fork();
            let file = image.open(&path).expect("open");
            file.write_at(&[0; SECTOR], sector * SECTOR as u64)
                .expect("write");
            match open(&image) {
                Ok((_, replay)) if replay == complete => {}
                // The last append, exactly, is missing: that is how a torn one looks.
                Ok((_, replay)) => {
                    let shortened = &complete.entries[..complete.entries.len() - 2];
                    assert_eq!(replay.entries, shortened, "sector {sector} of {path:?}");
                    assert_eq!(replay.hard_state, complete.hard_state);
                    excused += 1;
                }
                Err(error) => assert!(is_corrupt(&error), "{error}"),
            }
        }
    }
    assert_eq!(excused, 3, "the last frame has three sectors");
}

#[test]
fn sectors_out_of_place_are_refused() {
    let (disk, complete) = small_log();
    let path = segment_path(0);
    let file = disk.open(&path).expect("open");
    let size = file.size().expect("size") as usize;
    let mut bytes = vec![0; size];
    file.read_at(&mut bytes, 0).expect("read");
    for from in bytes.chunks_exact(SECTOR) {
        for to in 0..size / SECTOR {
            let image = disk.fork();
            let file = image.open(&path).expect("open");
            file.write_at(from, (to * SECTOR) as u64).expect("write");
            match open(&image) {
                Ok((_, replay)) => assert_eq!(replay, complete),
                Err(error) => assert!(is_corrupt(&error), "{error}"),
            }
        }
    }
}

/// A log over several full segments.
fn long_log() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    for index in 1..=30 {
        wal.append(&entries(index..=index, 1, 700)).expect("append");
    }
    disk
}

#[test]
fn missing_segments_are_noticed() {
    for number in 1..4 {
        let disk = long_log();
        disk.remove(&segment_path(number)).expect("remove");
        let error = open(&disk).err().expect("refused");
        assert!(matches!(error, Error::Missing { .. }), "{error}");
    }
    let disk = long_log();
    disk.remove(&segment_path(0)).expect("remove");
    let error = open(&disk)
        .err()
        .expect("the beginning is not behind a snapshot");
    assert!(is_corrupt(&error), "{error}");
}

#[test]
fn exchanged_and_doubled_segments_are_refused() {
    for (from, to) in [(1, 2), (2, 1), (3, 0), (0, 3)] {
        let disk = long_log();
        disk.rename(&segment_path(from), &segment_path(99))
            .expect("rename");
        disk.rename(&segment_path(to), &segment_path(from))
            .expect("rename");
        disk.rename(&segment_path(99), &segment_path(to))
            .expect("rename");
        assert!(is_corrupt(&open(&disk).err().expect("refused")));
    }
    let disk = long_log();
    let last = segments(&disk).len() as u64;
    disk.rename(&segment_path(1), &segment_path(last))
        .expect("rename");
    assert!(open(&disk).is_err());
}

#[test]
fn an_older_copy_of_a_segment_is_refused() {
    // The file as it was when the segment held one frame less.
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=1, 1, 700)).expect("append");
    let older = disk.fork();
    for index in 2..=10 {
        wal.append(&entries(index..=index, 1, 700)).expect("append");
    }
    let mut bytes = vec![0; 8 * SECTOR];
    let path = segment_path(0);
    older
        .open(&path)
        .and_then(|file| file.read_at(&mut bytes, 0))
        .expect("read");
    disk.open(&path)
        .and_then(|file| file.write_at(&bytes, 0))
        .expect("write");
    assert!(is_corrupt(&open(&disk).err().expect("refused")));
}

#[test]
fn a_shortened_file_is_refused() {
    let (disk, _) = small_log();
    for number in 0..2 {
        for size in [0, 1, 512, 1000, 1024, 4095] {
            let image = disk.fork();
            let file = image.open(&segment_path(number)).expect("open");
            file.truncate(size).expect("truncate");
            let error = open(&image).err().expect("refused");
            assert!(is_corrupt(&error), "{error}");
        }
    }
}

#[test]
fn a_damaged_entry_is_not_read() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let positions = wal.append(&entries(1..=3, 1, 600)).expect("append");
    let reader = wal.reader();
    disk.corrupt(&segment_path(0), positions[1].offset + 520, |byte| {
        *byte ^= 4
    })
    .expect("corrupt");
    assert!(is_corrupt(&reader.read(positions[1]).expect_err("refused")));
    assert_eq!(reader.read(positions[0]).expect("read"), data(1, 600));
    let nonsense = Position {
        segment: 0,
        offset: 2,
        len: 5,
    };
    assert!(is_corrupt(&reader.read(nonsense).expect_err("refused")));
}

#[test]
fn foreign_files_are_passed_over() {
    let (disk, complete) = small_log();
    for name in [
        "0.wal",
        "notes.txt",
        "0000000000000000.wal.bak",
        "000000000000000G.wal",
    ] {
        disk.create(&Path::new(DIR).join(name), 10).expect("create");
    }
    assert_eq!(open(&disk).expect("open").1, complete);
}
