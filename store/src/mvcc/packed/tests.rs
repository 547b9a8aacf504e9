//! Every form a record can have goes in and comes out again, and packing pays.

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Packed, RUN_RECORDS, SMALL_VALUE_BYTES};
use crate::mvcc::recent::{LogRef, Record, Value};
use crate::mvcc::revision::Revision;

/// What is to be read of a record, without the place of values that stay in memory.
fn content(record: &Record) -> impl PartialEq + std::fmt::Debug + use<> {
    let value = match &record.value {
        Value::Inline(value, Some(place)) if value.len() > SMALL_VALUE_BYTES => Err(Some(*place)),
        Value::Inline(value, _) => Ok(value.clone()),
        Value::Log(place) => Err(Some(*place)),
        Value::Dead => Err(None),
    };
    let numbers = (record.create, record.number, record.lease, record.tombstone);
    (record.rev, record.key.clone(), numbers, value)
}

fn assert_same(found: &Record, expected: &Record) {
    assert_eq!(content(found), content(expected));
}

fn put(main: i64, sub: i64, key: &str, value: Value) -> Record {
    Record {
        rev: Revision { main, sub },
        key: key.to_owned().into(),
        value,
        create: main,
        number: 1,
        lease: 0,
        tombstone: false,
    }
}

fn in_log(segment: u64, offset: u64, len: u32) -> Value {
    let place = LogRef {
        segment,
        offset,
        len,
    };
    Value::Inline(vec![7; len as usize].into(), Some(place))
}

fn in_memory(len: usize) -> Value {
    Value::Inline(vec![len as u8; len].into(), None)
}

fn tombstone(main: i64, sub: i64, key: &str) -> Record {
    Record {
        create: 0,
        number: 0,
        tombstone: true,
        ..put(main, sub, key, in_memory(0))
    }
}

/// One record of each form, and neighbours that are hard to code against each other.
fn every_form() -> Vec<Record> {
    let dead = |record: Record| Record {
        key: Bytes::new(),
        value: Value::Dead,
        ..record
    };
    let far = i64::MAX - 1;
    vec![
        put(2, 0, "", in_memory(0)),
        put(3, 0, "a/b", in_log(1, 100, 256)),
        put(4, 0, "a/c", in_log(1, 420, 256)),
        put(5, 0, "a/c/d", in_log(1, 50, 33)),
        put(6, 0, "a", in_log(u64::MAX, u64::MAX, u32::from(u16::MAX))),
        put(7, 0, "a", in_log(0, 0, 40)),
        Record {
            create: 2,
            number: i64::MAX,
            ..put(8, 0, "b", in_memory(SMALL_VALUE_BYTES))
        },
        put(8, 1, "c", in_memory(SMALL_VALUE_BYTES + 1)),
        put(8, 2, "d", in_log(0, 9_999, SMALL_VALUE_BYTES as u32)),
        tombstone(8, 3, "a"),
        tombstone(8, 900_000, "b"),
        dead(tombstone(9, 0, "b")),
        dead(put(10, 0, "b", in_memory(0))),
        Record {
            lease: i64::MIN,
            ..put(11, 0, "e", in_log(2, 0, 300))
        },
        Record {
            lease: -1,
            ..put(12, 0, "f", in_memory(5))
        },
        Record {
            lease: i64::MAX,
            ..put(13, 0, "g", in_memory(500))
        },
        put(far, 7, "g", in_memory(400)),
        Record {
            value: Value::Log(LogRef {
                segment: 3,
                offset: 12,
                len: 77,
            }),
            ..put(far, 8, "h", Value::Dead)
        },
        put(far + 1, 0, "h", in_memory(1000)),
    ]
}

fn check(packed: &Packed, expected: &[Record]) {
    let found: Vec<Record> = packed.iter().collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_same(found, expected);
    }
    for expected in expected {
        assert_same(&packed.get(expected.rev).unwrap(), expected);
    }
    assert_eq!(packed.first(), expected[0].rev);
    assert_eq!(packed.last(), expected[expected.len() - 1].rev);
}

#[test]
fn every_form_of_record_comes_back() {
    let all = every_form();
    assert!(all.len() > RUN_RECORDS, "a second run is needed");
    check(&Packed::new(&all), &all);
    // Any of them may stand at the begin of a run or of a block.
    for from in 1..all.len() {
        check(&Packed::new(&all[from..]), &all[from..]);
        check(&Packed::new(&all[from - 1..from]), &all[from - 1..from]);
    }
}

#[test]
fn a_large_transaction_comes_back() {
    let all: Vec<Record> = (0..1000)
        .map(|sub| match sub % 3 {
            0 => tombstone(77, sub, &format!("key/{sub}")),
            1 => put(77, sub, &format!("key/{sub}"), in_memory(40)),
            _ => put(77, sub, &format!("key/{sub}"), in_log(1, 0, 5000)),
        })
        .collect();
    check(&Packed::new(&all), &all);
}

#[test]
fn revisions_that_are_not_there_are_not_found() {
    let all: Vec<Record> = (0..100)
        .map(|at| put(10 + 2 * at, 3, "k", in_memory(0)))
        .collect();
    let packed = Packed::new(&all);
    for main in 0..300 {
        let is_there = (10..210).contains(&main) && main % 2 == 0;
        assert_eq!(packed.get(Revision { main, sub: 3 }).is_some(), is_there);
        assert!(packed.get(Revision { main, sub: 2 }).is_none());
        assert!(packed.get(Revision { main, sub: 4 }).is_none());
    }
}

#[test]
fn records_die_one_by_one() {
    let mut all = every_form();
    let mut packed = Packed::new(&all);
    let before = packed.clone();
    let mut rng = StdRng::seed_from_u64(1);
    for _ in 0..2 * all.len() {
        let record = &mut all[rng.random_range(0..19)];
        assert!(packed.kill(record.rev));
        record.key = Bytes::new();
        record.value = Value::Dead;
        check(&packed, &all);
    }
    assert!(!packed.kill(Revision { main: 8, sub: 4 }));
    check(&before, &every_form());
    // A block with dead records may be packed as well.
    check(&Packed::new(&all), &all);
}

/// Packs a block of puts of 256 B with a log behind them; bytes per record.
fn bytes_per_record(key: impl Fn(&mut StdRng) -> String) -> usize {
    let mut rng = StdRng::seed_from_u64(2);
    let records: Vec<Record> = (0..256)
        .map(|at| {
            let offset = 40_000_000 + at as u64 * 340;
            let record = put(150_000 + at, 0, &key(&mut rng), in_log(12, offset, 256));
            Record {
                create: rng.random_range(2..150_000),
                number: 200,
                ..record
            }
        })
        .collect();
    Packed::new(&records).cost().div_ceil(256)
}

#[test]
fn packed_records_are_small() {
    let random = |rng: &mut StdRng| format!("{:025x}", rng.random::<u128>() >> 28);
    assert!(bytes_per_record(random) <= 45);
    let related = |rng: &mut StdRng| format!("/registry/pods/{:012}", rng.random::<u32>());
    assert!(bytes_per_record(related) <= 35);
}
