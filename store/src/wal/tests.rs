//! Tests of the whole log.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::disk::memory::MemoryDisk;

fn entry(index: u64, term: u64, data: &[u8]) -> Entry {
    Entry {
        index,
        term,
        kind: 0,
        data: Bytes::copy_from_slice(data),
    }
}

#[test]
fn what_was_appended_is_there_after_opening() {
    let disk = MemoryDisk::new();
    let dir = Path::new("/data/wal");
    let mut wal =
        Wal::create(Arc::new(disk.clone()), dir, b"meta", Options::default()).expect("create");
    let batch = Batch {
        entries: vec![entry(1, 1, b"one"), entry(2, 1, &[7; 2000])],
        hard_state: Some(HardState {
            term: 1,
            vote: 9,
            commit: 2,
        }),
        snapshot: None,
    };
    let positions = wal.append(&batch).expect("append");
    let reader = wal.reader();
    for (entry, position) in batch.entries.iter().zip(&positions) {
        assert_eq!(reader.read(*position).expect("read"), entry.data);
    }
    drop(wal);
    let (_, replay) = Wal::open(Arc::new(disk), dir, Options::default()).expect("open");
    assert_eq!(replay.metadata, "meta");
    assert_eq!(Some(replay.hard_state), batch.hard_state);
    let expected: Vec<_> = batch.entries.into_iter().zip(positions).collect();
    assert_eq!(replay.entries, expected);
}
