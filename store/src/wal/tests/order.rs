//! Batches that break the order of the log are refused, and leave no trace.

use super::*;

fn refuses(prepare: &[Batch], bad: Batch) {
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    for batch in prepare {
        wal.append(batch).expect("append");
    }
    let before = disk.written_bytes();
    let refused = wal.append(&bad);
    assert!(matches!(refused, Err(Error::Order { .. })), "{refused:?}");
    assert_eq!(disk.written_bytes(), before);
    let next = wal.last_index() + 1;
    wal.append(&entries(next..=next, 9, 1))
        .expect("the log can be used on");
    open(&disk).expect("open");
}

#[test]
fn gaps() {
    refuses(&[], entries(2..=2, 1, 1));
    refuses(&[], entries(0..=0, 1, 1));
    refuses(&[entries(1..=3, 1, 1)], entries(5..=5, 1, 1));
    let mut batch = entries(4..=4, 1, 1);
    batch.entries.push(entry(6, 1, 1));
    refuses(&[entries(1..=3, 1, 1)], batch);
    refuses(&[], entries(u64::MAX..=u64::MAX, 1, 1));
}

#[test]
fn entries_behind_a_snapshot() {
    refuses(
        &[entries(1..=5, 1, 1), checkpoint(3, 1)],
        entries(3..=3, 2, 1),
    );
    refuses(&[checkpoint(30, 1)], entries(30..=30, 2, 1));
    refuses(&[checkpoint(30, 1)], entries(32..=32, 2, 1));
}

#[test]
fn terms_that_go_back() {
    refuses(&[entries(1..=5, 3, 1)], entries(6..=6, 2, 1));
}

#[test]
fn marks_that_go_back() {
    refuses(&[entries(1..=5, 1, 1), checkpoint(4, 1)], checkpoint(3, 1));
    refuses(&[], checkpoint(0, 0));
    refuses(&[], checkpoint(u64::MAX, 1));
}

#[test]
fn a_commit_past_the_end() {
    refuses(&[entries(1..=5, 1, 1)], hard_state(1, 0, 6));
    refuses(
        &[entries(1..=5, 1, 1), hard_state(1, 0, 5)],
        entries(3..=3, 2, 1),
    );
}
