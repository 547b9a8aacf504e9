//! One client's stream of watches.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::mvccpb::event::EventType;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Status, Streaming};

use super::super::caller::{Caller, no_leader};
use super::super::kv::Kv;
use super::super::leader::Lost;
use super::group::{Id, Watcher};
use super::ranges::{Range, Ranges, Way};

/// Responses that may wait for a client to read them.
const WAITING_MAX: usize = 1024;
/// The number of a watch that was not created.
const NO_WATCH: i64 = -1;

/// Serves the requests of a stream until the client ends it, or does not read what it is told.
pub(super) fn serve(
    kv: Arc<Kv>,
    ranges: Arc<Ranges>,
    caller: Caller,
    requests: Streaming<pb::WatchRequest>,
    lost: Option<Lost>,
) -> Responses {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let (end, ended) = oneshot::channel();
    let way = Way {
        responses: sender,
        full: Arc::new(Notify::new()),
    };
    let full = Arc::clone(&way.full);
    let mut watches = Watches {
        kv,
        ranges,
        caller,
        way,
        watchers: HashMap::new(),
        next: 0,
    };
    tokio::spawn(async move {
        let no_leader_left = async {
            match lost {
                Some(lost) => lost.wait().await,
                None => std::future::pending().await,
            }
        };
        let gone = watches.way.responses.clone();
        let why = tokio::select! {
            why = watches.serve(requests) => why,
            () = gone.closed() => None,
            // A client that comes back watches on from where it was.
            () = full.notified() => Some(Status::unavailable("etcdserver: the client does not read its watch responses")),
            () = no_leader_left => Some(no_leader()),
        };
        drop(watches);
        if let Some(why) = why {
            // A client that has gone has no use for it.
            let _ = end.send(why);
        }
    });
    Responses {
        receiver,
        ended: Some(ended),
    }
}

/// The responses of a stream; a reason to end it overtakes them.
pub(crate) struct Responses {
    receiver: mpsc::Receiver<pb::WatchResponse>,
    ended: Option<oneshot::Receiver<Status>>,
}

impl Stream for Responses {
    type Item = Result<pb::WatchResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(ended) = &mut self.ended
            && let Poll::Ready(why) = Pin::new(ended).poll(context)
        {
            self.ended = None;
            if let Ok(why) = why {
                self.receiver.close();
                return Poll::Ready(Some(Err(why)));
            }
        }
        self.receiver.poll_recv(context).map(|next| next.map(Ok))
    }
}

/// The watches of a stream; they end with it.
struct Watches {
    kv: Arc<Kv>,
    ranges: Arc<Ranges>,
    caller: Caller,
    way: Way,
    watchers: HashMap<i64, (Range, Id)>,
    next: i64,
}

impl Watches {
    /// Serves until the client ends it, or no member can say whether it may have what it wants: then it
    /// has to come back.
    async fn serve(&mut self, mut requests: Streaming<pb::WatchRequest>) -> Option<Status> {
        use pb::watch_request::RequestUnion;
        while let Some(Ok(request)) = requests.next().await {
            match request.request_union {
                Some(RequestUnion::CreateRequest(create)) => {
                    if let Err(why) = self.create(create).await {
                        return Some(why);
                    }
                }
                Some(RequestUnion::CancelRequest(cancel)) => self.cancel(cancel.watch_id),
                Some(RequestUnion::ProgressRequest(_)) | None => {
                    tracing::error!("not supported request type by gRPC proxy");
                }
            }
        }
        None
    }

    async fn create(&mut self, create: pb::WatchCreateRequest) -> Result<(), Status> {
        let range = Range {
            key: create.key,
            end: create.range_end,
        };
        if create.start_revision < 0 {
            let why = "etcdserver: mvcc: required revision has been compacted";
            self.refuse(why);
            return Ok(());
        }
        if let Err(why) = self.check(&range).await {
            // That a member is lost, or the leader, is no answer.
            if why.code() == Code::Unavailable {
                return Err(why);
            }
            self.refuse(why.message());
            return Ok(());
        }
        if !range.is_valid() {
            self.refuse("");
            return Ok(());
        }
        let filter = |filter: &i32| match pb::watch_create_request::FilterType::try_from(*filter) {
            Ok(pb::watch_create_request::FilterType::Noput) => Some(EventType::Put),
            Ok(pb::watch_create_request::FilterType::Nodelete) => Some(EventType::Delete),
            Err(_) => None,
        };
        let watcher = Watcher {
            watch_id: self.next,
            next: create.start_revision,
            wants_progress: create.progress_notify,
            wants_previous: create.prev_kv,
            leaves_out: create.filters.iter().filter_map(filter).collect(),
            header: None,
        };
        self.next += 1;
        let watch_id = watcher.watch_id;
        let id = self
            .ranges
            .add(&range, watcher, self.way.clone(), &self.caller);
        self.watchers.insert(watch_id, (range, id));
        Ok(())
    }

    /// Whether the caller may read what it wants to watch: the watch may be another one's.
    async fn check(&self, range: &Range) -> Result<(), Status> {
        let (key, range_end) = match range.key.is_empty() {
            true => (Bytes::from_static(b"\0"), Bytes::from_static(b"\0")),
            false => (range.key.clone(), range.end.clone()),
        };
        let request = pb::RangeRequest {
            key,
            range_end,
            serializable: true,
            count_only: true,
            limit: 1,
            ..Default::default()
        };
        self.kv.read(&self.caller, request).await.map(drop)
    }

    fn cancel(&mut self, watch_id: i64) {
        let Some((range, id)) = self.watchers.remove(&watch_id) else {
            return;
        };
        let header = self.ranges.remove(&range, id);
        self.way.send(pb::WatchResponse {
            header,
            watch_id,
            canceled: true,
            ..Default::default()
        });
    }

    fn refuse(&self, why: &str) {
        self.way.send(pb::WatchResponse {
            header: Some(pb::ResponseHeader::default()),
            watch_id: NO_WATCH,
            created: true,
            canceled: true,
            cancel_reason: why.to_owned(),
            ..Default::default()
        });
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        for (range, id) in self.watchers.values() {
            self.ranges.remove(range, *id);
        }
    }
}
