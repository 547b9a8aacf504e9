//! The client port, and that for other members: gRPC and HTTP side by side on each listener.
//!
//! ```text
//! accept ─ handshake ─ sniff ─┬─ HTTP/1 ────────────────────────────────► http (axum)
//!                             └─ HTTP/2 ─ authority, gather ─ h2 ─┬─ grpc? ─ messages ─► routes (tonic) ─ measured
//!                                                                 └─ else ────────────► http (axum)
//! ```
//!
//! The first bytes of a connection tell its protocol, the content type of a request its service.
//! `authority` lets in old clients whose `:authority` is none, `messages` counts and bounds what
//! comes in, `measured` what goes out, `gather` sends together what belongs together; `refuse` holds what the headers alone forbid. Other members
//! are not clients: what they send is neither counted as calls nor bounded here.
//!
//! Invariants: the number of connections is bounded by the limit of open files less
//! `FILES_RESERVED`, so that the log can always be opened; what one connection may make the
//! server hold is bounded by `CONNECTION_WINDOW_BYTES`; a stop ends within its given time.

mod authority;
mod connection;
mod gather;
mod godebug;
mod handshake;
mod listen;
mod measured;
mod messages;
mod refuse;
mod slow;
mod sniff;
mod socket;

pub use listen::{Bound, Error, bind, bind_at, bind_metrics, bind_metrics_at, bind_peers};

use crate::config::{Config, Keepalive};
use crate::metrics::Metrics;
use crate::spans::Spans;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Files kept free for the log, the backend and peers; etcd keeps as many.
const FILES_RESERVED: u64 = 150;
/// What a client may send on one stream before the server read it: a whole largest message, so
/// that a 1.5 MiB put needs no round trips.
const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024 + 64 * 1024;
/// The same over all streams of a connection; bounds what one connection can make us hold.
const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
/// What another member may send on one stream before it was read: bounds what waits here of
/// members that send faster than this one works.
const PEER_WINDOW_BYTES: u32 = 8 * 1024 * 1024;
/// The largest frame another member may send: a batch of messages in one piece.
const PEER_FRAME_BYTES: u32 = 1024 * 1024;
/// Streams of one connection between members: one long one and the calls beside it.
const PEER_STREAMS_MAX: u32 = 1024;
/// How long requests under way may take after a stop was asked for. Streams that would last for as
/// long as their client likes end at once.
const STOP_WITHIN: Duration = Duration::from_secs(4);
/// How long an accept that failed (no files left) waits for better times.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How connections are treated.
#[derive(Debug, Clone)]
pub struct Options {
    /// The largest message a gRPC client may send.
    pub max_receive_bytes: usize,
    /// The most streams on one connection.
    pub max_concurrent_streams: u32,
    /// Pings to find dead clients; nothing if none are sent.
    pub keepalive_interval: Option<Duration>,
    /// How long a client may take to answer a ping.
    pub keepalive_timeout: Duration,
    /// How long open streams may go on after a stop was asked for.
    pub stop_within: Duration,
    /// What the other end may send before it was read: on one stream, on all of a connection.
    windows: (u32, u32),
    /// The largest frame, where it is not the smallest that HTTP/2 allows.
    frame_bytes: Option<u32>,
    /// Whether a certificate must name the address that its owner calls from.
    checks_address: bool,
    /// Whether a certificate tells which user its owner is.
    names_users: bool,
    /// A call that takes longer is told of in the log.
    warn_after: Duration,
}

