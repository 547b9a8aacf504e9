//! Go's text forms against values printed by Go itself.

use super::{bytes::human, duration, number, quote};

#[test]
fn sizes_have_at_most_two_digits_and_a_half() {
    for (size, text) in [
        (0, "0 B"),
        (9, "9 B"),
        (10, "10 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (20_480, "20 kB"),
        (9_999, "10 kB"),
        (2_147_483_648, "2.1 GB"),
        (82_854_982, "83 MB"),
        (u64::MAX, "18 EB"),
    ] {
        assert_eq!(human(size), text);
    }
}

#[test]
fn durations_print_as_in_go() {
    for (nanos, text) in [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (1_856_347, "1.856347ms"),
        (1_000_000_000, "1s"),
        (5_001_085_928, "5.001085928s"),
        (60_000_000_000, "1m0s"),
        (3_723_500_000_000, "1h2m3.5s"),
        (-1_500_000, "-1.5ms"),
    ] {
        assert_eq!(duration::format(nanos), text);
        assert_eq!(duration::parse(text), Ok(nanos));
    }
}

#[test]
fn durations_parse_as_in_go() {
    assert_eq!(duration::parse("1.5h"), Ok(5_400_000_000_000));
    assert_eq!(duration::parse("+.5s"), Ok(500_000_000));
    assert_eq!(duration::parse("0"), Ok(0));
    for (text, why) in [
        ("", "time: invalid duration \"\""),
        ("x", "time: invalid duration \"x\""),
        (".s", "time: invalid duration \".s\""),
        ("3", "time: missing unit in duration \"3\""),
        ("3x", "time: unknown unit \"x\" in duration \"3x\""),
        ("9999999999h", "time: invalid duration \"9999999999h\""),
    ] {
        assert_eq!(duration::parse(text), Err(why.to_owned()));
    }
}

#[test]
fn numbers_parse_as_in_go() {
    for (text, value) in [
        ("0", 0),
        ("-0x10", -16),
        ("0b11", 3),
        ("0o17", 15),
        ("017", 15),
        ("1_000", 1000),
        ("-9223372036854775808", i64::MIN),
        ("+5", 5),
    ] {
        assert_eq!(number::parse_int(text.as_bytes(), 0), Ok(value), "{text}");
    }
    for text in ["", "-", "1_", "_1", "1__0", "0x", "08", " 1", "1e3"] {
        assert!(number::parse_int(text.as_bytes(), 0).is_err(), "{text}");
    }
    assert_eq!(number::parse_int(b"7f", 16), Ok(0x7f));
    assert!(number::parse_int(b"0x7f", 16).is_err());
    assert!(number::parse_int(b"1_0", 10).is_err());
    assert!(number::parse_int(b"-9223372036854775809", 10).is_err());
}

#[test]
fn quoting_keeps_every_byte() {
    for (bytes, text) in [
        (&b"foo"[..], r#""foo""#),
        (b"\"\\\n\t\x07\x0b\x00\x7f", r#""\"\\\n\t\a\v\x00\x7f""#),
        (b"\xff\xc3", r#""\xff\xc3""#),
        ("é✓😀\u{a0}\u{200b}".as_bytes(), r#""é✓😀\u00a0\u200b""#),
    ] {
        assert_eq!(quote::quote(bytes), text);
        let back = quote::unquote(text.as_bytes());
        assert_eq!(back.as_deref(), Some(bytes));
    }
}

#[test]
fn only_literals_are_unquoted() {
    assert_eq!(quote::unquote(b"`a\\n`").as_deref(), Some(&b"a\\n"[..]));
    assert_eq!(
        quote::unquote(b"\"\\101\\u00e9\"").as_deref(),
        Some("Aé".as_bytes())
    );
    for text in [
        "",
        "\"",
        "a",
        "'a'",
        "\"a",
        "\"\\q\"",
        "\"\\x1\"",
        "\"\\400\"",
        "\"\\ud800\"",
        "\"a\"b\"",
    ] {
        assert_eq!(quote::unquote(text.as_bytes()), None, "{text}");
    }
}
