//! What connections run over: TCP or a Unix socket, each with or without TLS.

use std::io;
use std::net::SocketAddr;

use tls::ServerStream;
use tokio::net::{TcpStream, UnixStream};
use tokio_util::either::Either;

/// A connection as the kernel gives it.
pub(super) type Plain = Either<TcpStream, UnixStream>;

/// A connection that can be read.
pub(super) type Socket = Either<Plain, Box<ServerStream<Plain>>>;

/// The first byte of a client that speaks TLS (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// Where the other end is; nothing for a Unix socket.
pub(super) fn remote(socket: &Plain) -> Option<SocketAddr> {
    match socket {
        Either::Left(socket) => socket.peer_addr().ok(),
        Either::Right(_) => None,
    }
}

/// Whether the next byte, which is waited for, begins a handshake of TLS.
pub(super) async fn begins_tls(socket: &Plain) -> io::Result<bool> {
    let mut first = [0];
    match socket {
        Either::Left(socket) => {
            let count = socket.peek(&mut first).await?;
            Ok(count == 1 && first == [HANDSHAKE])
        }
        // Such a listener is either one or the other.
        Either::Right(_) => Ok(false),
    }
}
