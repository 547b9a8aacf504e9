//! Endpoints and dialling.
//!
//! An endpoint is `host:port`, `http://host:port`, `https://host:port`, `unix:path`, `unix://path` or
//! the same with `unixs`. The first one decides for all whether TLS is spoken, as in etcd's client.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::greeting::Greeting;
use super::status;
use crate::globals::Globals;

/// How long one attempt to connect may take (gRPC's minimum).
const ATTEMPT_MAX: Duration = Duration::from_secs(20);
/// First and longest pause between rounds over all endpoints.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// gRPC does not probe more often than this.
const KEEPALIVE_MIN: Duration = Duration::from_secs(10);

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `host:port`.
    Tcp(String),
    /// A socket's path.
    Unix(String),
}

impl Target {
    /// Reads an endpoint as typed.
    pub(crate) fn parse(endpoint: &str) -> Self {
        for scheme in ["unix:", "unixs:"] {
            if let Some(path) = endpoint.strip_prefix(scheme) {
                return Self::Unix(path.strip_prefix("//").unwrap_or(path).to_owned());
            }
        }
        match endpoint.split_once("://") {
            Some((_, rest)) => Self::Tcp(rest.split('/').next().unwrap_or_default().to_owned()),
            None => Self::Tcp(endpoint.to_owned()),
        }
    }

    /// The form of log lines.
    pub(crate) fn shown(&self) -> String {
        let (Self::Tcp(address) | Self::Unix(address)) = self;
        format!("etcd-endpoints:///{address}")
    }

    /// The name that a server's certificate has to have.
    fn host(&self) -> &str {
        match self {
            Self::Tcp(address) => address.rsplit_once(':').map_or(address, |(host, _)| host),
            Self::Unix(path) => path.rsplit('/').next().unwrap_or(path),
        }
    }

    /// Connects, and shakes hands where TLS is spoken.
    async fn connect(&self, tls: Option<&tls::Client>) -> Result<Socket, String> {
        let socket = self.dial().await;
        let socket = socket.map_err(|why| format!("transport: Error while dialing: {why}"))?;
        let Some(tls) = tls else { return Ok(socket) };
        match tls.connect(self.host(), socket.stream).await {
            Ok(stream) => Ok(Socket {
                stream: Box::pin(stream),
                ..socket
            }),
            Err(why) => Err(format!("transport: authentication handshake failed: {why}")),
        }
    }

    async fn dial(&self) -> Result<Socket, String> {
        match self {
            Self::Tcp(address) => tcp(address).await,
            Self::Unix(path) => {
                let connected = UnixStream::connect(path).await;
                let stream = connected
                    .map_err(|e| format!("dial unix {path}: connect: {}", status::os_error(&e)))?;
                Ok(Socket {
                    remote: path.clone(),
                    local: String::new(),
                    stream: Box::pin(stream),
                })
            }
        }
    }

    fn uri(&self, is_secure: bool) -> String {
        let scheme = if is_secure { "https" } else { "http" };
        match self {
            Self::Tcp(address) => format!("{scheme}://{address}"),
            Self::Unix(_) => format!("{scheme}://localhost"),
        }
    }
}

async fn tcp(address: &str) -> Result<Socket, String> {
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err(format!(
            "dial tcp: address {address}: missing port in address"
        ));
    };
    if !address.starts_with('[') && host.contains(':') {
        return Err(format!(
            "dial tcp: address {address}: too many colons in address"
        ));
    }
    match port.parse::<u32>() {
        Ok(number) if number > u32::from(u16::MAX) => {
            return Err(format!("dial tcp: address {port}: invalid port"));
        }
        Ok(_) => {}
        Err(_) => return Err(format!("dial tcp: lookup tcp/{port}: unknown port")),
    }
    let found = tokio::net::lookup_host(address).await;
    let found = found.map_err(|_| format!("dial tcp: lookup {host}: no such host"))?;
    let mut latest = format!("dial tcp: lookup {host}: no such host");
    for candidate in found {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                // Requests are small and wait for their answers.
                let _ = stream.set_nodelay(true);
                let shown = |end: io::Result<SocketAddr>| end.map(|a| a.to_string());
                return Ok(Socket {
                    remote: shown(stream.peer_addr()).unwrap_or_default(),
                    local: shown(stream.local_addr()).unwrap_or_default(),
                    stream: Box::pin(stream),
                });
            }
            Err(why) => {
                let why = status::os_error(&why);
                latest = format!("dial tcp {candidate}: connect: {why}");
            }
        }
    }
    Err(latest)
}

