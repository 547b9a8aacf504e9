//! The walk must see the same outline however the bytes are cut.

use super::*;
use proto::etcdserverpb::{RangeResponse, RangeStreamResponse, ResponseHeader};
use proto::mvccpb::KeyValue;

fn range(entries: usize) -> RangeResponse {
    let kv = KeyValue {
        key: "key".into(),
        value: vec![7; 300].into(),
        mod_revision: 9,
        ..KeyValue::default()
    };
    RangeResponse {
        header: Some(ResponseHeader {
            cluster_id: u64::MAX,
            member_id: 7,
            revision: i64::MAX,
            raft_term: 2,
        }),
        kvs: vec![kv; entries],
        more: true,
        count: 100_000,
    }
}

fn frame(message: &impl prost::Message) -> Vec<u8> {
    let body = message.encode_to_vec();
    let mut bytes = vec![0];
    bytes.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

fn outlines(shape: Shape, bytes: &[u8], chunk: usize) -> Vec<Outline> {
    let mut walker = Walker::new(shape);
    let mut seen = Vec::new();
    for chunk in bytes.chunks(chunk) {
        walker
            .feed(chunk, &mut |outline| seen.push(outline))
            .unwrap();
    }
    walker.finish().unwrap();
    seen
}

#[test]
fn every_cut_gives_the_same_outline() {
    let mut bytes = frame(&range(20));
    bytes.extend_from_slice(&frame(&RangeResponse::default()));
    bytes.extend_from_slice(&frame(&range(1)));
    for chunk in 1..bytes.len() + 1 {
        let seen = outlines(Shape::Plain, &bytes, chunk);
        assert_eq!(seen.len(), 3, "chunks of {chunk}");
        assert_eq!(seen[0].revision, i64::MAX, "chunks of {chunk}");
        assert_eq!(seen[0].member, 7, "chunks of {chunk}");
        assert_eq!(seen[0].occurrences(2), 20, "chunks of {chunk}");
        assert_eq!(seen[0].number(4), 100_000, "chunks of {chunk}");
        assert_eq!(seen[1], Outline::default(), "chunks of {chunk}");
        assert_eq!(seen[2].occurrences(2), 1, "chunks of {chunk}");
    }
}

#[test]
fn a_wrapped_reply_is_seen_through() {
    let wrapped = RangeStreamResponse {
        range_response: Some(range(5)),
    };
    let bytes = frame(&wrapped);
    for chunk in [1, 2, 6, 7, 8, 50, bytes.len()] {
        let seen = outlines(Shape::Wrapped, &bytes, chunk);
        assert_eq!(seen.len(), 1, "chunks of {chunk}");
        assert_eq!(seen[0].occurrences(2), 5);
        assert_eq!(seen[0].revision, i64::MAX);
    }
}

#[test]
fn nonsense_is_refused() {
    let feed = |bytes: &[u8]| {
        let mut walker = Walker::new(Shape::Plain);
        walker
            .feed(bytes, &mut |_| ())
            .and_then(|()| walker.finish())
    };
    assert_eq!(feed(&[1, 0, 0, 0, 0]), Err(Malformed::Compressed));
    assert_eq!(feed(&[0, 0, 0]), Err(Malformed::Truncated));
    assert_eq!(feed(&[0, 0, 0, 0, 9, 8]), Err(Malformed::Truncated));
    assert_eq!(feed(&[0, 0, 0, 0, 1, 8]), Err(Malformed::Truncated));
    assert!(feed(&[0, 0, 0, 0, 1, 7]).is_err());
    let mut endless = vec![0, 0, 0, 0, 20];
    endless.extend([0xff; 20]);
    assert!(feed(&endless).is_err());
}
