//! Full and failing disks.

use super::*;
use crate::disk::memory::Loss;

#[test]
fn a_full_disk_leaves_the_log_as_it_was() {
    // From nothing written to all but one byte of the frame written.
    for written in (0..1536).step_by(256) {
        let disk = MemoryDisk::new();
        let mut wal = create(&disk);
        wal.append(&entries(1..=2, 1, 100)).expect("append");
        disk.fill_after(Some(written));
        let batch = entries(3..=3, 1, 1200);
        for _ in 0..2 {
            let refused = wal.append(&batch);
            assert!(matches!(refused, Err(Error::NoSpace { .. })), "{refused:?}");
        }
        let image = disk.fork();
        image.crash(Loss::Nothing, 0);
        assert_eq!(shape(&open(&image).expect("open").1), vec![(1, 1), (2, 1)]);

        disk.fill_after(None);
        let positions = wal.append(&batch).expect("the same batch again");
        let (wal, replay) = open(&disk).expect("open");
        assert_eq!(shape(&replay), vec![(1, 1), (2, 1), (3, 1)]);
        assert_eq!(replay.entries[2].1, positions[0]);
        check_positions(&wal, &replay);
    }
}

#[test]
fn a_failed_append_never_mixes_with_the_next_one() {
    for (written, seed) in (0..2048)
        .step_by(512)
        .flat_map(|w| (0..40).map(move |s| (w, s)))
    {
        let disk = MemoryDisk::new();
        let mut wal = create(&disk);
        wal.append(&entries(1..=2, 1, 100)).expect("append");
        disk.fill_after(Some(written));
        wal.append(&entries(3..=3, 1, 1900)).expect_err("full");
        disk.fill_after(None);
        // Power fails while another, shorter batch is written in its place.
        disk.fail_sync_after(Some(1));
        wal.append(&entries(3..=4, 2, 600)).expect_err("not synced");
        disk.crash(Loss::Torn, seed);
        let shape = shape(&open(&disk).expect("nothing acknowledged is damaged").1);
        let kept = [vec![(1, 1), (2, 1)], vec![(1, 1), (2, 1), (3, 2), (4, 2)]];
        assert!(kept.contains(&shape), "{shape:?}");
    }
}

#[test]
fn a_failed_append_in_a_new_segment_never_mixes_with_the_next_one_in_the_old() {
    for seed in 0..40 {
        let disk = MemoryDisk::new();
        let mut wal = create(&disk);
        wal.append(&entries(1..=2, 1, 100)).expect("append");
        disk.fill_after(Some(1024));
        wal.append(&entries(3..=3, 1, 3400))
            .expect_err("full, in the next segment");
        disk.fill_after(None);
        wal.append(&entries(3..=3, 1, 100))
            .expect("a smaller one fits the current segment");
        disk.crash(Loss::Torn, seed);
        let (_, replay) = open(&disk).expect("open");
        assert_eq!(shape(&replay), vec![(1, 1), (2, 1), (3, 1)]);
    }
}

#[test]
fn room_is_found_without_an_append() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    disk.set_capacity(Some(20 * SECTOR as u64));
    let mut index = 0;
    while !wal.space_is_low() {
        index += 1;
        wal.append(&entries(index..=index, 1, 300)).expect("append");
    }
    wal.look_for_space();
    assert!(wal.space_is_low(), "there is no room");
    disk.set_capacity(None);
    assert!(wal.space_is_low(), "nobody has looked");
    wal.look_for_space();
    assert!(!wal.space_is_low());
}

#[test]
fn low_space_shows_before_appends_fail() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    assert!(!wal.space_is_low());
    // Room for the two segments there are, and half of one more.
    disk.set_capacity(Some(20 * SECTOR as u64));
    let mut index = 0;
    while !wal.space_is_low() {
        index += 1;
        wal.append(&entries(index..=index, 1, 300)).expect("append");
    }
    let noticed = index;
    loop {
        match wal.append(&entries(index + 1..=index + 1, 1, 300)) {
            Ok(_) => index += 1,
            Err(Error::NoSpace { .. }) => break,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        index >= noticed + 6,
        "noticed at {noticed}, full at {index}"
    );

    // Space returns, by a cut as well as by other means.
    disk.set_capacity(None);
    wal.append(&entries(index + 1..=index + 1, 1, 300))
        .expect("append");
    assert!(!wal.space_is_low());
    let (_, replay) = open(&disk).expect("open");
    assert_eq!(replay.entries.len() as u64, index + 1);
}

#[test]
fn a_cut_frees_the_space_for_the_next_segment() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    disk.set_capacity(Some(24 * SECTOR as u64));
    let mut index = 0;
    let full = loop {
        match wal.append(&entries(index + 1..=index + 1, 1, 300)) {
            Ok(_) => index += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, Error::NoSpace { .. }), "{full}");
    // The mark needs a sector too, and there is none: make room for it as an operator would.
    disk.set_capacity(Some(33 * SECTOR as u64));
    wal.append(&checkpoint(index, 1)).expect("mark");
    assert!(wal.space_is_low());
    assert!(wal.cut(index + 1).expect("cut") > 0);
    wal.append(&entries(index + 1..=index + 1, 1, 300))
        .expect("append");
    assert!(!wal.space_is_low());
}

#[test]
fn nothing_is_acknowledged_after_a_failed_sync() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=1, 1, 10)).expect("append");
    disk.fail_sync_after(Some(0));
    let failed = wal.append(&entries(2..=2, 1, 10));
    assert!(
        matches!(failed, Err(Error::Io { step: "sync", .. })),
        "{failed:?}"
    );
    disk.fail_sync_after(None);
    for _ in 0..2 {
        let stopped = wal.append(&entries(2..=2, 1, 10));
        assert!(matches!(stopped, Err(Error::Stopped { .. })), "{stopped:?}");
    }
}

#[test]
fn what_was_read_on_opening_is_durable_afterwards() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=1, 1, 10)).expect("append");
    disk.fail_sync_after(Some(0));
    wal.append(&entries(2..=2, 1, 900))
        .expect_err("written, not synced");
    // The process dies, the machine lives on, and the next process relies on what it reads.
    disk.crash(Loss::Nothing, 0);
    assert_eq!(shape(&open(&disk).expect("open").1), vec![(1, 1), (2, 1)]);
    disk.crash(Loss::All, 0);
    assert_eq!(shape(&open(&disk).expect("open").1), vec![(1, 1), (2, 1)]);
}