impl Options {
    /// The options of a configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            max_receive_bytes: config.max_receive_bytes(),
            max_concurrent_streams: config.max_concurrent_streams,
            keepalive_interval: config.keepalive.interval,
            keepalive_timeout: config.keepalive.timeout,
            stop_within: STOP_WITHIN,
            windows: (STREAM_WINDOW_BYTES, CONNECTION_WINDOW_BYTES),
            frame_bytes: None,
            checks_address: false,
            names_users: config.client_security.tls.client_cert_auth,
            warn_after: config.warning_unary_request_duration,
        }
    }

    /// The options of a proxy, which has no member's configuration.
    #[must_use]
    pub fn of_proxy(max_receive_bytes: usize, streams_max: u32, keepalive: &Keepalive) -> Self {
        Self {
            max_receive_bytes,
            max_concurrent_streams: streams_max,
            keepalive_interval: keepalive.interval,
            keepalive_timeout: keepalive.timeout,
            stop_within: STOP_WITHIN,
            windows: (STREAM_WINDOW_BYTES, CONNECTION_WINDOW_BYTES),
            frame_bytes: None,
            checks_address: false,
            names_users: false,
            warn_after: Duration::MAX,
        }
    }

    /// The options of a configuration for the listeners of other members.
    #[must_use]
    pub fn peers(config: &Config) -> Self {
        // Half of the time passes before the ping, half before its answer is missed.
        let half = config.raft_read_timeout / 2;
        Self {
            max_receive_bytes: usize::MAX,
            max_concurrent_streams: PEER_STREAMS_MAX,
            keepalive_interval: Some(half),
            keepalive_timeout: half,
            stop_within: STOP_WITHIN,
            windows: (PEER_WINDOW_BYTES, PEER_WINDOW_BYTES),
            frame_bytes: Some(PEER_FRAME_BYTES),
            checks_address: !config.peer_security.tls.skip_client_san,
            names_users: false,
            warn_after: Duration::MAX,
        }
    }
}

/// What answers the requests.
#[derive(Clone)]
pub struct Services {
    /// The gRPC services.
    pub routes: tonic::service::Routes,
    /// The HTTP paths of the client port.
    pub http: axum::Router,
    /// The HTTP paths of the metrics port.
    pub metrics_http: axum::Router,
    /// Counts calls and bytes.
    pub metrics: Arc<Metrics>,
    /// Tells a collector of calls, if it is to be told.
    pub spans: Option<Arc<Spans>>,
}

/// Serves all listeners until `stop` turns true, then ends streams and connections.
///
/// Every connection is told to send no new requests; after [`Options::stop_within`] what is
/// still open is cut off.
pub async fn run(
    bound: Vec<Bound>,
    services: Services,
    options: Options,
    stop: watch::Receiver<bool>,
) {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let most = files
        .unwrap_or(u64::MAX)
        .saturating_sub(FILES_RESERVED)
        .max(1);
    let most = usize::try_from(most)
        .unwrap_or(usize::MAX)
        .min(Semaphore::MAX_PERMITS);
    let room = Arc::new(Semaphore::new(most));
    let front = Arc::new(connection::Front::new(services, options, stop.clone()));
    let mut listeners = JoinSet::new();
    for listener in bound {
        let (front, room, stop) = (Arc::clone(&front), Arc::clone(&room), stop.clone());
        listeners.spawn(accept(listener, front, room, stop));
    }
    while listeners.join_next().await.is_some() {}
}

/// Accepts connections until the stop, then waits for them.
async fn accept(
    listener: Bound,
    front: Arc<connection::Front>,
    room: Arc<Semaphore>,
    mut stop: watch::Receiver<bool>,
) {
    let traffic = listener.traffic();
    let guard = Arc::new(handshake::Guard::new(
        listener.security(),
        traffic,
        front.checks_address(),
    ));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            // The semaphore is never closed, so a permit always comes.
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok(socket) => {
                let (front, mut stop) = (Arc::clone(&front), stop.clone());
                let guard = Arc::clone(&guard);
                connections.spawn(async move {
                    let passed = tokio::select! {
                        passed = guard.pass(socket) => passed,
                        () = stopped(&mut stop) => None,
                    };
                    if let Some(socket) = passed {
                        connection::serve(socket, front, traffic, stop).await;
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, address = listener.address(), "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // New connections are refused from here on.
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(front.stop_within(), all)
        .await
        .is_err()
    {
        connections.abort_all();
        while connections.join_next().await.is_some() {}
    }
}

/// Waits for the stop; whoever could ask for it being gone is one too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests;
