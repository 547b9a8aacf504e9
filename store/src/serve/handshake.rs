//! What a connection has to pass before it is read: a handshake, where its listener has TLS.

use tokio::time::timeout;
use tokio_util::either::Either;

use tls::{Rejected, Server, ServerStream};

use super::listen::{Security, Traffic};
use super::sniff::FIRST_BYTES_WITHIN;
use super::socket::{Plain, Socket, begins_tls, remote};

/// See the module.
pub(super) struct Guard {
    security: Security,
    traffic: Traffic,
    /// Whether a client's certificate must name the address that it calls from.
    checks_address: bool,
}

impl Guard {
    pub(super) fn new(security: Security, traffic: Traffic, checks_address: bool) -> Self {
        Self {
            security,
            traffic,
            checks_address,
        }
    }

    /// The connection, ready to be read; nothing if it was refused, which is logged.
    pub(super) async fn pass(&self, socket: Plain) -> Option<Socket> {
        let server = match &self.security {
            Security::Plain => return Some(Either::Left(socket)),
            Security::Tls(server) => server,
            Security::Either(server) => {
                match timeout(FIRST_BYTES_WITHIN, begins_tls(&socket)).await {
                    Ok(Ok(true)) => server,
                    Ok(Ok(false)) => return Some(Either::Left(socket)),
                    Ok(Err(_)) | Err(_) => return None,
                }
            }
        };
        let remote = remote(&socket);
        match self.shake(server, socket).await {
            Ok(stream) => Some(Either::Right(Box::new(stream))),
            Err(error) => {
                let remote = remote.map_or_else(String::new, |address| address.to_string());
                self.tell(&remote, &error);
                None
            }
        }
    }

    async fn shake(&self, server: &Server, socket: Plain) -> Result<ServerStream<Plain>, Rejected> {
        let remote = remote(&socket).map(|address| address.ip());
        let stream = server.accept(socket).await?;
        if let (true, Some(remote)) = (self.checks_address, remote) {
            Server::check_address(&stream, remote).await?;
        }
        Ok(stream)
    }

    /// Whoever only looks whether the port is open is not worth a line.
    fn tell(&self, remote: &str, error: &Rejected) {
        let is_peer = self.traffic == Traffic::Peer;
        let message = match is_peer {
            true => "rejected connection on peer endpoint",
            false => "rejected connection on client endpoint",
        };
        match error.is_end() {
            true => tracing::debug!("remote-addr" = remote, %error, "{message}"),
            false => tracing::warn!("remote-addr" = remote, %error, "{message}"),
        }
    }
}
