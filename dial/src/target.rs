//! Where to connect to, and the way there.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::os_error;

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `host:port`.
    Tcp(String),
    /// A socket's path.
    Unix(String),
}

impl Target {
    /// Reads an endpoint as typed.
    #[must_use]
    pub fn parse(endpoint: &str) -> Self {
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
    #[must_use]
    pub fn shown(&self) -> String {
        let (Self::Tcp(address) | Self::Unix(address)) = self;
        format!("etcd-endpoints:///{address}")
    }

    /// What stands in `:authority`; of a socket's path the last part, as in etcd's client.
    fn authority(&self) -> &str {
        match self {
            Self::Tcp(address) => address,
            Self::Unix(path) => path.rsplit('/').next().unwrap_or(path),
        }
    }

    /// The name that a server's certificate has to have.
    fn host(&self) -> &str {
        let authority = self.authority();
        authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host)
    }

    /// Connects, and shakes hands where TLS is spoken.
    pub(crate) async fn connect(&self, tls: Option<&tls::Client>) -> Result<Socket, String> {
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

    /// A stream for HTTP/1, for what is not gRPC.
    ///
    /// # Errors
    /// As those of a connection.
    pub async fn stream(&self, tls: Option<&tls::Client>) -> Result<Stream, String> {
        let socket = self.dial().await?;
        let Some(tls) = tls else {
            return Ok(socket.stream);
        };
        match tls.connect_http1(self.host(), socket.stream).await {
            Ok(stream) => Ok(Box::pin(stream)),
            Err(why) => Err(format!("authentication handshake failed: {why}")),
        }
    }

    async fn dial(&self) -> Result<Socket, String> {
        match self {
            Self::Tcp(address) => tcp(address).await,
            Self::Unix(path) => {
                let connected = UnixStream::connect(path).await;
                let stream = connected
                    .map_err(|e| format!("dial unix {path}: connect: {}", os_error(&e)))?;
                Ok(Socket {
                    remote: path.clone(),
                    local: String::new(),
                    stream: Box::pin(stream),
                })
            }
        }
    }

    pub(crate) fn uri(&self, is_secure: bool) -> String {
        let scheme = if is_secure { "https" } else { "http" };
        let authority = self.authority();
        // A file may have any name.
        let is_one = authority.parse::<http::uri::Authority>().is_ok();
        let authority = if is_one { authority } else { "localhost" };
        format!("{scheme}://{authority}")
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
                let why = os_error(&why);
                latest = format!("dial tcp {candidate}: connect: {why}");
            }
        }
    }
    Err(latest)
}

/// What is read from and written to.
pub trait ReadWrite: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> ReadWrite for T {}

/// A stream, whatever it goes over.
pub type Stream = Pin<Box<dyn ReadWrite>>;

/// A stream and the addresses of its ends.
pub(crate) struct Socket {
    pub(crate) remote: String,
    pub(crate) local: String,
    pub(crate) stream: Stream,
}
