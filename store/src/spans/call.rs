//! The span of one call.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Status};
use opentelemetry_sdk::trace::Span;
use tonic::Code;

/// It ends when this is dropped.
pub struct Call(Span);

impl Call {
    pub(super) fn new(span: Span) -> Self {
        Self(span)
    }

    /// The call ended with this code. What is the server's own fault makes it a failed one, by the rules
    /// of OpenTelemetry for servers.
    pub fn ended(&mut self, code: i32) {
        let attribute = KeyValue::new("rpc.grpc.status_code", i64::from(code));
        self.0.set_attribute(attribute);
        let is_failure = matches!(
            Code::from_i32(code),
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        );
        if is_failure {
            self.0.set_status(Status::error(""));
        }
    }
}
