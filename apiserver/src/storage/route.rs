//! The way to a store over the network.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dial::Target;
use hyper_util::rt::TokioIo;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use super::{Lost, Route};

/// Pings, so that a store that is gone without a word is found out.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_ANSWER: Duration = Duration::from_secs(10);
/// What the store may send before it was read.
const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

/// A route to the first of these servers that can be reached; when its connection is lost, to the next.
///
/// # Errors
/// An address is none.
pub fn to_servers(servers: &[String], tls: Option<tls::Client>) -> Result<Route, Lost> {
    let targets: Vec<Target> = servers.iter().map(|server| Target::parse(server)).collect();
    let first = servers
        .first()
        .ok_or_else(|| Lost("--etcd-servers must be specified".to_owned()))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let host = first
        .split_once("://")
        .map_or(first.as_str(), |(_, host)| host);
    let host = host.split('/').next().unwrap_or_default();
    let uri = match Target::parse(first) {
        Target::Unix(_) => format!("{scheme}://localhost"),
        Target::Tcp(_) => format!("{scheme}://{host}"),
    };
    let endpoint = Endpoint::from_shared(uri).map_err(|error| Lost(error.to_string()))?;
    let endpoint = endpoint
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let next = Arc::new(AtomicUsize::new(0));
    let targets = Arc::new(targets);
    let connector = tower::service_fn(move |_: http::Uri| {
        let (next, targets, tls) = (next.clone(), targets.clone(), tls.clone());
        async move {
            let mut last = io::Error::other("no server");
            for _ in 0..targets.len() {
                let target = &targets[next.load(Ordering::Relaxed) % targets.len()];
                match target.stream(tls.as_ref()).await {
                    Ok(stream) => return Ok(TokioIo::new(stream)),
                    Err(why) => last = io::Error::other(why),
                }
                next.fetch_add(1, Ordering::Relaxed);
            }
            Err(last)
        }
    });
    Ok(of_channel(endpoint.connect_with_connector_lazy(connector)))
}

fn of_channel(channel: Channel) -> Route {
    BoxCloneSyncService::new(channel.map_err(|error| Lost(told(&error))))
}

/// An error with all that led to it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// A route to the store of this process.
#[must_use]
pub fn to_own(routes: tonic::service::Routes) -> Route {
    let routes = routes.prepare().into_axum_router();
    let service = routes
        .map_request(|request: http::Request<tonic::body::Body>| request.map(axum::body::Body::new))
        .map_response(|response: http::Response<axum::body::Body>| {
            response.map(tonic::body::Body::new)
        });
    BoxCloneSyncService::new(service.map_err(|error| match error {}))
}