trait ReadWrite: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> ReadWrite for T {}

struct Socket {
    remote: String,
    local: String,
    stream: Pin<Box<dyn ReadWrite>>,
}

/// A connection that is up, as far as is known.
#[derive(Clone)]
pub(crate) struct Live {
    /// For calls.
    pub(crate) channel: Channel,
    /// Whose it is.
    pub(crate) target: Target,
    remote: String,
    local: String,
    security: &'static str,
}

/// A connection's ends, as log lines show them.
pub(crate) fn peer(live: Option<&Live>) -> String {
    match live {
        Some(Live {
            remote,
            local,
            security,
            ..
        }) => format!("Peer{{Addr: '{remote}', LocalAddr: '{local}', AuthInfo: '{security}'}}"),
        None => "Peer{Addr: <nil>, LocalAddr: <nil>, AuthInfo: <nil>}".to_owned(),
    }
}

/// Dials all targets at once, round after round, until one answers or the deadline has come.
pub(crate) async fn first(
    targets: &[Target],
    globals: &Globals,
    deadline: Option<Instant>,
) -> Result<Live, Status> {
    let mut latest = String::new();
    let search = async {
        let mut pause = PAUSE_FIRST;
        loop {
            match round(targets, globals).await {
                Ok(live) => return live,
                Err(why) => latest = why,
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    };
    let Some(deadline) = deadline else {
        return Ok(search.await);
    };
    tokio::select! {
        live = search => return Ok(live),
        () = sleep_until(deadline) => {}
    }
    if latest.is_empty() {
        return Err(status::deadline());
    }
    Err(status::never_connected(&latest))
}

async fn round(targets: &[Target], globals: &Globals) -> Result<Live, String> {
    let mut attempts = JoinSet::new();
    for target in targets {
        let target = target.clone();
        let probe = globals.keepalive_time.max(KEEPALIVE_MIN);
        let patience = globals.keepalive_timeout;
        let tls = globals.tls.clone();
        attempts.spawn(async move {
            match timeout(ATTEMPT_MAX, open(&target, tls, probe, patience)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(format!(
                    "transport: Error while dialing: {target:?}: i/o timeout"
                )),
            }
        });
    }
    let mut latest = String::new();
    while let Some(outcome) = attempts.join_next().await {
        match outcome {
            Ok(Ok(live)) => return Ok(live),
            Ok(Err(why)) => latest = why,
            Err(why) => latest = why.to_string(),
        }
    }
    Err(latest)
}

async fn open(
    target: &Target,
    tls: Option<tls::Client>,
    probe: Duration,
    patience: Duration,
) -> Result<Live, String> {
    let socket = target.connect(tls.as_ref()).await?;
    let uri = target.uri(tls.is_some());
    let undialled = |why: tonic::transport::Error| format!("transport: Error while dialing: {why}");
    let endpoint = Endpoint::from_shared(uri).map_err(undialled)?;
    let endpoint = endpoint
        .http2_keep_alive_interval(probe)
        .keep_alive_timeout(patience)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    // The socket is used once: when it is lost, the next call dials all endpoints again.
    let (stream, heard) = Greeting::new(socket.stream);
    let socket_once = Arc::new(Mutex::new(Some(stream)));
    let connector = tower::service_fn(move |_: http::Uri| {
        let mut slot = socket_once.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = slot
            .take()
            .ok_or_else(|| io::Error::other("connection lost"));
        async move { stream.map(TokioIo::new) }
    });
    let channel = endpoint.connect_with_connector(connector).await;
    let channel = channel.map_err(undialled)?;
    let heard = heard.await.unwrap_or_else(|_| Err("EOF".to_owned()));
    heard.map_err(|why| format!("error reading server preface: {why}"))?;
    Ok(Live {
        channel,
        target: target.clone(),
        remote: socket.remote,
        local: socket.local,
        security: if tls.is_some() { "tls" } else { "insecure" },
    })
}
