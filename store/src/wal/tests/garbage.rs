//! Frames that are valid and say nonsense, and files of anything: refused without a panic.

use proptest::prelude::*;

use super::frame::Builder;
use super::record::{FORMAT, Record};
use super::*;

/// A first segment that consists of `payloads`, each in a valid frame.
fn craft(payloads: &[Vec<Record<'_>>]) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let size = 64 * SECTOR as u64;
    let file = disk.create(&segment_path(0), size).expect("create");
    let mut frame = Builder::default();
    let mut offset = 0;
    for (sequence, records) in payloads.iter().enumerate() {
        frame.begin(records.iter().map(Record::encoded_len).sum());
        for record in records {
            record.encode(&mut frame);
        }
        let bytes = frame.finish(0, offset, sequence as u64);
        file.write_at(bytes, offset).expect("write");
        offset += bytes.len() as u64;
    }
    disk
}

fn head() -> Vec<Record<'static>> {
    vec![
        Record::Head {
            format: FORMAT,
            segment_bytes: 64 * SECTOR as u64,
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
    open(&craft(&[head(), vec![an_entry(1)]])).expect("the craft is right");
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
        let error = open(&craft(&payloads)).err().expect("refused");
        assert!(is_corrupt(&error), "{payloads:?}: {error}");
    }
}

#[test]
fn a_later_format_is_named() {
    let mut later = head();
    later[0] = Record::Head {
        format: FORMAT + 1,
        segment_bytes: 64 * SECTOR as u64,
    };
    let error = open(&craft(&[later])).err().expect("refused");
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
