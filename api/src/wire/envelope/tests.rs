use proptest::prelude::*;

use super::*;

#[test]
fn an_envelope_is_these_bytes() {
    let joined = join("v1", "Pod", b"raw");
    let expected = b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x03raw\x1a\0\"\0";
    assert_eq!(joined, expected);
    let around = split(&joined).unwrap();
    assert_eq!(
        (around.api_version, around.kind, around.raw),
        ("v1", "Pod", &b"raw"[..])
    );
}

#[test]
fn what_is_no_envelope_is_told_in_upstreams_words() {
    let error = |bytes: &[u8]| split(bytes).unwrap_err().to_string();
    assert_eq!(error(b""), "empty data");
    assert_eq!(
        error(b"{}"),
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    );
    assert_eq!(error(b"k8s\0"), "empty body");
    assert_eq!(error(b"k8s\0\x0a\x7f"), "unexpected EOF");
}

#[test]
fn a_watch_frame_is_these_bytes() {
    let frame = watch_frame("ADDED", b"object");
    let body = b"\x0a\x05ADDED\x12\x08\x0a\x06object";
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    assert_eq!(frame, [&length[..], body].concat());
}

#[test]
fn frames_are_taken_off_one_by_one() {
    let bytes = [watch_frame("ADDED", b"a"), watch_frame("DELETED", b"b")].concat();
    let (first, used) = watch_event(&bytes, 100).unwrap().unwrap();
    assert_eq!((first.event, first.object), ("ADDED", &b"a"[..]));
    let rest = &bytes[used..];
    for end in 0..rest.len() {
        assert_eq!(watch_event(&rest[..end], 100), Ok(None));
    }
    let (second, used) = watch_event(rest, 100).unwrap().unwrap();
    assert_eq!((second.event, second.object), ("DELETED", &b"b"[..]));
    assert_eq!(used, rest.len());
}

#[test]
fn a_frame_beyond_the_bound_is_refused() {
    let error = watch_event(b"\xff\xff\xff\xff", 1000).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a frame of 4294967295 bytes is longer than 1000"
    );
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = split(&bytes);
        let _ = split(&[MAGIC, &bytes].concat());
        let _ = watch_event(&bytes, 1000);
    }

    #[test]
    fn what_is_joined_is_split(version in "[a-z0-9/.]{0,9}", kind in "[A-Za-z]{0,9}", raw in prop::collection::vec(any::<u8>(), 0..3000)) {
        let joined = join(&version, &kind, &raw);
        let around = split(&joined).unwrap();
        prop_assert_eq!(around.api_version, version);
        prop_assert_eq!(around.kind, kind);
        prop_assert_eq!(around.raw, raw);
    }
}
