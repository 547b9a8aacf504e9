//! Opening the listeners, with Go's words for what can go wrong.

use crate::config::{Config, Url, url::split_host_port};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Connections that may wait to be accepted; the kernel caps it at `somaxconn`.
const BACKLOG: i32 = 4096;
/// How often the kernel probes a silent connection; Go does it as often.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("listen tcp {address}: {step}: {}", words(.why))]
    Listen {
        /// The address as Go shows it.
        address: String,
        /// `bind`, `listen` or `lookup`.
        step: &'static str,
        /// The reason.
        why: io::Error,
    },
    /// One URL stands in two lists.
    #[error(
        "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url {0}"
    )]
    Both(String),
}

/// The words Go has for an error of the operating system.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".into(),
        io::ErrorKind::AddrNotAvailable => "cannot assign requested address".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string().to_lowercase(),
    }
}

/// What a listener lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Traffic {
    /// gRPC and HTTP.
    Both,
    /// gRPC, as HTTP has URLs of its own.
    Grpc,
    /// HTTP.
    Http,
    /// The metrics port.
    Metrics,
    /// Other members.
    Peer,
}

impl Traffic {
    fn name(self) -> &'static str {
        match self {
            Traffic::Both => "grpc+http",
            Traffic::Grpc => "grpc",
            Traffic::Http => "http",
            Traffic::Metrics => "metrics",
            Traffic::Peer => "peer",
        }
    }
}

/// A listener that is open and not served yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: String,
    traffic: Traffic,
}

impl Bound {
    /// The address as it was given, as `localhost:2379`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What is served, in etcd's words: `grpc+http`, `grpc`, `http`, `metrics` or `peer`.
    #[must_use]
    pub fn traffic_name(&self) -> &'static str {
        self.traffic.name()
    }

    /// The address the kernel gave.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }

    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        let (socket, _) = self.listener.accept().await?;
        // A peer that is gone already is found out when it is read.
        let _ = socket.set_nodelay(true);
        if self.traffic == Traffic::Peer {
            // Answers lost in a cut between members are repeated at a steady pace.
            let _ = socket2::SockRef::from(&socket).set_tcp_thin_linear_timeouts(true);
        }
        Ok(socket)
    }
}

/// Opens the listeners for clients. Must run inside the runtime.
///
/// # Errors
/// If an address is in use or not this machine's; the listeners opened so far are closed.
pub fn bind(config: &Config) -> Result<Vec<Bound>, Error> {
    let (clients, http) = (&config.listen_client_urls, &config.listen_client_http_urls);
    if let Some(both) = http
        .iter()
        .find(|url| clients.iter().any(|u| u.authority == url.authority))
    {
        return Err(Error::Both(both.to_string()));
    }
    let traffic = if http.is_empty() {
        Traffic::Both
    } else {
        Traffic::Grpc
    };
    let clients = clients.iter().map(|url| open(url, traffic, config));
    clients
        .chain(http.iter().map(|url| open(url, Traffic::Http, config)))
        .collect()
}

/// Opens the listeners of `--listen-metrics-urls`. Must run inside the runtime.
///
/// # Errors
/// As [`bind`].
pub fn bind_metrics(config: &Config) -> Result<Vec<Bound>, Error> {
    let urls = config.listen_metrics_urls.iter();
    urls.map(|url| open(url, Traffic::Metrics, config))
        .collect()
}

/// Opens the listeners of `--listen-peer-urls`. Must run inside the runtime.
///
/// # Errors
/// As [`bind`].
pub fn bind_peers(config: &Config) -> Result<Vec<Bound>, Error> {
    let urls = config.listen_peer_urls.iter();
    urls.map(|url| open(url, Traffic::Peer, config)).collect()
}

fn open(url: &Url, traffic: Traffic, config: &Config) -> Result<Bound, Error> {
    let fail = |step, address: &str| {
        let address = address.to_owned();
        move |why| Error::Listen { address, step, why }
    };
    let asked = resolve(&url.authority).map_err(fail("lookup", &url.authority))?;
    let shown = asked.to_string();
    let listener = match dual_stack(asked, config) {
        Some(listener) => Ok(listener),
        None => listen(asked, config),
    };
    let listener = listener.map_err(fail("bind", &shown))?;
    let listener = TcpListener::from_std(listener).map_err(fail("listen", &shown))?;
    Ok(Bound {
        listener,
        address: url.authority.clone(),
        traffic,
    })
}

/// The address of `host:port`; of several the first of IPv4, as Go chooses.
fn resolve(authority: &str) -> io::Result<SocketAddr> {
    if let Ok(address) = authority.parse() {
        return Ok(address);
    }
    let (host, port) = split_host_port(authority).unwrap_or((authority, ""));
    let port = port.parse().map_err(|_| io::Error::other("unknown port"))?;
    let found: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    let first = found
        .iter()
        .find(|address| address.is_ipv4())
        .or_else(|| found.first());
    first
        .copied()
        .ok_or_else(|| io::Error::other("no such host"))
}

/// `0.0.0.0` means every address, those of IPv6 too, where the machine has it.
fn dual_stack(asked: SocketAddr, config: &Config) -> Option<std::net::TcpListener> {
    if asked.ip() != IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
        return None;
    }
    listen(
        SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), asked.port()),
        config,
    )
    .ok()
}

fn listen(address: SocketAddr, config: &Config) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // Go always sets this, so --socket-reuse-address has nothing to add.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(config.socket_reuse_port)?;
    // Accepted connections inherit it.
    let keepalive = TcpKeepalive::new()
        .with_time(TCP_KEEPALIVE)
        .with_interval(TCP_KEEPALIVE);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
