//! Frames that are valid and say nonsense, and files of anything: refused without a panic.

use proptest::prelude::*;

use super::frame::Builder;
use super::record::{FORMAT, Record};
use super::*;

const SEGMENT_BYTES: u64 = 64 * SECTOR as u64;

/// Segments, each of which consists of frames with the sequence number and records given.
fn craft(segments: &[&[(u64, Vec<Record<'_>>)]]) -> MemoryDisk {
    let disk = MemoryDisk::new();
    for (segment, frames) in (0..).zip(segments) {
        let path = segment_path(segment);
        let file = disk.create(&path, SEGMENT_BYTES).expect("create");
        let mut builder = Builder::default();
        let mut offset = 0;
        for (sequence, records) in *frames {
            builder.begin(records.iter().map(Record::encoded_len).sum());
            for record in records {
                record.encode(&mut builder);
            }
            let bytes = builder.finish(segment, offset, *sequence);
            file.write_at(bytes, offset).expect("write");
            offset += bytes.len() as u64;
        }
    }
    disk
}

/// A first segment that consists of `payloads`, each in a valid frame.
fn craft_one(payloads: &[Vec<Record<'_>>]) -> MemoryDisk {
    let frames: Vec<_> = (0..).zip(payloads.iter().cloned()).collect();
    craft(&[&frames])
}

fn head() -> Vec<Record<'static>> {
    vec![
        Record::Head {
            format: FORMAT,
            segment_bytes: SEGMENT_BYTES,
        },
        Record::Metadata(b"metadata"),
        Record::HardState(HardState::default()),
        Record::Snapshot(0, 0, &[]),
    ]
}

fn an_entry(index: u64) -> Record<'static> {
    Record::Entry(EntryRef {
        index,
        term: 1,
        kind: 0,
        data: b"data",
    })
}

#[test]
fn valid_frames_out_of_order_are_refused() {
    open(&craft_one(&[head(), vec![an_entry(1)]])).expect("the craft is right");
    let commit = HardState {
        term: 1,
        vote: 1,
        commit: 2,
    };
    let mut twice = head();
    twice.extend(head());
    let refused = [
        vec![vec![an_entry(1)]],
        vec![head()[..2].to_vec()],
        vec![head(), head()],
        vec![twice],
        vec![head(), vec![an_entry(2)]],
        vec![head(), vec![an_entry(u64::MAX)]],
        vec![head(), vec![an_entry(1), Record::HardState(commit)]],
        vec![head(), vec![Record::Snapshot(u64::MAX, 1, &[])]],
    ];
    for payloads in refused {
        let error = open(&craft_one(&payloads)).err().expect("refused");
        assert!(is_corrupt(&error), "{payloads:?}: {error}");
    }
}

#[test]
fn segments_that_contradict_each_other_are_refused() {
    let first = [(5, head()), (6, vec![an_entry(1)])];
    let second = [(7, head()), (8, vec![an_entry(2)])];
    open(&craft(&[&first, &second])).expect("the craft is right");

    let mut metadata = head();
    metadata[1] = Record::Metadata(b"other");
    let mut state = head();
    state[2] = Record::HardState(HardState {
        term: 1,
        ..HardState::default()
    });
    let mut snapshot = head();
    snapshot[3] = Record::Snapshot(1, 1, b"");
    for other in [metadata, state, snapshot] {
        let error = open(&craft(&[&first, &[(7, other)]]))
            .err()
            .expect("refused");
        assert!(is_corrupt(&error), "{error}");
    }
    for sequence in [0, 5, 6, 8, u64::MAX] {
        let error = open(&craft(&[&first, &[(sequence, head())]]))
            .err()
            .expect("refused");
        assert!(is_corrupt(&error), "{error}");
    }
    let error = open(&craft(&[&first, &[], &second]))
        .err()
        .expect("refused");
    assert!(is_corrupt(&error), "{error}");
}

#[test]
fn a_torn_frame_is_the_one_that_was_due() {
    let large = Record::Entry(EntryRef {
        index: 2,
        term: 1,
        kind: 0,
        data: &[1; 1000],
    });
    for (sequence, due) in [(6, false), (7, true), (8, false)] {
        let frames = [(5, head()), (6, vec![an_entry(1)]), (sequence, vec![large])];
        let disk = craft(&[&frames]);
        let file = disk.open(&segment_path(0)).expect("open");
        file.write_at(&[0; SECTOR], 3 * SECTOR as u64)
            .expect("write");
        assert_eq!(open(&disk).is_ok(), due);
    }
}

#[test]
fn sectors_that_belong_to_no_frame_are_refused() {
    let large = Record::Entry(EntryRef {
        index: 1,
        term: 1,
        kind: 0,
        data: &[1; 1000],
    });
    let stray = |number: u64, torn: bool| {
        let disk = craft_one(&[head(), vec![large]]);
        let file = disk.open(&segment_path(0)).expect("open");
        let mut bytes = [1; SECTOR];
        sector::seal(&mut bytes, sector::Kind::Next, 0, number);
        file.write_at(&bytes, number * SECTOR as u64)
            .expect("write");
        if torn {
            let second = 2 * SECTOR as u64;
            file.write_at(&[0; SECTOR], second).expect("write");
        }
        open(&disk).err().expect("refused")
    };
    // The frames take sectors 0, and 1 to 3.
    for (number, torn) in [(4, false), (4, true), (9, true), (63, true)] {
        assert!(is_corrupt(&stray(number, torn)), "{number} {torn}");
    }
}

#[test]
fn a_later_format_is_named() {
    let mut later = head();
    later[0] = Record::Head {
        format: FORMAT + 1,
        segment_bytes: SEGMENT_BYTES,
    };
    let error = open(&craft_one(&[later])).err().expect("refused");
    assert!(
        matches!(
            error,
            Error::Format {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
}

proptest! {
    #[test]
    fn records_come_back(numbers: [u64; 3], kind: u8, data: Vec<u8>) {
        let [a, b, c] = numbers;
        let records = [
            Record::Head { format: a, segment_bytes: b },
            Record::Metadata(&data),
            Record::Snapshot(a, b, &data),
            Record::Entry(EntryRef { index: a, term: b, kind, data: &data }),
            Record::HardState(HardState { term: a, vote: b, commit: c }),
        ];
        let mut frame = Builder::default();
        frame.begin(records.iter().map(Record::encoded_len).sum());
        for record in &records {
            record.encode(&mut frame);
        }
        let bytes = frame.finish(3, 1024, 7).to_vec();
        let mut payload: Vec<u8> = Vec::new();
        for (at, sector) in bytes.chunks(SECTOR).enumerate() {
            let found = sector::inspect(sector, 3, 2 + at as u64);
            let sector::Sector::Valid(_, body) = found else { panic!("{found:?}") };
            payload.extend_from_slice(body);
        }
        let (sequence, length) = frame::header(&payload);
        prop_assert_eq!(sequence, 7);
        let mut left = &payload[frame::HEADER..frame::HEADER + length];
        for record in records {
            prop_assert_eq!(Record::decode(&mut left), Some(record));
        }
        prop_assert!(left.is_empty());
    }

    #[test]
    fn payloads_of_anything_do_not_panic(payload: Vec<u8>) {
        let mut left = &payload[..];
        while Record::decode(&mut left).is_some() {}
    }

    #[test]
    fn files_of_anything_do_not_panic(sectors: Vec<Option<(bool, Vec<u8>)>>) {
        let disk = MemoryDisk::new();
        let size = 16 * SECTOR as u64;
        let file = disk.create(&segment_path(0), size).expect("create");
        for (number, content) in (0..).zip(sectors.into_iter().take(16)) {
            let Some((is_first, content)) = content else { continue };
            let mut bytes = [0; SECTOR];
            let take = content.len().min(sector::BODY);
            bytes[5..5 + take].copy_from_slice(&content[..take]);
            let kind = if is_first { sector::Kind::First } else { sector::Kind::Next };
            sector::seal(&mut bytes, kind, 0, number);
            file.write_at(&bytes, number * SECTOR as u64).expect("write");
        }
        prop_assert!(open(&disk).is_err());
    }
}
