//! Headers as clients send them, and as they do not.

use super::*;

#[test]
fn content_types_of_calls_are_known() {
    let cases = [
        ("application/grpc", Some("")),
        ("application/grpc+proto", Some("proto")),
        ("application/grpc;charset=utf-8", Some("charset=utf-8")),
        ("application/grpc+", Some("")),
        ("application/grpc-web", None),
        ("application/json", None),
        ("", None),
    ];
    for (kind, expected) in cases {
        assert_eq!(subtype(kind), expected, "{kind}");
    }
}

#[test]
fn timeouts_are_read_as_go_reads_them() {
    let good = [
        ("1n", 1),
        ("99999999n", 99_999_999),
        ("250m", 250_000_000),
        ("0S", 0),
        ("99999999H", u64::MAX),
    ];
    for (text, nanoseconds) in good {
        let expected = Duration::from_nanos(nanoseconds);
        assert_eq!(duration(text), Ok(expected), "{text}");
    }
    let bad = [
        ("", "too short"),
        ("S", "too short"),
        ("123456789S", "too long"),
        ("10s", "not recognized"),
        ("1\u{fc}", "not recognized"),
        ("soon", "parsing \"soo\": invalid syntax"),
        ("+1S", "parsing \"+1\": invalid syntax"),
        ("-1S", "parsing \"-1\": invalid syntax"),
    ];
    for (text, expected) in bad {
        let error = duration(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn calls_that_cannot_be_carried_out_are_refused() {
    let cases = [
        ("POST", "10S", None),
        ("POST", "0m", Some((200, "4"))),
        ("POST", "soon", Some((400, "13"))),
        ("GET", "10S", Some((405, "13"))),
    ];
    for (method, timeout, expected) in cases {
        let request = Request::builder()
            .method(method)
            .header(GRPC_TIMEOUT, timeout)
            .body(())
            .unwrap();
        let refused = refused(&request);
        let found = refused.as_ref().map(|response| {
            let code = response.headers()["grpc-status"].to_str().unwrap();
            (response.status().as_u16(), code)
        });
        assert_eq!(found, expected, "{method} {timeout}");
    }
}
