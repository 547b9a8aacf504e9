//! Create, append, reopen, roll over, cut.

use super::*;

#[test]
fn what_was_appended_is_there_after_opening() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let batch = Batch {
        entries: vec![entry(1, 1, 3), entry(2, 1, 0), entry(3, 2, 1200)],
        hard_state: Some(HardState {
            term: 2,
            vote: u64::MAX,
            commit: 2,
        }),
        snapshot: None,
    };
    let positions = wal.append(&batch).expect("append");
    for round in 0..3 {
        let (wal, replay) = open(&disk).expect("open");
        assert_eq!(replay.metadata, "metadata", "round {round}");
        assert_eq!(Some(replay.hard_state), batch.hard_state);
        assert_eq!(replay.snapshot, None);
        let expected: Vec<_> = batch
            .entries
            .iter()
            .cloned()
            .zip(positions.clone())
            .collect();
        assert_eq!(replay.entries, expected);
        check_positions(&wal, &replay);
    }
}

#[test]
fn an_empty_batch_writes_nothing() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let before = (disk.written_bytes(), disk.syncs());
    assert_eq!(wal.append(&Batch::default()).expect("append"), vec![]);
    assert_eq!((disk.written_bytes(), disk.syncs()), before);
}

#[test]
fn a_small_append_costs_one_sector_and_one_sync() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let before = (disk.written_bytes(), disk.syncs());
    wal.append(&entries(1..=1, 1, 400)).expect("append");
    let after = (disk.written_bytes(), disk.syncs());
    assert_eq!(after, (before.0 + SECTOR as u64, before.1 + 1));
}

#[test]
fn segments_follow_each_other() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let mut positions = Vec::new();
    for index in 1..=60 {
        let mut batch = entries(index..=index, 1 + index / 10, 100 + index as usize * 10);
        batch.hard_state = hard_state(1 + index / 10, 3, index).hard_state;
        positions.extend(wal.append(&batch).expect("append"));
        if index % 17 == 0 {
            wal = open(&disk).expect("open").0;
        }
    }
    assert!(segments(&disk).len() > 5);
    let (wal, replay) = open(&disk).expect("open");
    assert_eq!(replay.entries.len(), 60);
    let found: Vec<_> = replay.entries.iter().map(|(_, at)| *at).collect();
    assert_eq!(found, positions);
    assert_eq!(replay.hard_state.commit, 60);
    check_positions(&wal, &replay);
}

#[test]
fn a_batch_larger_than_a_segment_gets_its_own() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=1, 1, 10)).expect("small");
    wal.append(&entries(2..=9, 1, 3000)).expect("large");
    wal.append(&entries(10..=10, 1, 10)).expect("small again");
    let (wal, replay) = open(&disk).expect("open");
    assert_eq!(replay.entries.len(), 10);
    check_positions(&wal, &replay);
}

#[test]
fn cut_removes_what_lies_behind_the_mark_and_nothing_else() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let mut positions = Vec::new();
    for index in 1..=40 {
        positions.extend(wal.append(&entries(index..=index, 1, 700)).expect("append"));
    }
    let all = segments(&disk).len();
    assert_eq!(wal.cut(30).expect("cut"), 0, "nothing is behind a snapshot");
    wal.append(&checkpoint(20, 1)).expect("mark");
    let removed = wal.cut(30).expect("cut");
    assert!(removed > 2);
    assert_eq!(segments(&disk).len(), all - removed);
    assert!(matches!(
        wal.reader().read(positions[0]),
        Err(Error::Gone { segment: 0 })
    ));

    let (mut wal, replay) = open(&disk).expect("open");
    let first = replay.entries[0].0.index;
    assert!(first <= 21, "entry {first} is the first");
    assert_eq!(
        replay.entries.last().map(|(entry, _)| entry.index),
        Some(40)
    );
    assert_eq!(replay.snapshot, Some(mark(20, 1)));
    check_positions(&wal, &replay);

    wal.append(&checkpoint(40, 1)).expect("mark");
    wal.cut(u64::MAX).expect("cut");
    wal.append(&entries(41..=41, 1, 10)).expect("append");
    let (_, replay) = open(&disk).expect("open");
    assert_eq!(
        replay.entries.last().map(|(entry, _)| entry.index),
        Some(41)
    );
}

#[test]
fn a_log_cut_down_to_marks_opens() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    for index in 1..=20 {
        wal.append(&entries(index..=index, 1, 900)).expect("append");
    }
    // Marks alone fill the current segment, so that all segments with entries can go.
    for _ in 0..20 {
        wal.append(&checkpoint(20, 1)).expect("mark");
    }
    wal.cut(21).expect("cut");
    let (mut wal, replay) = open(&disk).expect("open");
    assert_eq!(shape(&replay), vec![]);
    assert_eq!(wal.last_index(), 20);
    assert!(
        wal.append(&entries(22..=22, 1, 1)).is_err(),
        "21 is missing"
    );
    wal.append(&entries(21..=21, 1, 1)).expect("append");
    assert_eq!(shape(&open(&disk).expect("open").1), vec![(21, 1)]);
}

