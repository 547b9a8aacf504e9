//! Connections to other members: TCP or a Unix socket, TLS where the URL asks for it, HTTP/2, and the metadata on
//! every call.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::{PathAndQuery, Scheme as UriScheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use proto::peer::peer_client::PeerClient;
use tls::Trust;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::AbortHandle;
use tokio_util::either::Either;
use tonic::body::Body;

use super::greeting::Greeting;
use crate::config::Url;
use crate::together::Together;

/// What the other end may send on one stream before it was read: answers are small.
const WINDOW_BYTES: u32 = 1024 * 1024;
/// What is handed to the connection of one stream at most before the socket took it. More waits
/// in the queue, where it is bounded and seen.
const SEND_BUFFER_BYTES: usize = 256 * 1024;
/// The largest message that is read. etcd's members have the same bound.
pub(super) const MESSAGE_BYTES_MAX: usize = 512 * 1024 * 1024;

/// How long the other end may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// To take a connection.
    pub(super) dial: Duration,
    /// To answer a ping.
    pub(super) silence: Duration,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The member has no URL that can be used.
    #[error("no URL to connect to")]
    NoUrl,
    /// TLS cannot be set up.
    #[error("{0}")]
    Setup(String),
    /// Who answers there is not who should, or does not take this member for who it is.
    #[error("{address}: {source}")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        source: tls::Rejected,
    },
    /// Nobody answers there.
    #[error("dial {network} {address}: {source}")]
    Socket {
        /// `tcp` or `unix`.
        network: &'static str,
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Something answers there, but not in HTTP/2.
    #[error("{address}: {source}")]
    Http {
        /// Where.
        address: String,
        /// Why.
        source: hyper::Error,
    },
}

impl DialError {
    /// Whether the other process seems to be gone: its system refuses the connection, or what is
    /// in between takes it and closes it at once.
    pub(super) fn is_nobody(&self) -> bool {
        match self {
            Self::Socket {
                network, source, ..
            } => match source.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => true,
                // A name that is not found in DNS says nothing of a process.
                io::ErrorKind::NotFound => *network == "unix",
                _ => false,
            },
            Self::Http { source, .. } => source.is_closed() || source.is_incomplete_message(),
            Self::Tls { source, .. } => source.is_end(),
            Self::NoUrl | Self::Setup(_) => false,
        }
    }
}

/// A connection; ends when this is dropped.
pub(super) struct Connection {
    pub(super) client: Client,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The calls to another member.
pub type Client = PeerClient<Caller>;

/// Sends requests over one connection, each with the greeting.
#[derive(Clone)]
pub struct Caller {
    requests: http2::SendRequest<Body>,
    greeting: Option<Arc<Greeting>>,
}

impl tower::Service<Request<Body>> for Caller {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.requests.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(greeting) = &self.greeting {
            greeting.write(request.headers_mut());
        }
        Box::pin(self.requests.send_request(request))
    }
}

/// Makes connections to members; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Dialer {
    settings: Arc<tls::Settings>,
    /// Made for the first URL that asks for it: the machine's own authorities take long to read.
    tls: Arc<OnceLock<Result<tls::Client, String>>>,
}

impl Dialer {
    /// What shows the certificate of this member to the others.
    #[must_use]
    pub fn new(settings: tls::Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            tls: Arc::default(),
        }
    }

    /// Connects to a member; `together` is for the tasks of the connection. Must run inside the
    /// runtime.
    ///
    /// # Errors
    /// Nobody answers there, or it is somebody else.
    pub(super) async fn dial(
        &self,
        url: &Url,
        patience: Patience,
        greeting: Option<Greeting>,
        together: Together,
    ) -> Result<Connection, DialError> {
        let (network, address) = (network(url), url.address());
        let connecting = self.connect(url, patience, greeting, together);
        let dialling = tokio::time::timeout(patience.dial, connecting);
        dialling.await.unwrap_or_else(|_| {
            let source = io::Error::new(io::ErrorKind::TimedOut, "i/o timeout");
            Err(DialError::Socket {
                network,
                address,
                source,
            })
        })
    }

    async fn connect(
        &self,
        url: &Url,
        patience: Patience,
        greeting: Option<Greeting>,
        together: Together,
    ) -> Result<Connection, DialError> {
        let address = url.address();
        let opened = match url.is_unix() {
            true => UnixStream::connect(&address).await.map(Either::Right),
            false => connect(&address).await.map(Either::Left),
        };
        let socket = match opened {
            Ok(socket) => socket,
            Err(source) => {
                return Err(DialError::Socket {
                    network: network(url),
                    address,
                    source,
                });
            }
        };
        if !url.is_tls() {
            return speak(socket, url, patience, greeting, together).await;
        }
        let tls = self.tls.get_or_init(|| {
            tls::Client::new(&self.settings, Trust::Checked).map_err(|error| error.to_string())
        });
        let tls = tls.as_ref().map_err(|why| DialError::Setup(why.clone()))?;
        match tls.connect(url.host(), socket).await {
            Ok(socket) => speak(socket, url, patience, greeting, together).await,
            Err(source) => Err(DialError::Tls { address, source }),
        }
    }
}

fn network(url: &Url) -> &'static str {
    match url.is_unix() {
        true => "unix",
        false => "tcp",
    }
}

/// Begins HTTP/2 on a connection.
async fn speak(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &Url,
    patience: Patience,
    greeting: Option<Greeting>,
    together: Together,
) -> Result<Connection, DialError> {
    let address = url.authority.clone();
    // A stopped process keeps its sockets open: only silence tells. The ping goes out after half
    // of the time and must be answered within the other half.
    let half = patience.silence / 2;
    let mut builder = http2::Builder::new(together.clone());
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .keep_alive_interval(half)
        .keep_alive_timeout(half)
        .keep_alive_while_idle(true);
    let handshake = builder.handshake(TokioIo::new(socket)).await;
    let (requests, connection) = match handshake {
        Ok(made) => made,
        Err(source) => return Err(DialError::Http { address, source }),
    };
    let task = tokio::spawn(together.run(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a member ended with an error");
        }
    }));
    let caller = Caller {
        requests,
        greeting: greeting.map(Arc::new),
    };
    let client =
        PeerClient::with_origin(caller, origin(url)).max_decoding_message_size(MESSAGE_BYTES_MAX);
    Ok(Connection {
        client,
        task: task.abort_handle(),
    })
}

/// Tries the addresses of a host in turn.
async fn connect(authority: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no such host");
    let found: Vec<SocketAddr> = tokio::net::lookup_host(authority).await?.collect();
    for address in found {
        match TcpStream::connect(address).await {
            Ok(socket) => {
                tune(&socket);
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Small messages leave at once, and a lost one is repeated at a steady pace instead of ever more
/// slowly: after a cut was mended, heartbeats must flow again soon.
pub(super) fn tune(socket: &TcpStream) {
    // A socket that refuses either is a slower one, not a broken one.
    let _ = socket.set_nodelay(true);
    let _ = socket2::SockRef::from(socket).set_tcp_thin_linear_timeouts(true);
}

fn origin(url: &Url) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(match url.is_tls() {
        true => UriScheme::HTTPS,
        false => UriScheme::HTTP,
    });
    parts.authority = url.authority.parse().ok();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    // A host that is no authority was connected to all the same; the other end reads no host.
    Uri::from_parts(parts).unwrap_or(Uri::from_static("http://peer"))
}
