//! A connection that is up.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

use crate::Target;
use crate::greeting::Greeting;

/// How long one attempt to connect may take (gRPC's minimum).
const ATTEMPT_MAX: Duration = Duration::from_secs(20);
/// gRPC does not probe more often than this.
const KEEPALIVE_MIN: Duration = Duration::from_secs(10);

/// How a server that is silent is found out.
#[derive(Debug, Clone, Copy)]
pub struct Pings {
    /// After how much silence it is asked; more often than every 10 s it is not.
    pub interval: Duration,
    /// How long it may take to answer.
    pub timeout: Duration,
}

/// A connection that is up, as far as is known.
#[derive(Debug, Clone)]
pub struct Connection {
    /// For calls.
    pub channel: Channel,
    /// Whose it is.
    pub target: Target,
    remote: String,
    local: String,
    security: &'static str,
}

/// A connection's ends, as log lines show them.
#[must_use]
pub fn peer(live: Option<&Connection>) -> String {
    match live {
        Some(Connection {
            remote,
            local,
            security,
            ..
        }) => format!("Peer{{Addr: '{remote}', LocalAddr: '{local}', AuthInfo: '{security}'}}"),
        None => "Peer{Addr: <nil>, LocalAddr: <nil>, AuthInfo: <nil>}".to_owned(),
    }
}

impl Connection {
    /// Opens one, which is used until it is lost. It is open when the server has spoken.
    ///
    /// # Errors
    /// What Go's library would say of it.
    pub async fn open(
        target: &Target,
        tls: Option<&tls::Client>,
        pings: Pings,
    ) -> Result<Self, String> {
        match timeout(ATTEMPT_MAX, open(target, tls, pings)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!(
                "transport: Error while dialing: {target:?}: i/o timeout"
            )),
        }
    }
}

async fn open(
    target: &Target,
    tls: Option<&tls::Client>,
    pings: Pings,
) -> Result<Connection, String> {
    let socket = target.connect(tls).await?;
    let uri = target.uri(tls.is_some());
    let undialled = |why: tonic::transport::Error| format!("transport: Error while dialing: {why}");
    let endpoint = Endpoint::from_shared(uri).map_err(undialled)?;
    let endpoint = endpoint
        .http2_keep_alive_interval(pings.interval.max(KEEPALIVE_MIN))
        .keep_alive_timeout(pings.timeout)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    // The socket is used once: whoever asks again gets another connection.
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
    Ok(Connection {
        channel,
        target: target.clone(),
        remote: socket.remote,
        local: socket.local,
        security: if tls.is_some() { "tls" } else { "insecure" },
    })
}
