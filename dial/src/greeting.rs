//! Whether the other end of a connection speaks at all.
//!
//! A server that refuses a client's certificate by TLS 1.3, or by a list of revoked ones, lets the
//! handshake end well on the client's side, and closes the connection then. gRPC counts a connection
//! as one when the server's settings have come (RFC 9113 §3.4).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// A stream that tells once whether anything was read from it.
pub(super) struct Greeting<S> {
    stream: S,
    heard: Option<oneshot::Sender<Result<(), String>>>,
}

impl<S> Greeting<S> {
    /// The stream, and what is told of it.
    pub(super) fn new(stream: S) -> (Self, oneshot::Receiver<Result<(), String>>) {
        let (heard, told) = oneshot::channel();
        let heard = Some(heard);
        (Self { stream, heard }, told)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Greeting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if let Some(heard) = self.heard.take() {
            let is_end = buffer.filled().len() == before;
            // Whoever waited for it may have given up.
            let _ = heard.send(match &read {
                // TLS wants to be told of an end, which few care for.
                Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Err("EOF".into()),
                Err(why) => Err(why.to_string()),
                Ok(()) if is_end => Err("EOF".into()),
                Ok(()) => Ok(()),
            });
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Greeting<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
