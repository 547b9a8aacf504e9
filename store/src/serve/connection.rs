//! One connection from its first byte to its last.

use super::authority::Lenient;
use super::gather::Gather;
use super::godebug;
use super::listen::Traffic;
use super::measured::{GRPC_STATUS, Measured, Meter, outcome};
use super::messages::Messages;
use super::refuse;
use super::slow::Slow;
use super::sniff::{FIRST_BYTES_WITHIN, Protocol, protocol};
use super::socket::{Socket, remote};
use super::{Options, Services, stopped};
use crate::metrics::Grpc;
use crate::rpc::CommonName;
use crate::together::Together;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::either::Either;
use tower::Service as _;

/// The header by which a client tells its version.
const CLIENT_API_VERSION: &str = "client-api-version";
/// The header that holds the text of an error.
const GRPC_MESSAGE: &str = "grpc-message";
/// The compression of a message, and those that the other side understands.
const GRPC_ENCODING: &str = "grpc-encoding";
const GRPC_ACCEPT_ENCODING: &str = "grpc-accept-encoding";
/// Streams a client may cancel before the server has looked at them. Go clients drop thousands of
/// calls at once when a context ends, which is no attack.
const RESET_STREAMS_MAX: usize = 4096;
/// What is buffered to be sent on one stream.
const SEND_BUFFER_BYTES: usize = 1024 * 1024;

/// Streams that end when their client wants it.
const LASTING: [&str; 4] = [
    "/etcdserverpb.Watch/Watch",
    "/etcdserverpb.Lease/LeaseKeepAlive",
    "/v3electionpb.Election/Observe",
    "/grpc.health.v1.Health/Watch",
];

/// What every connection shares.
pub(super) struct Front {
    grpc: axum::Router,
    services: Services,
    options: Options,
    stop: watch::Receiver<bool>,
    /// Whether the header of each request is told.
    tells_headers: bool,
    /// Requests that are not answered; of streams those that have not begun.
    under_way: Arc<AtomicUsize>,
}

impl Front {
    pub(super) fn new(services: Services, options: Options, stop: watch::Receiver<bool>) -> Self {
        let grpc = services.routes.clone().prepare().into_axum_router();
        Self {
            grpc,
            services,
            options,
            stop,
            tells_headers: godebug::is_asked_for(),
            under_way: Arc::default(),
        }
    }

    pub(super) fn stop_within(&self) -> Duration {
        self.options.stop_within
    }

    pub(super) fn checks_address(&self) -> bool {
        self.options.checks_address
    }

    /// Who a client's certificate says that it is, where that tells which user it is.
    fn shown(&self, socket: &Socket) -> Option<CommonName> {
        match socket {
            Either::Right(stream) if self.options.names_users => {
                tls::Server::common_name(stream).map(|name| CommonName(name.into()))
            }
            _ => None,
        }
    }

    /// Answers one request.
    async fn answer(
        &self,
        mut request: Request<Incoming>,
        traffic: Traffic,
        shown: Option<CommonName>,
        remote: Option<SocketAddr>,
    ) -> Response<Measured> {
        // Members of etcd do not speak HTTP/2 to each other.
        if self.tells_headers && traffic != Traffic::Peer {
            godebug::tell(&request);
        }
        if let Some(name) = shown {
            request.extensions_mut().insert(name);
        }
        match traffic {
            Traffic::Both | Traffic::Grpc if refuse::is_grpc(&request) => {
                self.answer_grpc(request, remote).await
            }
            Traffic::Grpc => plain(refuse::no_grpc(request.headers())),
            Traffic::Both if refuse::looks_like_grpc(&request) => {
                plain(refuse::no_grpc(request.headers()))
            }
            Traffic::Both | Traffic::Http => {
                // A stream of the gateway lasts for as long as its client likes.
                let response = call(&self.services.http, request.map(Body::new)).await;
                plain(response).map(|body| body.until(Some(self.stop.clone())))
            }
            Traffic::Metrics => {
                plain(call(&self.services.metrics_http, request.map(Body::new)).await)
            }
            Traffic::Peer if refuse::is_grpc(&request) => {
                // Streams of other members last until somebody ends them.
                let response = call(&self.grpc, request.map(Body::new)).await;
                plain(response).map(|body| body.until(Some(self.stop.clone())))
            }
            Traffic::Peer => plain(call(&self.services.http, request.map(Body::new)).await),
        }
    }

