//! Hand-made connections: what goes in, and what `h2` would get to read.

use super::*;
use proptest::prelude::*;

const BAD: &str = "#initially=[127.0.0.1:2379]";

/// A frame with its nine bytes in front.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let mut bytes = (length << 8 | u32::from(kind)).to_be_bytes().to_vec();
    bytes.push(flags);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A block as a client encodes it, with the dynamic table in use.
fn block(encoder: &mut hpack::Encoder<'_>, authority: &str) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/etcdserverpb.KV/Put"),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("user-agent", "grpc-go/1.38.0"),
    ];
    encoder.encode(
        fields
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes())),
    )
}

fn start() -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(0x4, 0, 0, &[0, 3, 0, 0, 0, 100]));
    bytes.extend(frame(0x8, 0, 0, &[0, 1, 0, 0]));
    bytes
}

/// What comes out if the input arrives in pieces of `size`.
fn pass(input: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let mut frames = Frames::new();
    let mut out = BytesMut::new();
    for piece in input.chunks(size) {
        frames.feed(piece, &mut out)?;
    }
    Ok(out.to_vec())
}

/// The frames after the preface: kind, flags, stream, payload.
fn split(mut bytes: &[u8]) -> Vec<(u8, u8, u32, Vec<u8>)> {
    bytes = bytes.strip_prefix(PREFACE).unwrap();
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let head = bytes.get_u32();
        let (flags, stream) = (bytes.get_u8(), bytes.get_u32());
        let payload = bytes.copy_to_bytes((head >> 8) as usize).to_vec();
        frames.push(((head & 0xff) as u8, flags, stream, payload));
    }
    frames
}

fn authority_in(block: &[u8]) -> String {
    let fields = hpack::Decoder::new().decode(block).unwrap();
    let found = fields
        .into_iter()
        .find(|(name, _)| name == b":authority")
        .unwrap();
    String::from_utf8(found.1).unwrap()
}

#[test]
fn a_connection_with_a_good_authority_passes_untouched() {
    let mut encoder = hpack::Encoder::new();
    let mut input = start();
    for stream in [1, 3, 5] {
        let block = block(&mut encoder, "127.0.0.1:2379");
        input.extend(frame(TYPE_HEADERS, FLAG_END_HEADERS, stream, &block));
        input.extend(frame(0, 1, stream, b"\0\0\0\0\x02hi"));
    }
    for size in [1, 7, 24, 1000, input.len()] {
        assert_eq!(pass(&input, size).unwrap(), input, "pieces of {size}");
    }
}

#[test]
fn a_bad_authority_is_replaced_in_every_block() {
    let mut encoder = hpack::Encoder::new();
    let mut input = start();
    for stream in [1, 3, 5] {
        let block = block(&mut encoder, BAD);
        input.extend(frame(TYPE_HEADERS, FLAG_END_HEADERS, stream, &block));
        input.extend(frame(0, 1, stream, b"\0\0\0\0\x02hi"));
        input.extend(frame(6, 0, 0, b"12345678"));
    }
    for size in [1, 5, 24, 1000, input.len()] {
        let frames = split(&pass(&input, size).unwrap());
        let kinds: Vec<u8> = frames.iter().map(|(kind, ..)| *kind).collect();
        assert_eq!(kinds, [4, 8, 1, 0, 6, 1, 0, 6, 1, 0, 6], "pieces of {size}");
        for (_, flags, _, block) in frames.iter().filter(|(kind, ..)| *kind == TYPE_HEADERS) {
            assert_eq!(
                (*flags, authority_in(block).as_str()),
                (FLAG_END_HEADERS, "localhost")
            );
        }
        assert_eq!(frames[3].3, b"\0\0\0\0\x02hi");
        assert_eq!(
            (frames[8].2, frames[10].3.as_slice()),
            (5, b"12345678".as_slice())
        );
    }
}

#[test]
fn padding_priority_and_continuations_are_understood() {
    let whole = block(&mut hpack::Encoder::new(), BAD);
    let (first, rest) = whole.split_at(10);
    let mut padded = vec![3, 0, 0, 0, 0, 16];
    padded.extend(first);
    padded.extend([0, 0, 0]);
    let mut input = start();
    input.extend(frame(
        TYPE_HEADERS,
        FLAG_PADDED | FLAG_PRIORITY | FLAG_END_STREAM,
        1,
        &padded,
    ));
    input.extend(frame(TYPE_CONTINUATION, 0, 1, &[]));
    input.extend(frame(TYPE_CONTINUATION, FLAG_END_HEADERS, 1, rest));
    let frames = split(&pass(&input, 1).unwrap());
    let (_, flags, stream, block) = frames.last().unwrap();
    assert_eq!((*flags, *stream), (FLAG_END_HEADERS | FLAG_END_STREAM, 1));
    assert_eq!(authority_in(block), "localhost");
}

