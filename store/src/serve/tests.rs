//! A served port, asked over real sockets.

use super::*;
use axum::routing::get;
use bytes::{Buf as _, BufMut as _, BytesMut};
use proto::health::health_client::HealthClient;
use proto::health::health_server::{Health, HealthServer};
use proto::health::{HealthCheckRequest, HealthCheckResponse};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

/// Answers checks with the length of the name asked for, and watches that never end.
struct Echo;

#[tonic::async_trait]
impl Health for Echo {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = request.into_inner().service;
        if name == "fail" {
            return Err(Status::failed_precondition("as asked"));
        }
        let status = i32::try_from(name.len()).unwrap();
        Ok(Response::new(HealthCheckResponse { status }))
    }

    type WatchStream = ReceiverStream<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            let _ = sender.send(Ok(HealthCheckResponse { status: 1 })).await;
            sender.closed().await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

fn config(flags: &[&str]) -> Config {
    let mut args = vec![
        "--listen-client-urls=http://127.0.0.1:0".to_owned(),
        "--advertise-client-urls=http://127.0.0.1:2379".to_owned(),
    ];
    args.extend(flags.iter().map(|flag| (*flag).to_owned()));
    crate::config::parse(&args, &[]).result.unwrap()
}

/// A running server.
struct Served {
    addresses: Vec<SocketAddr>,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Served {
    fn start(config: &Config, stop_within: Duration) -> Self {
        let metrics = Arc::new(Metrics::new(false).unwrap());
        let health = HealthServer::new(Echo).max_decoding_message_size(usize::MAX);
        let services = Services {
            routes: tonic::service::Routes::new(health),
            http: axum::Router::new().route("/hello", get(async || "http")),
            metrics_http: axum::Router::new().route("/hello", get(async || "metrics")),
            metrics: Arc::clone(&metrics),
            spans: None,
        };
        let mut bound = bind(config).unwrap();
        bound.extend(bind_metrics(config).unwrap());
        let addresses = bound
            .iter()
            .map(|bound| bound.local_addr().unwrap())
            .collect();
        let options = Options {
            stop_within,
            ..Options::new(config)
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(bound, services, options, stopped));
        Self {
            addresses,
            metrics,
            stop,
            task,
        }
    }

    fn small() -> Self {
        Self::start(&config(&[]), Duration::from_secs(5))
    }

    async fn client(&self) -> HealthClient<Channel> {
        HealthClient::connect(format!("http://{}", self.addresses[0]))
            .await
            .unwrap()
    }

    /// The status and body of a request over HTTP/1.
    async fn get(&self, at: usize, path: &str) -> (String, String) {
        let mut socket = TcpStream::connect(self.addresses[at]).await.unwrap();
        let text = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = socket.read_to_string(&mut answer).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        (
            head.lines().next().unwrap_or_default().to_owned(),
            body.to_owned(),
        )
    }

    fn line(&self, start: &str) -> String {
        let text = self.metrics.render().unwrap();
        text.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_default()
            .to_owned()
    }
}

fn asking(service: String) -> HealthCheckRequest {
    HealthCheckRequest { service }
}

#[tokio::test]
async fn one_port_speaks_grpc_and_http() {
    let served = Served::small();
    let mut client = served.client().await;
    assert_eq!(
        client
            .check(asking("abc".into()))
            .await
            .unwrap()
            .into_inner()
            .status,
        3
    );
    assert_eq!(
        served.get(0, "/hello").await,
        ("HTTP/1.1 200 OK".into(), "http".into())
    );
    assert_eq!(served.get(0, "/other").await.0, "HTTP/1.1 404 Not Found");
}

#[tokio::test]
async fn the_largest_message_passes_and_a_larger_one_fails_with_gos_text() {
    let served = Served::small();
    let mut client = served.client().await;
    // Field tag and length take four bytes.
    let fits = client
        .check(asking("x".repeat(2_097_152 - 4)))
        .await
        .unwrap();
    assert_eq!(fits.into_inner().status, 2_097_148);
    let error = client
        .check(asking("x".repeat(2_097_152 - 3)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(
        error.message(),
        "grpc: received message larger than max (2097153 vs. 2097152)"
    );
    // Far too much, in many frames, must not harm the connection either.
    let error = client
        .check(asking("x".repeat(12_000_000)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
    assert_eq!(
        client
            .check(asking("abc".into()))
            .await
            .unwrap()
            .into_inner()
            .status,
        3
    );
}

#[tokio::test]
async fn methods_nobody_offers_are_named() {
    let served = Served::small();
    let cases = [
        ("/foo.Bar/Baz", "unknown service foo.Bar"),
        (
            "/grpc.health.v1.Health/Foo",
            "unknown method Foo for service grpc.health.v1.Health",
        ),
    ];
    for (path, text) in cases {
        let channel = Channel::from_shared(format!("http://{}", served.addresses[0])).unwrap();
        let mut grpc = tonic::client::Grpc::new(channel.connect().await.unwrap());
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
        let path = http::uri::PathAndQuery::from_static(path);
        let error = grpc
            .unary(Request::new(asking("a".into())), path, codec)
            .await
            .unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unimplemented, text));
    }
}

#[tokio::test]
async fn calls_are_counted_by_outcome() {
    let served = Served::small();
    let mut client = served.client().await;
    client.check(asking("abc".into())).await.unwrap();
    client.check(asking("fail".into())).await.unwrap_err();
    client
        .check(asking("x".repeat(3_000_000)))
        .await
        .unwrap_err();
    let labels = r#"grpc_method="Check",grpc_service="grpc.health.v1.Health",grpc_type="unary"}"#;
    let handled = |code: &str| {
        let line = served.line(&format!(
            r#"grpc_server_handled_total{{grpc_code="{code}",{labels}"#
        ));
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(handled("OK"), "1");
    assert_eq!(handled("FailedPrecondition"), "1");
    assert_eq!(handled("ResourceExhausted"), "1");
    assert_eq!(
        served
            .line(&format!("grpc_server_started_total{{{labels}"))
            .rsplit(' ')
            .next(),
        Some("3")
    );
    let sent = served.line("etcd_network_client_grpc_sent_bytes_total");
    // One message of two bytes and its prefix.
    assert_eq!(sent, "etcd_network_client_grpc_sent_bytes_total 7");
}

#[tokio::test]
async fn a_stop_ends_lasting_streams_at_once_and_closes_the_port() {
    let served = Served::start(&config(&[]), Duration::from_secs(60));
    let mut client = served.client().await;
    let mut stream = client.watch(asking("a".into())).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().status, 1);
    let started = std::time::Instant::now();
    served.stop.send(true).unwrap();
    served.task.await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    let status = stream.message().await.unwrap_err();
    let expected = (tonic::Code::Unavailable, "the server is stopping");
    assert_eq!((status.code(), status.message()), expected);
    assert!(
        TcpStream::connect(served.addresses[0]).await.is_err(),
        "the port must be closed"
    );
    let stopped = r#"grpc_server_handled_total{grpc_code="Unavailable",grpc_method="Watch",grpc_service="grpc.health.v1.Health""#;
    let text = served.metrics.render().unwrap();
    let line = text.lines().find(|line| line.starts_with(stopped)).unwrap();
    assert!(line.ends_with(" 1"), "{line}");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_handshake() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(&["--auto-tls", "--listen-client-urls=https://127.0.0.1:0"]);
    let made = tls::self_signed::in_directory(dir.path(), &["127.0.0.1".into()], 1);
    config.client_security.tls = made.unwrap();
    let served = Served::start(&config, Duration::from_secs(3600));
    let _silent = TcpStream::connect(served.addresses[0]).await.unwrap();
    // Connections are taken in turn: when this one is refused, the other is being waited for.
    let mut plain = TcpStream::connect(served.addresses[0]).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut alert = Vec::new();
    let _ = plain.read_to_end(&mut alert).await;
    served.stop.send(true).unwrap();
    // A handshake has 10 s.
    let ended = tokio::time::timeout(Duration::from_secs(5), served.task).await;
    ended.expect("the stop waits for who says nothing").unwrap();
}

#[tokio::test]
async fn a_stop_lets_a_request_finish() {
    let served = Served::small();
    let mut client = served.client().await;
    client.check(asking("a".into())).await.unwrap();
    served.stop.send(true).unwrap();
    // Nothing is open, so the stop does not use up its time.
    let ended = tokio::time::timeout(Duration::from_secs(3), served.task).await;
    ended.expect("an idle server stops at once").unwrap();
}

#[tokio::test]
async fn a_port_in_use_is_told_as_go_tells_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let flag = format!("--listen-metrics-urls=http://{address}");
    let error = bind_metrics(&config(&[&flag])).unwrap_err();
    let text = format!("listen tcp {address}: bind: address already in use");
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn http_may_have_a_port_of_its_own() {
    let config = config(&[
        "--listen-client-http-urls=http://localhost:0",
        "--listen-metrics-urls=http://127.0.0.1:0",
    ]);
    let served = Served::start(&config, Duration::from_secs(5));
    assert_eq!(served.get(0, "/hello").await.0, "");
    assert_eq!(served.get(1, "/hello").await.1, "http");
    assert_eq!(served.get(2, "/hello").await.1, "metrics");
    assert_eq!(
        served
            .client()
            .await
            .check(asking("a".into()))
            .await
            .unwrap()
            .into_inner()
            .status,
        1
    );
    let both = crate::config::Config {
        listen_client_http_urls: config.listen_client_urls.clone(),
        ..config
    };
    let error = bind(&both).unwrap_err().to_string();
    assert!(
        error.ends_with("on the same url http://127.0.0.1:0"),
        "{error}"
    );
}

#[tokio::test]
async fn localhost_and_every_address_can_be_listened_on() {
    let local =
        config(&["--listen-metrics-urls=http://localhost:0,http://0.0.0.0:0,http://[::1]:0"]);
    let bound = match bind_metrics(&local) {
        Ok(bound) => bound,
        // A machine without IPv6 says so for the last one.
        Err(error) => {
            assert!(error.to_string().contains("[::1]"), "{error}");
            return;
        }
    };
    for bound in &bound {
        let port = bound.local_addr().unwrap().port();
        let host = if bound.address().starts_with("[::1]") {
            "[::1]"
        } else {
            "127.0.0.1"
        };
        TcpStream::connect(format!("{host}:{port}")).await.unwrap();
    }
}

/// A call by hand, as clientv3 3.5 makes it, with an authority that is none.
#[tokio::test]
async fn an_old_client_with_an_odd_authority_is_answered() {
    let served = Served::small();
    let mut socket = TcpStream::connect(served.addresses[0]).await.unwrap();
    let mut out = BytesMut::from(authority::PREFACE);
    frame(&mut out, 4, 0, 0, &[]);
    socket.write_all(&out).await.unwrap();
    let mut encoder = hpack::Encoder::new();
    for stream in [1_u32, 3, 5] {
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/grpc.health.v1.Health/Check"),
            (":authority", "#initially=[127.0.0.1:2379;127.0.0.1:22379]"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ];
        let pairs = fields
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let mut out = BytesMut::new();
        frame(&mut out, 1, 4, stream, &encoder.encode(pairs));
        frame(&mut out, 0, 1, stream, b"\0\0\0\0\x05\x0a\x03abc");
        socket.write_all(&out).await.unwrap();
        let data = answer(&mut socket, stream).await;
        assert_eq!(data, b"\0\0\0\0\x02\x08\x03", "stream {stream}");
    }
}

fn frame(out: &mut BytesMut, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.put_u32(u32::try_from(payload.len()).unwrap() << 8 | u32::from(kind));
    out.put_u8(flags);
    out.put_u32(stream);
    out.extend_from_slice(payload);
}

/// Reads frames until the stream ends; gives its data.
async fn answer(socket: &mut TcpStream, wanted: u32) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let mut header = [0; 9];
        socket.read_exact(&mut header).await.unwrap();
        let mut header = &header[..];
        let head = header.get_u32();
        let (flags, stream) = (header.get_u8(), header.get_u32());
        let mut payload = vec![0; (head >> 8) as usize];
        socket.read_exact(&mut payload).await.unwrap();
        let kind = head & 0xff;
        assert!(
            kind != 3 && kind != 7,
            "stream {stream} was refused: {payload:?}"
        );
        if kind == 0 {
            data.extend(payload);
        }
        if stream == wanted && flags & 1 == 1 && kind <= 1 {
            return data;
        }
    }
}
