//! Interrupted appends: every way in which the sectors of the last frame can be lost.

use super::*;

/// Every subset of the sectors of a last append of `len` zero or patterned bytes survives a crash
/// in turn. Returns whether the frame was the first of its segment.
fn lose_each_subset(before: u64, last: Batch) -> bool {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    for index in 1..=before {
        wal.append(&entries(index..=index, 1, 300)).expect("append");
    }
    let (_, acknowledged) = open(&disk).expect("open");
    let after = disk.fork();
    let written = after.written_bytes();
    let mut wal = open(&after).expect("open").0;
    let at = wal.append(&last).expect("append")[0];
    let sectors = ((after.written_bytes() - written) / SECTOR as u64) as usize;
    let complete = open(&after).expect("open").1;

    let start = at.offset / SECTOR as u64 * SECTOR as u64;
    if start == 0 {
        // A spare behind it would prove that the append was acknowledged.
        let spare = segment_path(at.segment + 1);
        after.remove(&spare).expect("there is a spare");
    }
    let path = segment_path(at.segment);
    for kept in 0u32..1 << sectors {
        let image = after.fork();
        let file = image.open(&path).expect("open");
        for sector in (0..sectors).filter(|sector| kept & (1 << sector) == 0) {
            let offset = start + (sector * SECTOR) as u64;
            file.write_at(&[0; SECTOR], offset).expect("write");
        }
        file.sync().expect("sync");
        let (mut wal, replay) = open(&image).expect("a torn append is removed");
        if kept.count_ones() as usize == sectors {
            assert_eq!(replay, complete);
            continue;
        }
        assert_eq!(replay, acknowledged, "sectors {kept:b} of {sectors}");
        // What is written over the torn place is as good as anything.
        let next = before + 1;
        wal.append(&entries(next..=next, 2, 5)).expect("append");
        let (_, replay) = open(&image).expect("open");
        assert_eq!(shape(&replay).last(), Some(&(next, 2)));
    }
    start == 0
}

#[test]
fn in_the_middle_of_a_segment() {
    for len in [1, 480, 600, 1100, 2000] {
        assert!(!lose_each_subset(2, entries(3..=3, 1, len)));
    }
}

#[test]
fn at_the_beginning_of_a_segment() {
    for len in [1, 600, 2500] {
        assert!(lose_each_subset(7, entries(8..=8, 1, len)));
    }
}

#[test]
fn with_a_segment_of_its_own() {
    assert!(lose_each_subset(1, entries(2..=3, 1, 2500)));
}

#[test]
fn an_append_with_a_spare_behind_it_was_not_torn() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=1, 1, 3000)).expect("append");
    let at = wal.append(&entries(2..=2, 1, 2000)).expect("append")[0];
    assert_eq!((at.segment, wal.space_is_low()), (1, false));
    for sector in 0..5 {
        let image = disk.fork();
        let file = image.open(&segment_path(1)).expect("open");
        let offset = (sector * SECTOR) as u64;
        file.write_at(&[0; SECTOR], offset).expect("write");
        assert!(is_corrupt(&open(&image).err().expect("refused")));
    }
}

#[test]
fn with_values_of_zeros() {
    let mut last = entries(3..=3, 1, 0);
    last.entries[0].data = vec![0; 2000].into();
    lose_each_subset(2, last);
}

#[test]
fn removing_a_torn_append_is_reported_once() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let at = wal.append(&entries(1..=1, 1, 1200)).expect("append")[0];
    let file = disk.open(&segment_path(0)).expect("open");
    let second = (at.offset / SECTOR as u64 + 1) * SECTOR as u64;
    file.write_at(&[0; SECTOR], second).expect("write");
    for expected in [3 * SECTOR as u64, 0] {
        let dir = Path::new(DIR);
        let (_, summary) =
            Wal::open_with(Arc::new(disk.clone()), dir, options(), &mut |_| {}).expect("open");
        assert_eq!(summary.torn_bytes, expected);
    }
}
