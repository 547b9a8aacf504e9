//! What etcd, being written in Go, tells of each request over HTTP/2 when its environment says
//! `GODEBUG=http2debug=2`: the fields of the header, one a line, on stderr.

use std::io::Write as _;

use http::{Request, Version};

/// Whether that is asked for.
pub(super) fn is_asked_for() -> bool {
    let asked = std::env::var("GODEBUG").unwrap_or_default();
    asked.split(',').any(|setting| setting == "http2debug=2")
}

/// Tells the header of a request.
pub(super) fn tell<B>(request: &Request<B>) {
    if request.version() != Version::HTTP_2 {
        return;
    }
    let uri = request.uri();
    let pseudo = [
        (":method", request.method().as_str()),
        (":scheme", uri.scheme_str().unwrap_or_default()),
        (":path", uri.path()),
        (
            ":authority",
            uri.authority().map_or("", |authority| authority.as_str()),
        ),
    ];
    let mut text = String::new();
    for (name, value) in pseudo {
        text += &line(name, value.as_bytes());
    }
    for (name, value) in request.headers() {
        text += &line(name.as_str(), value.as_bytes());
    }
    // A log that nobody takes stops nothing.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn line(name: &str, value: &[u8]) -> String {
    let value = value.escape_ascii();
    format!("http2: decoded hpack field header field \"{name}\" = \"{value}\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stands_as_go_writes_it() {
        assert_eq!(
            line(":authority", b"localhost:20000"),
            "http2: decoded hpack field header field \":authority\" = \"localhost:20000\"\n"
        );
        assert_eq!(
            line("a", b"\"\xff"),
            "http2: decoded hpack field header field \"a\" = \"\\\"\\xff\"\n"
        );
    }
}
