//! Keeps a lease alive: one renewal each third of its time to live, over broken connections as long
//! as it lasts.

use std::time::Duration;

use proto::etcdserverpb as pb;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::{Client, method};

/// Pause before a broken stream is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

struct Open {
    requests: mpsc::Sender<pb::LeaseKeepAliveRequest>,
    replies: Streaming<pb::LeaseKeepAliveResponse>,
}

/// A lease that is kept alive while [`KeepAlive::next`] is awaited.
pub(crate) struct KeepAlive {
    client: Client,
    id: i64,
    /// When the next renewal is due.
    due: Instant,
    /// When the lease counts as lost.
    deadline: Instant,
    open: Option<Open>,
}

impl KeepAlive {
    /// Renews `id` from now on; without any answer for `patience` it counts as lost.
    pub(crate) fn new(client: Client, id: i64, patience: Duration) -> Self {
        let now = Instant::now();
        Self {
            client,
            id,
            due: now,
            deadline: now + patience,
            open: None,
        }
    }

    /// The next renewal; `None` when the lease is gone.
    pub(crate) async fn next(&mut self) -> Result<Option<pb::LeaseKeepAliveResponse>, Status> {
        loop {
            sleep_until(self.due).await;
            let Ok(outcome) = timeout_at(self.deadline, self.exchange()).await else {
                return Ok(None);
            };
            let now = Instant::now();
            match outcome {
                Ok(reply) => {
                    let ttl = Duration::from_secs(u64::try_from(reply.ttl).unwrap_or(0));
                    self.due = now + ttl / 3;
                    self.deadline = now + ttl;
                    return Ok(Some(reply).filter(|_| !ttl.is_zero()));
                }
                Err(why) if why.code() == Code::Unavailable => {
                    self.open = None;
                    self.due = self.deadline.min(now + RECONNECT_PAUSE);
                    if now >= self.deadline {
                        return Ok(None);
                    }
                }
                Err(why) => return Err(why),
            }
        }
    }

    /// Returns once the lease is gone, or cannot be kept.
    pub(crate) async fn lost(mut self) {
        while let Ok(Some(_)) = self.next().await {}
    }

    async fn exchange(&mut self) -> Result<pb::LeaseKeepAliveResponse, Status> {
        let closed = || Status::unavailable("the server closed the stream");
        let request = pb::LeaseKeepAliveRequest { id: self.id };
        if self.open.is_none() {
            // One request is under way at a time; the first goes out with the stream itself.
            let (requests, receiver) = mpsc::channel(1);
            requests.try_send(request).map_err(|_| closed())?;
            let stream = ReceiverStream::new(receiver);
            let method = &method::LEASE_KEEP_ALIVE;
            let replies = self.client.bidi(method, stream, true).await?;
            self.open = Some(Open { requests, replies });
        } else if let Some(open) = &self.open {
            open.requests.send(request).await.map_err(|_| closed())?;
        }
        let open = self.open.as_mut().ok_or_else(closed)?;
        open.replies.message().await?.ok_or_else(closed)
    }
}