#[test]
fn the_first_bytes_go_on_before_any_request_comes() {
    // Go waits for the server's SETTINGS, which only come once h2 has seen the client's.
    assert_eq!(pass(&start(), 3).unwrap(), start());
}

#[test]
fn a_block_larger_than_a_frame_is_split_again() {
    let long = "x".repeat(20_000);
    let fields = [
        (":authority", BAD),
        (":path", "/"),
        ("a", long.as_str()),
        ("b", long.as_str()),
    ];
    let mut encoder = hpack::Encoder::new();
    let block = encoder.encode(
        fields
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes())),
    );
    let mut input = start();
    let mut pieces = block.chunks(FRAME_BYTES_MAX).enumerate().peekable();
    while let Some((at, piece)) = pieces.next() {
        let kind = if at == 0 {
            TYPE_HEADERS
        } else {
            TYPE_CONTINUATION
        };
        let flags = if pieces.peek().is_none() {
            FLAG_END_HEADERS
        } else {
            0
        };
        input.extend(frame(kind, flags, 7, piece));
    }
    let frames = split(&pass(&input, 4096).unwrap());
    assert!(
        frames
            .iter()
            .all(|(.., payload)| payload.len() <= FRAME_BYTES_MAX)
    );
    let blocks: Vec<u8> = frames[2..]
        .iter()
        .flat_map(|(.., payload)| payload.clone())
        .collect();
    assert_eq!(authority_in(&blocks), "localhost");
    let ends: Vec<u8> = frames[2..]
        .iter()
        .map(|(_, flags, ..)| flags & FLAG_END_HEADERS)
        .collect();
    assert_eq!(ends, [0, 0, FLAG_END_HEADERS]);
}

#[test]
fn what_cannot_be_decoded_is_left_to_h2() {
    let mut input = start();
    input.extend(frame(
        TYPE_HEADERS,
        FLAG_END_HEADERS,
        1,
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ));
    input.extend(frame(0, 1, 1, b"x"));
    assert_eq!(pass(&input, 11).unwrap(), input);
    let mut broken = start();
    broken.extend(frame(
        TYPE_HEADERS,
        FLAG_PADDED | FLAG_END_HEADERS,
        1,
        &[200, 1, 2],
    ));
    assert_eq!(pass(&broken, 11).unwrap(), broken);
}

#[test]
fn what_cannot_be_decoded_once_blocks_are_rewritten_ends_the_connection() {
    let mut input = start();
    let block = block(&mut hpack::Encoder::new(), BAD);
    input.extend(frame(TYPE_HEADERS, FLAG_END_HEADERS, 1, &block));
    input.extend(frame(
        TYPE_HEADERS,
        FLAG_END_HEADERS,
        3,
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ));
    assert_eq!(
        pass(&input, 50).unwrap_err().kind(),
        io::ErrorKind::InvalidData
    );
}

#[test]
fn an_endless_block_is_not_collected() {
    let mut frames = Frames::new();
    let mut out = BytesMut::new();
    frames.feed(&start(), &mut out).unwrap();
    frames
        .feed(&frame(TYPE_HEADERS, 0, 1, &[0; 16]), &mut out)
        .unwrap();
    for _ in 0..100 {
        frames
            .feed(
                &frame(TYPE_CONTINUATION, 0, 1, &[0; FRAME_BYTES_MAX]),
                &mut out,
            )
            .unwrap();
        assert!(frames.raw.len() <= 2 * BLOCK_BYTES_MAX);
    }
    assert!(frames.done, "left to h2, which refuses it");
}

proptest! {
    #[test]
    fn garbage_never_panics_and_never_grows(bytes in proptest::collection::vec(any::<u8>(), 0..2000), size in 1_usize..100) {
        let mut input = PREFACE.to_vec();
        input.extend(&bytes);
        let out = pass(&input, size);
        prop_assert!(out.map_or(true, |out| out.len() <= input.len() * 60 + 64));
    }

    #[test]
    fn garbage_in_blocks_never_panics(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 1..6)) {
        let mut input = start();
        let first = block(&mut hpack::Encoder::new(), BAD);
        input.extend(frame(TYPE_HEADERS, FLAG_END_HEADERS, 1, &first));
        for payload in &blocks {
            input.extend(frame(TYPE_HEADERS, FLAG_END_HEADERS, 3, payload));
        }
        let _ = pass(&input, 17);
    }
}
