use super::*;

fn header(main: i64, sub: i64, key: &str, lease: i64, value_len: usize) -> Header {
    Header {
        rev: Revision { main, sub },
        key: key.as_bytes().to_vec(),
        create: main - 1,
        number: 3,
        lease,
        tombstone: false,
        value_len,
    }
}

fn tombstone(main: i64, sub: i64, key: &str) -> Header {
    Header {
        create: 0,
        number: 0,
        tombstone: true,
        ..header(main, sub, key, 0, 0)
    }
}

/// Values that pack well, and ones that do not.
const KINDS: [fn(&Header) -> Vec<u8>; 2] = [alike, unlike];

fn alike(header: &Header) -> Vec<u8> {
    vec![header.rev.sub as u8; header.value_len]
}

fn unlike(header: &Header) -> Vec<u8> {
    let step = |last: &u32| Some(last.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let numbers = std::iter::successors(Some(1), step).skip(1);
    let bytes = numbers.map(|number| (number >> 24) as u8);
    bytes.take(header.value_len).collect()
}

fn sample(value: fn(&Header) -> Vec<u8>) -> (Vec<Header>, Built) {
    let headers = vec![
        header(5, 2, "/registry/pods/a", 0, 3),
        tombstone(5, 3, "/registry/pods/ab"),
        header(6, 0, "/registry/pods/b", -77, 0),
        header(1 << 40, 9, "x", i64::MAX, 300),
    ];
    let mut builder = Builder::default();
    for header in &headers {
        builder.push(header, &value(header));
    }
    (headers, builder.finish())
}

#[test]
fn both_entries_give_back_what_went_in() {
    for value in KINDS {
        let (headers, built) = sample(value);
        assert_eq!(
            (built.records, built.first, built.last),
            (4, headers[0].rev, headers[3].rev)
        );
        let mut found = Vec::new();
        read_headers(&built.headers, |header| found.push(header.clone())).unwrap();
        assert_eq!(found, headers);
        assert_eq!(count(&built.values), 4);
        let values = Values::open(built.values.into()).unwrap();
        for header in &headers {
            let (found, lease) = values.get(header.rev).unwrap();
            assert_eq!(found, value(header));
            assert_eq!(lease, header.lease);
        }
        assert!(values.get(Revision { main: 6, sub: 1 }).is_none());
    }
}

#[test]
fn values_are_packed_if_that_saves_something() {
    let lengths = KINDS.map(|value| sample(value).1.values.len());
    assert!(lengths[0] < 150, "{lengths:?}");
    assert!(lengths[1] > 300, "{lengths:?}");
    // What they cost does not depend on it.
    let costs = KINDS.map(|value| unpacked_len(&sample(value).1.values));
    assert!(costs[0] > 300 && costs[1] == lengths[1], "{costs:?}");
    assert_eq!(unpacked_len(b"abc"), 3);
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let [(_, built), (_, other)] = KINDS.map(sample);
    for entry in [&built.headers, &built.values, &other.values] {
        for bit in 0..entry.len() * 8 {
            let mut damaged = entry.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read_headers(&damaged, |_| {}).is_err());
            assert!(Values::open(damaged.into()).is_err());
        }
        for len in 0..entry.len() {
            assert!(read_headers(&entry[..len], |_| {}).is_err());
            assert!(Values::open(entry[..len].to_vec().into()).is_err());
        }
    }
}

#[test]
fn malformed_bodies_with_a_good_checksum_are_refused_without_panic() {
    let [(_, built), (_, other)] = KINDS.map(sample);
    for entry in [&built.headers, &built.values, &other.values] {
        for at in CRC_BYTES..entry.len().min(80) {
            for byte in 0..=255 {
                let mut damaged = entry.clone();
                damaged[at] = byte;
                let crc = crc32c::crc32c(&damaged[CRC_BYTES..]);
                damaged[..CRC_BYTES].copy_from_slice(&crc.to_le_bytes());
                let _ = read_headers(&damaged, |_| {});
                let _ = Values::open(damaged.into());
            }
        }
    }
}

#[test]
fn chunks_that_are_nearly_right_are_refused() {
    let seeds = KINDS.map(|value| sample(value).1);
    let seeds = [&seeds[0], &seeds[1]].map(|built| [built.headers.to_vec(), built.values.to_vec()]);
    let seeds: Vec<Vec<u8>> = seeds.into_iter().flatten().collect();
    crate::fuzz::nearly(&seeds, |bytes| {
        let _ = is_whole(bytes);
        let _ = read_headers(bytes, |_| {});
        let opened = Values::open(Bytes::copy_from_slice(bytes));
        if let Ok(values) = opened {
            values.get(Revision { main: 5, sub: 2 });
        }
    });
}
