//! Opening the listeners, with Go's words for what can go wrong.

use super::socket::Plain;
use crate::config::{Config, Url, url::split_host_port};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};

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
    /// The Unix socket cannot be listened on.
    #[error("listen unix {}: {step}: {}", .path.display(), words(.why))]
    Unix {
        /// Where.
        path: PathBuf,
        /// `bind` or `remove`.
        step: &'static str,
        /// The reason.
        why: io::Error,
    },
    /// Clients cannot be spoken to with TLS.
    #[error("{0}")]
    Tls(#[from] tls::Error),
    /// There is no certificate for other members to see.
    #[error("cannot listen on TLS for {0}: KeyFile and CertFile are not presented")]
    NoPeerCertificate(String),
    /// There is no certificate for those who ask for metrics.
    #[error(
        "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url"
    )]
    NoMetricsCertificate,
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
    listener: Listener,
    address: String,
    traffic: Traffic,
    security: Security,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix {
        listener: UnixListener,
        /// Removes the path in the end.
        _path: Removed,
    },
}

/// A Unix socket's path, which is gone when this is dropped.
#[derive(Debug)]
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Whether connections are encrypted.
#[derive(Debug, Clone)]
pub(super) enum Security {
    /// None is.
    Plain,
    /// Each is.
    Tls(tls::Server),
    /// Those are whose client wants it: the same address stands with both schemes.
    Either(tls::Server),
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

    /// Whether there are clients that are spoken to without TLS, and ones with it.
    #[must_use]
    pub fn serves(&self) -> (bool, bool) {
        match self.security {
            Security::Plain => (true, false),
            Security::Tls(_) => (false, true),
            Security::Either(_) => (true, true),
        }
    }

    /// The address the kernel gave; for a Unix socket its path.
    #[must_use]
    pub fn local_address(&self) -> String {
        match self.local_addr() {
            Some(address) => address.to_string(),
            None => self.address.clone(),
        }
    }

    /// The address the kernel gave; nothing for a Unix socket.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.listener {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Unix { .. } => None,
        }
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }

    pub(super) fn security(&self) -> Security {
        self.security.clone()
    }

    pub(super) async fn accept(&self) -> io::Result<Plain> {
        let listener = match &self.listener {
            Listener::Tcp(listener) => listener,
            Listener::Unix { listener, .. } => return Ok(Plain::Right(listener.accept().await?.0)),
        };
        let (socket, _) = listener.accept().await?;
        // A peer that is gone already is found out when it is read.
        let _ = socket.set_nodelay(true);
        if self.traffic == Traffic::Peer {
            // Answers lost in a cut between members are repeated at a steady pace.
            let _ = socket2::SockRef::from(&socket).set_tcp_thin_linear_timeouts(true);
        }
        Ok(Plain::Left(socket))
    }
}

/// Opens the listeners for clients. Must run inside the runtime.
///
/// # Errors
/// If an address is in use or not this machine's, or a certificate cannot be read; the listeners
/// opened so far are closed.
pub fn bind(config: &Config) -> Result<Vec<Bound>, Error> {
    let (clients, http) = (&config.listen_client_urls, &config.listen_client_http_urls);
    for url in clients.iter().chain(http) {
        warn_of_ignored(url, &config.client_security.tls);
    }
    if let Some(both) = http
        .iter()
        .find(|url| clients.iter().any(|u| u.address() == url.address()))
    {
        return Err(Error::Both(both.to_string()));
    }
    let traffic = if http.is_empty() {
        Traffic::Both
    } else {
        Traffic::Grpc
    };
    let tls = server(clients.iter().chain(http), &config.client_security.tls)?;
    let mut bound = open_all(clients, traffic, tls.as_ref(), config)?;
    bound.extend(open_all(http, Traffic::Http, tls.as_ref(), config)?);
    Ok(bound)
}

/// Opens the listeners of `--listen-metrics-urls`. Must run inside the runtime.
///
/// # Errors
/// As [`bind`].
pub fn bind_metrics(config: &Config) -> Result<Vec<Bound>, Error> {
    let urls = &config.listen_metrics_urls;
    if urls.iter().any(Url::is_tls) && config.client_security.tls.is_empty() {
        return Err(Error::NoMetricsCertificate);
    }
    let tls = server(urls, &config.client_security.tls)?;
    open_all(urls, Traffic::Metrics, tls.as_ref(), config)
}

/// Opens the listeners of `--listen-peer-urls`. Must run inside the runtime.
///
/// # Errors
/// As [`bind`].
pub fn bind_peers(config: &Config) -> Result<Vec<Bound>, Error> {
    let urls = &config.listen_peer_urls;
    for url in urls {
        warn_of_ignored(url, &config.peer_security.tls);
        if url.is_tls() && config.peer_security.tls.is_empty() {
            return Err(Error::NoPeerCertificate(url.address()));
        }
    }
    let tls = server(urls, &config.peer_security.tls)?;
    open_all(urls, Traffic::Peer, tls.as_ref(), config)
}

