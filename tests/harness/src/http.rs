//! The smallest HTTP client that can ask a server for `/health` or `/metrics`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Error;

/// Longest wait for any one read or write of a request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `GET http://<address><path>`: the status code and the body.
///
/// `address` is `host:port` without a scheme. The connection is closed afterwards; a reply in
/// chunks is asked not to be sent by speaking HTTP/1.0.
///
/// # Errors
/// [`Error::Io`] when nothing listens or answers within ten seconds, [`Error::Http`] when the
/// answer is not HTTP.
pub fn get(address: &str, path: &str) -> Result<(u16, String), Error> {
    let mut stream = TcpStream::connect(address).map_err(Error::io("connect to", address))?;
    stream
        .set_read_timeout(Some(TIMEOUT))
        .map_err(Error::io("set a timeout for", address))?;
    stream
        .set_write_timeout(Some(TIMEOUT))
        .map_err(Error::io("set a timeout for", address))?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .map_err(Error::io("write to", address))?;
    let mut reply = Vec::new();
    stream
        .read_to_end(&mut reply)
        .map_err(Error::io("read from", address))?;
    parse(&String::from_utf8_lossy(&reply)).ok_or_else(|| Error::Http {
        url: format!("http://{address}{path}"),
        reason: excerpt(&reply),
    })
}

/// Status code and body of a whole HTTP/1 reply.
fn parse(reply: &str) -> Option<(u16, String)> {
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let status = head
        .strip_prefix("HTTP/1.")?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()?;
    Some((status, body.to_owned()))
}

/// The beginning of an answer that is not HTTP, for the error's text.
fn excerpt(reply: &[u8]) -> String {
    String::from_utf8_lossy(&reply[..reply.len().min(80)]).into_owned()
}
