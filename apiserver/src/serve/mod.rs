//! The front door: TLS, HTTP/1.1 and HTTP/2 on one port.
//!
//! ```text
//! accept ─ TLS (a client certificate is asked for, and decided on in authn) ─ hyper ─▶ chain
//! ```

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What answers hold.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// How long an accept that failed (no files left) waits for better times.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a client may take to send a request's headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(32);
/// How long requests under way may take after a stop was asked for.
const STOP_WITHIN: Duration = Duration::from_secs(3);
/// Streams of one connection (upstream's `--http2-max-streams-per-connection`, its default).
const STREAMS_MAX: u32 = 1000;
/// What a client may send on one stream, and on a connection, before it was read.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// Who is at the other end of a connection.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// The certificates it has shown, its own first; nobody has checked who signed them.
    pub certificates: Arc<Vec<CertificateDer<'static>>>,
    /// Where it calls from; nothing within the process.
    pub address: Option<SocketAddr>,
}

/// Answers requests. The request has a [`Peer`] among its extensions.
pub trait Answer: Send + Sync + 'static {
    /// Answers one.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Serves on a listener until `stop` turns true, and then until what is under way has ended, for a few
/// seconds at most.
pub async fn serve<A: Answer>(
    listener: TcpListener,
    tls: Option<tls::Server>,
    answer: Arc<A>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopped| *stopped) => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((socket, address)) => {
                let (tls, answer, stop) = (tls.clone(), answer.clone(), stop.clone());
                connections.spawn(connection(socket, address, tls, answer, stop));
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, ended).await.is_err() {
        tracing::info!("ending connections with requests that are still under way");
    }
}

async fn connection<A: Answer>(
    socket: TcpStream,
    address: SocketAddr,
    tls: Option<tls::Server>,
    answer: Arc<A>,
    stop: watch::Receiver<bool>,
) {
    // Only a hint: without it small answers wait for acknowledgements.
    let _ = socket.set_nodelay(true);
    let mut peer = Peer {
        certificates: Arc::default(),
        address: Some(address),
    };
    let ended = match tls {
        None => http(TokioIo::new(socket), peer, answer, stop).await,
        Some(tls) => match tls.accept(socket).await {
            Ok(stream) => {
                peer.certificates = Arc::new(tls::Server::shown(&stream));
                http(TokioIo::new(stream), peer, answer, stop).await
            }
            Err(rejected) => {
                tracing::debug!(%address, %rejected, "TLS handshake error");
                return;
            }
        },
    };
    if let Err(error) = ended {
        tracing::debug!(%address, %error, "a connection has ended early");
    }
}

async fn http<A, I>(
    io: I,
    peer: Peer,
    answer: Arc<A>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    A: Answer,
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let answer = answer.clone();
        async move { Ok::<_, Infallible>(answer.answer(request).await) }
    });
    let serving = builder.serve_connection_with_upgrades(io, service);
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        _ = stop.wait_for(|stopped| *stopped) => serving.as_mut().graceful_shutdown(),
    }
    serving.await
}

/// Opens a listener.
///
/// # Errors
/// The address is taken or is none of this machine's.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
