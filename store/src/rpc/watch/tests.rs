use super::*;
use proto::mvccpb::{Event, KeyValue};

fn response(sizes: &[usize]) -> pb::WatchResponse {
    let events = sizes.iter().enumerate().map(|(n, size)| Event {
        kv: Some(KeyValue {
            key: vec![b'k'; *size].into(),
            mod_revision: n as i64 + 2,
            ..Default::default()
        }),
        ..Default::default()
    });
    pb::WatchResponse {
        header: Some(pb::ResponseHeader {
            revision: 1_000,
            ..Default::default()
        }),
        watch_id: 3,
        events: events.collect(),
        ..Default::default()
    }
}

#[test]
fn pieces_stay_below_the_limit_and_say_that_there_is_more() {
    let table: &[(&[usize], usize, &[usize])] = &[
        (&[], 10, &[0]),
        (&[10, 10], 1_000, &[2]),
        (&[5_000], 1_000, &[1]),
        (&[400, 400, 400, 400], 1_000, &[2, 2]),
        (&[400, 400, 400, 10], 1_000, &[2, 2]),
        (&[5_000, 10, 10], 1_000, &[1, 2]),
        (&[10, 10, 5_000], 1_000, &[2, 1]),
        (&[5_000, 5_000], 1_000, &[1, 1]),
    ];
    for (sizes, bytes_max, expected) in table {
        let whole = response(sizes);
        let pieces = fragments(whole.clone(), *bytes_max);
        let counts: Vec<usize> = pieces.iter().map(|p| p.events.len()).collect();
        assert_eq!(counts, *expected, "{sizes:?}");
        let (last, others) = pieces.split_last().unwrap();
        assert!(!last.fragment, "{sizes:?}");
        assert!(others.iter().all(|p| p.fragment), "{sizes:?}");
        for piece in &pieces {
            let is_small = piece.encoded_len() < *bytes_max;
            assert!(is_small || piece.events.len() < 2, "{sizes:?}");
            assert_eq!((piece.watch_id, &piece.header), (3, &whole.header));
        }
        let events: Vec<Event> = pieces.into_iter().flat_map(|p| p.events).collect();
        assert_eq!(events, whole.events, "{sizes:?}");
    }
}

#[test]
fn an_empty_key_stands_for_the_first_there_is() {
    let request = |key: &'static [u8], filters: &[FilterType]| pb::WatchCreateRequest {
        key: Bytes::from_static(key),
        filters: filters.iter().map(|f| *f as i32).collect(),
        ..Default::default()
    };
    assert_eq!(spec(request(b"", &[])).key.as_ref(), b"\0");
    assert_eq!(spec(request(b"a", &[])).key.as_ref(), b"a");
    let of = |filters: &[FilterType]| {
        let spec = spec(request(b"a", filters));
        (spec.no_put, spec.no_delete)
    };
    assert_eq!(of(&[FilterType::Noput]), (true, false));
    assert_eq!(of(&[FilterType::Nodelete]), (false, true));
    assert_eq!(of(&[FilterType::Nodelete, FilterType::Noput]), (true, true));
}
