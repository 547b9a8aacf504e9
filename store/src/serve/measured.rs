//! The body of an answer: bytes and messages counted, the outcome of a gRPC call noted.
//!
//! The outcome stands in the trailers, or in the headers of an answer without messages. A body
//! that is dropped before its trailers belongs to a client that went away.

use super::messages::Scan;
use super::slow::Slow;
use super::stopped;
use crate::metrics::{Call, Code};
use crate::spans;
use axum::body::Body as AxumBody;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use prometheus::IntCounter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::watch;
use tonic::Status;

/// The header and trailer that holds the outcome of a call.
pub(super) const GRPC_STATUS: &str = "grpc-status";

/// The outcome in headers or trailers.
pub(super) fn outcome(headers: &HeaderMap) -> Option<Code> {
    headers
        .get(GRPC_STATUS)
        .map(|status| Code::parse(status.as_bytes()))
}

/// Counts one call; gone once its outcome is noted.
pub(super) struct Meter {
    call: Arc<Call>,
    bytes: IntCounter,
    scan: Scan,
    noted: bool,
    slow: Option<Slow>,
    span: Option<spans::Call>,
}

impl Meter {
    /// Counts a call; one that is `slow` is told of in the log, the end of its span to a collector.
    pub(super) fn new(
        call: Arc<Call>,
        bytes: IntCounter,
        slow: Option<Slow>,
        span: Option<spans::Call>,
    ) -> Self {
        Self {
            call,
            slow,
            span,
            bytes,
            scan: Scan::new(usize::MAX),
            noted: false,
        }
    }

    pub(super) fn note(&mut self, code: Code) {
        if !self.noted {
            self.noted = true;
            self.call.handled(code);
            if let Some(mut span) = self.span.take() {
                span.ended(code.number());
            }
            if let Some(slow) = self.slow.take() {
                slow.tell();
            }
        }
    }

    fn data(&mut self, data: &[u8]) {
        self.bytes.inc_by(data.len() as u64);
        if let Some(slow) = &mut self.slow {
            slow.sent += data.len();
        }
        // Our own messages are never too large for a bound that is not there.
        if let Ok(messages) = self.scan.feed(data) {
            (0..messages).for_each(|_| self.call.sent());
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.note(Code::CANCELED);
    }
}

/// The body of any answer; only those of known gRPC methods are measured.
pub(super) struct Measured {
    body: AxumBody,
    meter: Option<Meter>,
    end: End,
}

/// Whether and when a body is ended before its time.
enum End {
    Never,
    /// Once this is ready and there is nothing left to send.
    After(Pin<Box<dyn Future<Output = ()> + Send>>),
    Ended,
}

impl Measured {
    pub(super) fn new(body: AxumBody, meter: Option<Meter>) -> Self {
        Self {
            body,
            meter,
            end: End::Never,
        }
    }

    /// Ends the stream when `stop` turns true.
    pub(super) fn until(mut self, stop: Option<watch::Receiver<bool>>) -> Self {
        if let Some(mut stop) = stop {
            self.end = End::After(Box::pin(async move { stopped(&mut stop).await }));
        }
        self
    }

    /// The next frame, or the end of a stream that is not to last.
    fn next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if matches!(self.end, End::Ended) {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut self.body).poll_frame(context);
        if next.is_pending()
            && let End::After(stop) = &mut self.end
        {
            ready!(stop.as_mut().poll(context));
            self.end = End::Ended;
            let mut trailers = HeaderMap::new();
            // Not etcd's words for it: its client takes those for an answer, and does not try the
            // next member.
            let stopped = Status::unavailable("the server is stopping");
            if stopped.add_header(&mut trailers).is_ok() {
                return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
            return Poll::Ready(None);
        }
        next
    }
}

impl Body for Measured {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = ready!(this.next(context));
        if let Some(meter) = &mut this.meter {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        meter.data(data);
                    } else if let Some(trailers) = frame.trailers_ref() {
                        meter.note(outcome(trailers).unwrap_or(Code::UNKNOWN));
                    }
                }
                Some(Err(_)) | None => meter.note(Code::UNKNOWN),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.end, End::Ended) || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
