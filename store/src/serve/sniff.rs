//! Telling HTTP/2 from HTTP/1 by the first bytes, which are kept for whoever reads on.

use super::authority::PREFACE;
use bytes::BytesMut;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How long a client may take to say what it speaks; etcd gives HTTP/1 as long for its headers.
pub(super) const FIRST_BYTES_WITHIN: Duration = Duration::from_secs(300);

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Reads until the protocol is clear; gives it and what was read.
pub(super) async fn protocol<S>(socket: &mut S) -> io::Result<(Protocol, BytesMut)>
where
    S: AsyncRead + Unpin,
{
    let mut start = BytesMut::with_capacity(1024);
    let read = async {
        loop {
            if !PREFACE.starts_with(&start[..start.len().min(PREFACE.len())]) {
                return Ok::<_, io::Error>(Protocol::Http1);
            }
            if start.len() >= PREFACE.len() {
                return Ok(Protocol::Http2);
            }
            if socket.read_buf(&mut start).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    };
    let protocol = tokio::time::timeout(FIRST_BYTES_WITHIN, read).await??;
    Ok((protocol, start))
}
