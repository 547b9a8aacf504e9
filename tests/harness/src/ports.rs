//! Ports from the kernel.
//!
//! A server which prints no port of its own must be told one before it starts, so there is a
//! moment between the asking and the use. [`crate::Server`] starts again with new ports when
//! another process was quicker; the members of a [`crate::Cluster`] have theirs reserved.

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use crate::Error;

/// A TCP port on 127.0.0.1 that was free a moment ago.
///
/// # Errors
/// [`Error::Io`] when the kernel has no port left.
pub fn free_port() -> Result<u16, Error> {
    let [port] = free_ports()?;
    Ok(port)
}

/// `N` different ports: all are held until the last is known.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N], Error> {
    let mut ports = [0; N];
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(Error::io("get a port on", "127.0.0.1"))?;
        *port = listener
            .local_addr()
            .map_err(Error::io("read the port of", "127.0.0.1"))?
            .port();
        held.push(listener);
    }
    Ok(ports)
}

/// A TCP port on 127.0.0.1 that stays free for one server, over all its restarts, until this is
/// dropped.
///
/// A socket holds it, bound but not listening. The kernel gives such a port to nobody who asks for
/// any port, which is what a port of a killed server otherwise comes to; a server that asks for it
/// by number gets it, since it sets `SO_REUSEADDR` as this socket does and as servers do.
#[derive(Debug)]
pub(crate) struct Reserved {
    port: u16,
    _socket: Socket,
}

impl Reserved {
    pub(crate) fn new() -> Result<Reserved, Error> {
        let fail = || Error::io("reserve a port on", "127.0.0.1");
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).map_err(fail())?;
        socket.set_reuse_address(true).map_err(fail())?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).map_err(fail())?;
        let address = socket.local_addr().map_err(fail())?;
        let port = address.as_socket().map_or(0, |address| address.port());
        Ok(Reserved {
            port,
            _socket: socket,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}
