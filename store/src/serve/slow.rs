//! Calls that take longer than `--warning-unary-request-duration`, told of as etcd does.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::Uri;
use jiff::Timestamp;

/// A call that may turn out to be slow.
pub(super) struct Slow {
    began: Instant,
    warn_after: Duration,
    uri: Uri,
    remote: Option<SocketAddr>,
    /// Bytes of the request, if it told how many.
    received: Option<u64>,
    /// Bytes of the answer.
    pub(super) sent: usize,
}

impl Slow {
    pub(super) fn new(
        uri: Uri,
        remote: Option<SocketAddr>,
        received: Option<u64>,
        warn_after: Duration,
    ) -> Self {
        Self {
            began: Instant::now(),
            warn_after,
            uri,
            remote,
            received,
            sent: 0,
        }
    }

    /// Tells of it, if it was.
    pub(super) fn tell(self) {
        let took = self.began.elapsed();
        if took <= self.warn_after {
            return;
        }
        let start = Timestamp::now() - took;
        let remote = self.remote.map(|remote| remote.to_string());
        tracing::warn!(
            "start time" = %start,
            "time spent" = ?took,
            remote = remote.unwrap_or_default(),
            "response type" = self.uri.path(),
            "request size" = self.received.unwrap_or_default(),
            "response size" = self.sent,
            "request stats"
        );
    }
}