    async fn answer_grpc(
        &self,
        mut request: Request<Incoming>,
        remote: Option<SocketAddr>,
    ) -> Response<Measured> {
        let kind = refuse::echoed(request.headers());
        if let Some(response) = refuse::refused(&request) {
            return plain(of_kind(response, kind));
        }
        compress_alike(request.headers_mut());
        let metrics = &self.services.metrics;
        let uri = request.uri().clone();
        let started = metrics.grpc.start(uri.path()).map(Arc::new);
        let sent = metrics.network.grpc_sent_bytes.clone();
        let version = request.headers().get(CLIENT_API_VERSION);
        let is_unary = started.as_ref().is_some_and(|call| call.is_unary());
        if started.is_some() {
            let version = version.map_or(&[][..], HeaderValue::as_bytes);
            metrics.requests.count(version, !is_unary);
        }
        let slow = is_unary.then(|| {
            let size = request.body().size_hint().exact();
            Slow::new(uri.clone(), remote, size, self.options.warn_after)
        });
        let span = self.services.spans.as_ref().filter(|_| started.is_some());
        let span = span.map(|spans| spans.begin(uri.path(), request.headers()));
        let mut meter = started
            .clone()
            .map(|call| Meter::new(call, sent, slow, span));
        let received = metrics.network.grpc_received_bytes.clone();
        let max = self.options.max_receive_bytes;
        let request = request.map(|body| Body::new(Messages::new(body, max, received, started)));
        let mut response = call(&self.grpc, request).await;
        if let Some(meter) = &mut meter
            && let Some(code) = outcome(response.headers())
        {
            meter.note(code);
        }
        if response
            .headers()
            .get(GRPC_STATUS)
            .is_some_and(|status| status == "12")
            && !response.headers().contains_key(GRPC_MESSAGE)
            && let Some(text) = unknown_method(uri.path())
        {
            response.headers_mut().insert(GRPC_MESSAGE, text);
        }
        let stop = LASTING.contains(&uri.path()).then(|| self.stop.clone());
        of_kind(response, kind).map(|body| Measured::new(body, meter).until(stop))
    }
}

/// Counts one request for as long as it lives.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Puts the content type in, if it is not the plain one.
fn of_kind(mut response: Response<Body>, kind: Option<HeaderValue>) -> Response<Body> {
    if let Some(kind) = kind {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

/// Go's server answers with the compression of the request, whatever the client would take; tonic
/// answers with what the client would take.
fn compress_alike(headers: &mut HeaderMap) {
    match headers.get(GRPC_ENCODING).cloned() {
        Some(encoding) => headers.insert(GRPC_ACCEPT_ENCODING, encoding),
        None => headers.remove(GRPC_ACCEPT_ENCODING),
    };
}

/// The text Go's server has for a service or method nobody offers.
fn unknown_method(path: &str) -> Option<HeaderValue> {
    let (service, method) = path.trim_start_matches('/').split_once('/')?;
    let text = if Grpc::is_service(service) {
        format!("unknown method {method} for service {service}")
    } else {
        format!("unknown service {service}")
    };
    HeaderValue::from_str(&text).ok()
}

fn plain(response: Response<Body>) -> Response<Measured> {
    response.map(|body| Measured::new(body, None))
}

async fn call(router: &axum::Router, request: Request<Body>) -> Response<Body> {
    match router.clone().call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Serves one connection until it ends, or gracefully after the stop.
pub(super) async fn serve(
    mut socket: Socket,
    front: Arc<Front>,
    traffic: Traffic,
    mut stop: watch::Receiver<bool>,
) {
    let sniffed = tokio::select! {
        sniffed = protocol(&mut socket) => sniffed,
        () = stopped(&mut stop) => return,
    };
    let Ok((protocol, start)) = sniffed else {
        return;
    };
    let under_way = front.under_way.clone();
    let options = front.options.clone();
    let shown = front.shown(&socket);
    let remote = match &socket {
        Either::Left(plain) => remote(plain),
        Either::Right(stream) => remote(stream.get_ref().0),
    };
    let service = service_fn(move |request| {
        let (front, shown) = (Arc::clone(&front), shown.clone());
        async move {
            let _under_way = UnderWay::new(&front.under_way);
            Ok::<_, Infallible>(front.answer(request, traffic, shown, remote).await)
        }
    });
    match protocol {
        // Bytes that are no gRPC on a port for gRPC alone end the connection, as in Go.
        Protocol::Http1 if traffic == Traffic::Grpc => {}
        Protocol::Http1 => {
            let io = TokioIo::new(Lenient::untouched(socket, start));
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(FIRST_BYTES_WITHIN);
            builder.title_case_headers(true);
            let connection = builder.serve_connection(io, service);
            attend(connection, |open| open.graceful_shutdown(), stop).await;
        }
        Protocol::Http2 if traffic == Traffic::Peer => {
            let socket = Lenient::untouched(socket, start);
            let io = TokioIo::new(Gather::new(socket, under_way));
            // Here is little to be sent: another member sends on a connection of its own.
            let together = Together::default();
            let connection = http2(&options, together.clone()).serve_connection(io, service);
            let attended = attend(connection, |open| open.graceful_shutdown(), stop);
            together.run(attended).await;
        }
        Protocol::Http2 => {
            let socket = Lenient::new(socket, start);
            let io = TokioIo::new(Gather::new(socket, under_way));
            let builder = http2(&options, TokioExecutor::new());
            let connection = builder.serve_connection(io, service);
            attend(connection, |open| open.graceful_shutdown(), stop).await;
        }
    }
}

/// Runs a connection, and tells it when it has to end.
async fn attend<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    shut_down: impl FnOnce(Pin<&mut C>),
    mut stop: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stopped(&mut stop) => {
            shut_down(connection.as_mut());
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a client connection ended with an error");
    }
}

fn http2<E: Clone>(options: &Options, executor: E) -> http2::Builder<E> {
    let mut builder = http2::Builder::new(executor);
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(options.windows.0)
        .initial_connection_window_size(options.windows.1)
        .max_frame_size(options.frame_bytes)
        .max_concurrent_streams(options.max_concurrent_streams)
        .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
        .max_local_error_reset_streams(RESET_STREAMS_MAX)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout);
    builder
}
