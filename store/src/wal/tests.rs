//! Tests of the whole log, and what they share.

mod crash;
mod full;
mod garbage;
mod life;
mod order;
mod real;
mod rot;
mod torn;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::disk::memory::MemoryDisk;
use crate::disk::{Disk, SECTOR};

const DIR: &str = "/data/member/wal";

/// Segments small enough that a few batches fill one.
fn options() -> Options {
    Options {
        segment_bytes: 8 * SECTOR as u64,
        ..Options::default()
    }
}

fn create(disk: &MemoryDisk) -> Wal {
    Wal::create(
        Arc::new(disk.clone()),
        Path::new(DIR),
        b"metadata",
        options(),
    )
    .expect("create")
}

fn open(disk: &MemoryDisk) -> Result<(Wal, Replay), Error> {
    Wal::open(Arc::new(disk.clone()), Path::new(DIR), options())
}

fn segment_path(number: u64) -> PathBuf {
    segment::path(Path::new(DIR), number)
}

fn segments(disk: &MemoryDisk) -> Vec<String> {
    disk.list(Path::new(DIR)).expect("the directory exists")
}

/// `len` bytes that differ from index to index.
fn data(index: u64, len: usize) -> Bytes {
    (0..len)
        .map(|at| {
            (index as u8)
                .wrapping_mul(31)
                .wrapping_add(at as u8)
                .wrapping_mul(7)
        })
        .collect()
}

fn entry(index: u64, term: u64, len: usize) -> Entry {
    Entry {
        index,
        term,
        kind: (index % 3) as u8,
        data: data(index, len),
    }
}

/// A batch of entries of `len` bytes.
fn entries(indexes: std::ops::RangeInclusive<u64>, term: u64, len: usize) -> Batch {
    Batch {
        entries: indexes.map(|index| entry(index, term, len)).collect(),
        ..Batch::default()
    }
}

fn mark(index: u64, term: u64) -> SnapshotMark {
    SnapshotMark {
        index,
        term,
        conf: Bytes::from_static(b"conf"),
    }
}

fn checkpoint(index: u64, term: u64) -> Batch {
    Batch {
        snapshot: Some(mark(index, term)),
        ..Batch::default()
    }
}

fn hard_state(term: u64, vote: u64, commit: u64) -> Batch {
    Batch {
        hard_state: Some(HardState { term, vote, commit }),
        ..Batch::default()
    }
}

/// Index and term of each entry.
fn shape(replay: &Replay) -> Vec<(u64, u64)> {
    let entries = replay.entries.iter();
    entries
        .map(|(entry, _)| (entry.index, entry.term))
        .collect()
}

/// Every entry can be read at its position.
fn check_positions(wal: &Wal, replay: &Replay) {
    let reader = wal.reader();
    for (entry, position) in &replay.entries {
        assert_eq!(reader.read(*position).expect("read"), entry.data);
    }
}

fn is_corrupt(error: &Error) -> bool {
    matches!(error, Error::Corrupt { .. })
}
