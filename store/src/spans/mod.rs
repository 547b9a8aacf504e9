//! Spans of calls, sent to a collector over OTLP (`--enable-distributed-tracing`).
//!
//! As etcd's, a span of a call is named after the method and goes on where the caller's is, if the
//! call names one (W3C's `traceparent`). Of calls that name none, `--distributed-tracing-sampling-rate`
//! of a million begin one.

mod call;

pub use call::Call;

use std::time::Duration;

use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanKind, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

use crate::config::Tracing;

/// Who makes the spans, as it stands in them.
const SCOPE: &str = "pintle";
/// The settings count by the million.
const MILLION: f64 = 1_000_000.0;
/// How long a stop waits for what is not sent yet.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// See the module.
pub struct Spans {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
}

impl Spans {
    /// Begins to send spans. The collector need not be there yet. Must run inside the runtime.
    ///
    /// # Errors
    /// The address is none.
    pub fn start(settings: &Tracing) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(format!("http://{}", settings.address))
            .build()?;
        let mut resource = Resource::builder().with_service_name(settings.service.clone());
        if !settings.instance.is_empty() {
            let instance = KeyValue::new("service.instance.id", settings.instance.clone());
            resource = resource.with_attribute(instance);
        }
        let sampler = match settings.per_million {
            0 => Sampler::AlwaysOff,
            rate => Sampler::TraceIdRatioBased(f64::from(rate) / MILLION),
        };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .build();
        tracing::debug!(
            address = settings.address,
            "service-name" = settings.service,
            "service-instance-id" = settings.instance,
            "sampling-rate" = settings.per_million,
            "distributed tracing enabled"
        );
        Ok(Self {
            tracer: provider.tracer(SCOPE),
            propagator: TraceContextPropagator::new(),
            provider,
        })
    }

    /// Begins the span of a call by its path (`/etcdserverpb.KV/Put`) and headers.
    #[must_use]
    pub fn begin(&self, path: &str, headers: &HeaderMap) -> Call {
        let parent = self
            .propagator
            .extract_with_context(&Context::new(), &Headers(headers));
        let name = path.trim_start_matches('/');
        let (service, method) = name.rsplit_once('/').unwrap_or((name, ""));
        let attributes = vec![
            KeyValue::new("rpc.system", "grpc"),
            KeyValue::new("rpc.service", service.to_owned()),
            KeyValue::new("rpc.method", method.to_owned()),
        ];
        let span = self
            .tracer
            .span_builder(name.to_owned())
            .with_kind(SpanKind::Server)
            .with_attributes(attributes)
            .start_with_context(&self.tracer, &parent);
        Call::new(span)
    }

    /// Sends what is left.
    pub fn stop(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(STOP_WITHIN) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Headers as a propagator reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
