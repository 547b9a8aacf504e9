//! Streams whose client wants to know when the cluster has no leader (`hasleader`): they end with
//! "no leader" once there has been none for three election time-outs, as in etcd.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::{Member, status};

/// Whether the caller wants nothing of a member that knows of no leader.
pub(super) fn requires_leader(metadata: &MetadataMap) -> bool {
    metadata
        .get("hasleader")
        .is_some_and(|value| value.as_bytes() == b"true")
}

/// A stream that may end for want of a leader.
pub(super) struct Guarded<T> {
    inner: ReceiverStream<Result<T, Status>>,
    lost: Option<BoxFuture<'static, ()>>,
    has_ended: bool,
}

impl Member {
    /// Guards a stream, if its caller wants so.
    pub(super) fn guard<T>(
        &self,
        metadata: &MetadataMap,
        inner: ReceiverStream<Result<T, Status>>,
    ) -> Guarded<T> {
        let lost = requires_leader(metadata).then(|| lost(self.leaderless.clone()).boxed());
        Guarded {
            inner,
            lost,
            has_ended: false,
        }
    }
}

async fn lost(mut leaderless: watch::Receiver<bool>) {
    if leaderless
        .wait_for(|is_leaderless| *is_leaderless)
        .await
        .is_err()
    {
        // The member stops, and ends its streams by itself.
        std::future::pending().await
    }
}

impl<T> Stream for Guarded<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        if let Some(lost) = &mut self.lost
            && lost.poll_unpin(context).is_ready()
        {
            self.has_ended = true;
            return Poll::Ready(Some(Err(status::no_leader())));
        }
        Pin::new(&mut self.inner).poll_next(context)
    }
}
