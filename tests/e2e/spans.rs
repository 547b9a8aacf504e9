//! Spans of calls reach a collector.

use std::sync::Arc;

use harness::{Options, Server};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::kv_client::KvClient;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::ALONE;
use crate::client::eventually;

/// What came in: the service, and its span.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Span)>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.unwrap_or_default().attributes;
            let told: Vec<String> = attributes
                .iter()
                .filter(|pair| pair.key.starts_with("service."))
                .map(|pair| format!("{}={:?}", pair.key, pair.value))
                .collect();
            let spans = resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans);
            let spans = spans.map(|span| (told.join(" "), span));
            self.0.lock().extend(spans);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serving = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        (collector, address)
    }

    /// The span that is looked for, once it has come.
    async fn find(&self, is_it: impl Fn(&Span) -> bool) -> (String, Span) {
        eventually("a span", async || {
            let spans = self.0.lock();
            spans.iter().find(|(_, span)| is_it(span)).cloned()
        })
        .await
    }
}

fn serve(collector: &str, rate: u32) -> Server {
    let options = Options::new(harness::binary("etcd").unwrap()).flags([
        "--enable-distributed-tracing".to_owned(),
        format!("--distributed-tracing-address={collector}"),
        "--distributed-tracing-service-name=shop".to_owned(),
        "--distributed-tracing-instance-id=one".to_owned(),
        format!("--distributed-tracing-sampling-rate={rate}"),
    ]);
    Server::start_with(options).unwrap()
}

async fn range(server: &Server, parent: Option<&'static str>, key: &'static [u8]) {
    let mut client = KvClient::connect(server.client_url()).await.unwrap();
    let mut request = Request::new(pb::RangeRequest {
        key: key.into(),
        ..Default::default()
    });
    if let Some(parent) = parent {
        let parent = parent.parse().unwrap();
        request.metadata_mut().insert("traceparent", parent);
    }
    // What is not allowed has a span, too.
    let _ = client.range(request).await;
}

#[tokio::test]
async fn calls_are_told_to_a_collector() {
    let _alone = ALONE.lock().await;
    let (collector, address) = Collector::start().await;
    let server = serve(&address, 1_000_000);
    range(&server, None, b"k").await;
    let is_range = |span: &Span| span.name == "etcdserverpb.KV/Range";
    let (service, span) = collector.find(is_range).await;
    assert!(
        service.contains("shop") && service.contains("one"),
        "{service}"
    );
    let attributes = format!("{:?}", span.attributes);
    for expected in [
        "rpc.system",
        "grpc",
        "etcdserverpb.KV",
        "rpc.grpc.status_code",
    ] {
        assert!(attributes.contains(expected), "{attributes}");
    }
    assert!(span.start_time_unix_nano < span.end_time_unix_nano);
}

#[tokio::test]
async fn a_callers_trace_goes_on_and_no_other_begins() {
    let _alone = ALONE.lock().await;
    let (collector, address) = Collector::start().await;
    let server = serve(&address, 0);
    range(&server, None, b"alone").await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    range(&server, Some(parent), b"").await;
    let (_, span) = collector.find(|_| true).await;
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert_eq!(hex(&span.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&span.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(collector.0.lock().len(), 1);
}
