//! Ports from the kernel.
//!
//! A server which prints no port of its own must be told one before it starts, so there is a
//! moment between the asking and the use. [`crate::Server`] starts again with new ports when
//! another process was quicker.

use std::net::{Ipv4Addr, TcpListener};

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
