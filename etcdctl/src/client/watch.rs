//! One watch that outlives its connection: after a break it goes on behind the last event it gave
//! out.

use std::time::Duration;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::watch_request::RequestUnion;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::{Client, method, status};

/// Requests under way on one stream: the create request and a few progress requests; a full queue
/// drops progress requests, which repeat what is asked already.
const REQUESTS_MAX: usize = 8;
/// Pause before a broken stream is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// What a watch gives out.
pub(crate) enum Event {
    /// Events, progress, or the server's word that the watch is over.
    Response(pb::WatchResponse),
    /// The watch could not be made, or cannot go on: the reason.
    Closed(String),
}

struct Open {
    requests: mpsc::Sender<pb::WatchRequest>,
    responses: Streaming<pb::WatchResponse>,
}

impl Open {
    fn ask_progress(&self) {
        let request = RequestUnion::ProgressRequest(pb::WatchProgressRequest {});
        // See REQUESTS_MAX.
        let _ = self.requests.try_send(wrap(request));
    }
}

/// A watch.
pub(crate) struct Watch {
    client: Client,
    create: pb::WatchCreateRequest,
    open: Option<Open>,
    /// Asked while there was no stream: to be passed on.
    progress_asked: bool,
}

impl Watch {
    /// A watch that starts with its first [`Watch::next`].
    pub(crate) fn new(client: Client, create: pb::WatchCreateRequest) -> Self {
        Self {
            client,
            create,
            open: None,
            progress_asked: false,
        }
    }

    /// Asks the server how far the watch is; answered by a response without events.
    pub(crate) fn ask_progress(&mut self) {
        match &self.open {
            Some(open) => open.ask_progress(),
            None => self.progress_asked = true,
        }
    }

    /// The next thing to give out. Cancel safe: dropped, it loses nothing.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            let outcome = match &mut self.open {
                Some(open) => open.responses.message().await,
                None => match self.start().await {
                    Ok(()) => continue,
                    Err(why) => Err(why),
                },
            };
            let ended = || Status::unavailable("the server closed the stream");
            match outcome.and_then(|response| response.ok_or_else(ended)) {
                Ok(response) if response.canceled && response.created => {
                    return Event::Closed(response.cancel_reason);
                }
                Ok(response) if response.canceled => return Event::Response(response),
                Ok(response) => {
                    self.advance(&response);
                    if !response.created {
                        return Event::Response(response);
                    }
                }
                Err(why) if is_over(&why) => return Event::Closed(status::text(&why)),
                Err(_) => {
                    self.open = None;
                    self.client.live = None;
                    sleep(RECONNECT_PAUSE).await;
                }
            }
        }
    }

    async fn start(&mut self) -> Result<(), Status> {
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        let create = wrap(RequestUnion::CreateRequest(self.create.clone()));
        let queued = requests.try_send(create);
        queued.map_err(|_| Status::internal("a new queue has room"))?;
        let stream = ReceiverStream::new(receiver);
        let responses = self.client.bidi(&method::WATCH, stream, true).await?;
        let open = Open {
            requests,
            responses,
        };
        if std::mem::take(&mut self.progress_asked) {
            open.ask_progress();
        }
        self.open = Some(open);
        Ok(())
    }

    /// Notes where a new stream would have to start.
    fn advance(&mut self, response: &pb::WatchResponse) {
        let current = response.header.as_ref().map_or(0, |h| h.revision);
        let last = response.events.last().and_then(|e| e.kv.as_ref());
        match last {
            Some(kv) => self.create.start_revision = kv.mod_revision + 1,
            None if response.created && self.create.start_revision != 0 => {}
            None if response.created || response.events.is_empty() => {
                self.create.start_revision = self.create.start_revision.max(current + 1);
            }
            None => {}
        }
    }
}

fn wrap(union: RequestUnion) -> pb::WatchRequest {
    pb::WatchRequest {
        request_union: Some(union),
    }
}

/// Unavailable and Internal pass; anything else would come again.
fn is_over(why: &Status) -> bool {
    let lost = status::settle(why.clone(), usize::MAX).1;
    !lost && !matches!(why.code(), Code::Unavailable | Code::Internal)
}

/// Why the server ended a watch.
pub(crate) fn reason(response: &pb::WatchResponse) -> String {
    if response.compact_revision != 0 {
        return "etcdserver: mvcc: required revision has been compacted".to_owned();
    }
    if response.cancel_reason.is_empty() {
        return "etcdserver: mvcc: required revision is a future revision".to_owned();
    }
    status::text(&Status::failed_precondition(&response.cancel_reason))
}

/// A response that only tells how far the watch is.
pub(crate) fn is_progress(response: &pb::WatchResponse) -> bool {
    response.events.is_empty()
        && !response.canceled
        && !response.created
        && response.compact_revision == 0
        && response.header.as_ref().is_some_and(|h| h.revision != 0)
}