/// What speaks TLS, if one of the URLs asks for it.
fn server<'a>(
    urls: impl IntoIterator<Item = &'a Url>,
    settings: &tls::Settings,
) -> Result<Option<tls::Server>, Error> {
    let mut urls = urls.into_iter();
    let server = urls.any(Url::is_tls).then(|| tls::Server::new(settings));
    Ok(server.transpose()?)
}

/// Says what of the flags counts for nothing, since the URL does not ask for it.
fn warn_of_ignored(url: &Url, settings: &tls::Settings) {
    if url.is_tls() {
        return;
    }
    if !settings.is_empty() {
        tracing::warn!(
            %url,
            "scheme is http or unix while key and cert files are present; ignoring key and cert files"
        );
    }
    if settings.client_cert_auth {
        tracing::warn!(
            %url,
            "scheme is http or unix while client cert auth is enabled; ignoring client cert auth for this URL"
        );
    }
}

/// Opens each address once, whatever its schemes.
fn open_all(
    urls: &[Url],
    traffic: Traffic,
    tls: Option<&tls::Server>,
    config: &Config,
) -> Result<Vec<Bound>, Error> {
    let mut opened: Vec<&Url> = Vec::new();
    let mut bound = Vec::new();
    for url in urls {
        // Port 0 is another one each time.
        let is_same = |other: &&Url| other.address() == url.address() && !url.has_any_port();
        if opened.iter().any(is_same) {
            continue;
        }
        opened.push(url);
        let mut same = urls.iter().filter(|other| is_same(other));
        let is_mixed = same.any(|other| other.is_tls() != url.is_tls());
        let security = match tls {
            Some(server) if is_mixed => Security::Either(server.clone()),
            Some(server) if url.is_tls() => Security::Tls(server.clone()),
            _ => Security::Plain,
        };
        bound.push(open(url, traffic, security, config)?);
    }
    Ok(bound)
}

/// Opens a listener for clients at `host:port`, for whoever has no member's configuration: the proxy.
/// Must run inside the runtime.
///
/// # Errors
/// If the address is in use or not this machine's.
pub fn bind_at(authority: &str, tls: Option<tls::Server>) -> Result<Bound, Error> {
    open_at(authority, Traffic::Both, tls)
}

/// The same for those who ask for metrics.
///
/// # Errors
/// As [`bind_at`].
pub fn bind_metrics_at(authority: &str, tls: Option<tls::Server>) -> Result<Bound, Error> {
    open_at(authority, Traffic::Metrics, tls)
}

fn open_at(authority: &str, traffic: Traffic, tls: Option<tls::Server>) -> Result<Bound, Error> {
    Ok(Bound {
        listener: open_tcp(authority, false)?,
        address: authority.to_owned(),
        traffic,
        security: tls.map_or(Security::Plain, Security::Tls),
    })
}

fn open(url: &Url, traffic: Traffic, security: Security, config: &Config) -> Result<Bound, Error> {
    let address = url.address();
    let listener = match url.is_unix() {
        true => open_unix(Path::new(&address))?,
        false => open_tcp(&url.authority, config.socket_reuse_port)?,
    };
    Ok(Bound {
        listener,
        address,
        traffic,
        security,
    })
}

/// As in etcd a socket that lies there already gives way.
fn open_unix(path: &Path) -> Result<Listener, Error> {
    let fail = |step| {
        let path = path.to_owned();
        move |why| Error::Unix { path, step, why }
    };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail("remove")(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(fail("bind"))?;
    let path = Removed(path.to_owned());
    Ok(Listener::Unix {
        listener,
        _path: path,
    })
}

fn open_tcp(authority: &str, reuses_port: bool) -> Result<Listener, Error> {
    let fail = |step, address: &str| {
        let address = address.to_owned();
        move |why| Error::Listen { address, step, why }
    };
    let asked = resolve(authority).map_err(fail("lookup", authority))?;
    let shown = asked.to_string();
    let listener = match dual_stack(asked, reuses_port) {
        Some(listener) => Ok(listener),
        None => listen(asked, reuses_port),
    };
    let listener = listener.map_err(fail("bind", &shown))?;
    let listener = TcpListener::from_std(listener).map_err(fail("listen", &shown))?;
    Ok(Listener::Tcp(listener))
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
fn dual_stack(asked: SocketAddr, reuses_port: bool) -> Option<std::net::TcpListener> {
    if asked.ip() != IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
        return None;
    }
    listen(
        SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), asked.port()),
        reuses_port,
    )
    .ok()
}

fn listen(address: SocketAddr, reuses_port: bool) -> io::Result<std::net::TcpListener> {
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
    socket.set_reuse_port(reuses_port)?;
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