#[test]
fn later_entries_replace_a_suffix() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    for index in 1..=30 {
        wal.append(&entries(index..=index, 1, 500)).expect("append");
    }
    wal.append(&entries(12..=14, 2, 600))
        .expect("conflict across segments");
    wal.append(&entries(14..=15, 3, 20))
        .expect("conflict with the last entry");
    let (wal, replay) = open(&disk).expect("open");
    let mut expected: Vec<_> = (1..=11).map(|index| (index, 1)).collect();
    expected.extend([(12, 2), (13, 2), (14, 3), (15, 3)]);
    assert_eq!(shape(&replay), expected);
    check_positions(&wal, &replay);
}

#[test]
fn a_replaced_beginning_is_read_after_a_cut() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=6, 1, 500)).expect("append");
    wal.append(&entries(7..=9, 1, 500))
        .expect("append, in the next segment");
    wal.append(&entries(5..=8, 2, 500))
        .expect("replace what lies in the first segment");
    wal.append(&checkpoint(6, 2)).expect("mark");
    assert_eq!(wal.cut(7).expect("cut"), 1);
    let (_, replay) = open(&disk).expect("open");
    assert_eq!(shape(&replay), vec![(5, 2), (6, 2), (7, 2), (8, 2)]);
}

#[test]
fn a_snapshot_from_elsewhere_replaces_the_log() {
    for (name, index, term) in [("ahead", 50, 3), ("of another term", 5, 3)] {
        let disk = MemoryDisk::new();
        let mut wal = create(&disk);
        wal.append(&entries(1..=10, 1, 300)).expect("append");
        wal.append(&checkpoint(index, term)).expect("install");
        let (_, replay) = open(&disk).expect("open");
        assert_eq!(shape(&replay), vec![], "{name}");
        wal.append(&entries(index + 1..=index + 2, term, 10))
            .expect("go on");
        let (_, replay) = open(&disk).expect("open");
        assert_eq!(shape(&replay), vec![(index + 1, term), (index + 2, term)]);
    }
}

#[test]
fn a_checkpoint_keeps_the_entries() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=10, 1, 30)).expect("append");
    wal.append(&checkpoint(10, 1)).expect("mark");
    assert_eq!(shape(&open(&disk).expect("open").1).len(), 10);
}

#[test]
fn a_checkpoint_in_a_replaced_suffix_keeps_the_entries() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=4, 1, 1)).expect("append");
    wal.append(&entries(5..=9, 2, 1)).expect("append");
    wal.append(&entries(3..=7, 3, 1))
        .expect("replace two terms");
    wal.append(&checkpoint(3, 3)).expect("mark");
    wal.append(&entries(8..=8, 3, 1)).expect("go on");
    let expected = [
        (1, 1),
        (2, 1),
        (3, 3),
        (4, 3),
        (5, 3),
        (6, 3),
        (7, 3),
        (8, 3),
    ];
    assert_eq!(shape(&open(&disk).expect("open").1), expected);
    wal.append(&checkpoint(7, 2))
        .expect("install: 7 has term 3 now");
    assert_eq!(shape(&open(&disk).expect("open").1), []);
}

#[test]
fn a_visitor_is_told_what_to_drop() {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    wal.append(&entries(1..=3, 1, 1)).expect("append");
    wal.append(&entries(2..=2, 2, 1)).expect("append");
    wal.append(&checkpoint(9, 2)).expect("install");
    let mut steps = Vec::new();
    Wal::open_with(Arc::new(disk), Path::new(DIR), options(), &mut |step| {
        steps.push(match step {
            Step::Entry(entry, _) => ("entry", entry.index),
            Step::Truncate { from } => ("truncate", from),
        });
    })
    .expect("open");
    let expected = [
        ("entry", 1),
        ("entry", 2),
        ("entry", 3),
        ("truncate", 2),
        ("entry", 2),
        ("truncate", 0),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_log_is_not_created_twice_nor_opened_before() {
    let disk = MemoryDisk::new();
    assert!(matches!(open(&disk), Err(Error::Empty { .. })));
    create(&disk);
    let again = Wal::create(Arc::new(disk), Path::new(DIR), b"", options());
    assert!(matches!(again, Err(Error::Exists { .. })));
}

#[test]
fn an_interrupted_creation_can_be_repeated() {
    for changes in 0..6 {
        let disk = MemoryDisk::new();
        disk.halt_after(changes);
        let halted = Wal::create(Arc::new(disk.clone()), Path::new(DIR), b"", options()).is_err();
        disk.crash(crate::disk::memory::Loss::Torn, changes);
        match open(&disk) {
            Ok(_) => {}
            Err(Error::Empty { .. }) => {
                assert!(halted, "a log that was created is not empty");
                create(&disk);
                open(&disk).expect("open");
            }
            Err(other) => panic!("{other}"),
        }
    }
}
