//! Messages split over pieces in every way.

use super::*;

fn message(length: usize) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
    bytes.resize(PREFIX_BYTES + length, 7);
    bytes
}

#[test]
fn messages_are_counted_whatever_the_pieces() {
    let bytes = [message(0), message(3), message(300), message(1)].concat();
    for size in 1..bytes.len() {
        let mut scan = Scan::new(300);
        let count: usize = bytes
            .chunks(size)
            .map(|piece| scan.feed(piece).unwrap())
            .sum();
        assert_eq!(count, 4, "pieces of {size}");
    }
}

#[test]
fn a_message_above_the_bound_fails_before_it_is_there() {
    let mut scan = Scan::new(10);
    assert_eq!(scan.feed(&message(10)).unwrap(), 1);
    let status = scan.feed(&[0, 0xff, 0xff, 0xff, 0xff]).unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    assert_eq!(
        status.message(),
        "grpc: received message larger than max (4294967295 vs. 10)"
    );
}

#[test]
fn a_body_that_ends_inside_a_message_is_cut_off() {
    let bytes = [message(3), message(0)].concat();
    for end in 0..=bytes.len() {
        let mut scan = Scan::new(10);
        scan.feed(&bytes[..end]).unwrap();
        let whole = [0, 8, 13].contains(&end);
        assert_eq!(scan.is_between(), whole, "{end} bytes");
        let code = scan.cut_off().map(|status| status.code());
        assert_eq!(
            code,
            (!whole).then_some(tonic::Code::Unknown),
            "{end} bytes"
        );
        assert!(scan.cut_off().is_none(), "told once");
    }
}
