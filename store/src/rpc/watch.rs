//! Watch: one stream of requests that creates and cancels watches, one of what they have to tell.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::watch_create_request::FilterType;
use proto::etcdserverpb::watch_request::RequestUnion;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::credentials::Credentials;
use super::leaderless::Guarded;
use super::{Member, status};
use crate::watch::{Spec, Stream, Update};

/// Responses that may wait for the client. Beyond it the stream stops taking from its mailbox,
/// and its watches lag; each response holds at most about 512 KiB of events.
const RESPONSES_MAX: usize = 4;
/// The id in responses that concern no watch.
const NO_WATCH: i64 = -1;
/// Progress intervals are stretched at random by at most one part in so many, so that streams
/// begun together do not report together.
const JITTER_PART: u64 = 10;

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl pb::watch_server::Watch for Service {
    type WatchStream = Guarded<pb::WatchResponse>;

    async fn watch(
        &self,
        request: Request<Streaming<pb::WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (sender, receiver) = mpsc::channel(RESPONSES_MAX);
        let session = Session {
            by: self.0.credentials(&request),
            member: self.0.clone(),
            stream: Stream::new(self.0.hub.clone()),
            watches: HashMap::new(),
            sender,
        };
        let responses = self
            .0
            .guard(request.metadata(), ReceiverStream::new(receiver));
        tokio::spawn(session.run(request.into_inner()));
        Ok(Response::new(responses))
    }
}

/// How a watch wants to be told.
#[derive(Clone, Copy)]
struct Manner {
    fragment: bool,
    progress: bool,
    /// Nothing was sent since the last progress report was due.
    is_quiet: bool,
}

struct Session {
    /// Whose watches these are: looked at when one is created.
    by: Credentials,
    member: Arc<Member>,
    stream: Stream,
    watches: HashMap<i64, Manner>,
    sender: mpsc::Sender<Result<pb::WatchResponse, Status>>,
}

/// The client has gone.
struct Gone;

impl Session {
    async fn run(mut self, mut requests: Streaming<pb::WatchRequest>) {
        let period = jittered(self.member.limits.progress_interval);
        let mut progress = tokio::time::interval_at(Instant::now() + period, period);
        progress.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_open = true;
        loop {
            let result = tokio::select! {
                request = requests.message(), if is_open => match request {
                    Ok(Some(request)) => self.requested(request).await,
                    // A client that asks for nothing more may go on listening.
                    Ok(None) => {
                        is_open = false;
                        Ok(())
                    }
                    Err(_) => Err(Gone),
                },
                update = self.stream.next() => match update {
                    Ok(update) => self.updated(update).await,
                    Err(error) => {
                        let _ = self.sender.send(Err(error.into())).await;
                        Err(Gone)
                    }
                },
                _ = progress.tick() => self.report_progress().await,
                () = self.sender.closed() => Err(Gone),
            };
            if result.is_err() {
                return;
            }
        }
    }

    async fn requested(&mut self, request: pb::WatchRequest) -> Result<(), Gone> {
        match request.request_union {
            Some(RequestUnion::CreateRequest(request)) => self.create(request).await,
            Some(RequestUnion::CancelRequest(request)) => self.cancel(request.watch_id).await,
            Some(RequestUnion::ProgressRequest(_)) => self.progress_asked().await,
            // etcd ignores a request that says nothing.
            None => Ok(()),
        }
    }

    async fn create(&mut self, request: pb::WatchCreateRequest) -> Result<(), Gone> {
        if request.start_revision < 0 {
            return self.refuse(status::compacted().message().to_owned()).await;
        }
        let manner = Manner {
            fragment: request.fragment,
            progress: request.progress_notify,
            is_quiet: true,
        };
        let id = request.watch_id;
        let spec = spec(request);
        if let Err(refused) = self.may_watch(&spec).await {
            // etcd tells the whole error here, as Go's gRPC writes it.
            let (code, text) = (refused.code(), refused.message());
            return self
                .refuse(format!("rpc error: code = {code:?} desc = {text}"))
                .await;
        }
        match self.stream.create(id, spec) {
            Err(error) => self.refuse(error.to_string()).await,
            Ok((watch_id, revision)) => {
                self.watches.insert(watch_id, manner);
                let header = self.member.header(revision);
                self.send(pb::WatchResponse {
                    header,
                    watch_id,
                    created: true,
                    ..Default::default()
                })
                .await
            }
        }
    }

    async fn may_watch(&self, spec: &Spec) -> Result<(), Status> {
        let caller = self.member.caller(&self.by).await?;
        let state = self.member.state.read();
        Ok(state.auth.may_read(&caller, &spec.key, &spec.range_end)?)
    }

    async fn refuse(&mut self, cancel_reason: String) -> Result<(), Gone> {
        self.send(pb::WatchResponse {
            header: self.member.header_now(),
            watch_id: NO_WATCH,
            created: true,
            canceled: true,
            cancel_reason,
            ..Default::default()
        })
        .await
    }

    async fn cancel(&mut self, watch_id: i64) -> Result<(), Gone> {
        if !self.stream.cancel(watch_id) {
            return Ok(());
        }
        self.watches.remove(&watch_id);
        let header = self.member.header_now();
        self.send(pb::WatchResponse {
            header,
            watch_id,
            canceled: true,
            ..Default::default()
        })
        .await
    }

    /// What has happened is sent first, so that the report holds for it as well.
    async fn progress_asked(&mut self) -> Result<(), Gone> {
        while let Ok(Some(update)) = self.stream.try_next().await {
            self.updated(update).await?;
        }
        match self.stream.progress() {
            Some(revision) => self.send_progress(NO_WATCH, revision).await,
            None => Ok(()),
        }
    }

    async fn report_progress(&mut self) -> Result<(), Gone> {
        let due: Vec<i64> = self
            .watches
            .iter()
            .filter(|(_, m)| m.progress && m.is_quiet)
            .map(|(id, _)| *id)
            .collect();
        for watch_id in due {
            if let Some(revision) = self.stream.progress_of(&[watch_id]) {
                self.send_progress(watch_id, revision).await?;
            }
        }
        self.watches
            .values_mut()
            .for_each(|manner| manner.is_quiet = true);
        Ok(())
    }

    async fn send_progress(&mut self, watch_id: i64, revision: i64) -> Result<(), Gone> {
        let header = self.member.header(revision);
        self.send(pb::WatchResponse {
            header,
            watch_id,
            ..Default::default()
        })
        .await
    }

    async fn updated(&mut self, update: Update) -> Result<(), Gone> {
        match update {
            Update::Compacted {
                watch_id,
                compact_revision,
            } => {
                self.watches.remove(&watch_id);
                // etcd sends this one without a revision, and without a reason.
                let header = self.member.header(0);
                self.send(pb::WatchResponse {
                    header,
                    watch_id,
                    canceled: true,
                    compact_revision,
                    ..Default::default()
                })
                .await
            }
            Update::Events {
                watch_id,
                revision,
                events,
            } => {
                let Some(manner) = self.watches.get_mut(&watch_id) else {
                    return Ok(());
                };
                manner.is_quiet = false;
                let fragment = manner.fragment;
                let header = self.member.header(revision);
                let response = pb::WatchResponse {
                    header,
                    watch_id,
                    events,
                    ..Default::default()
                };
                if !fragment {
                    return self.send(response).await;
                }
                for piece in fragments(response, self.member.limits.request_bytes_max) {
                    self.send(piece).await?;
                }
                Ok(())
            }
        }
    }

    async fn send(&mut self, response: pb::WatchResponse) -> Result<(), Gone> {
        self.sender.send(Ok(response)).await.map_err(|_| Gone)
    }
}

fn spec(request: pb::WatchCreateRequest) -> Spec {
    let has = |filter: FilterType| request.filters.contains(&(filter as i32));
    Spec {
        no_put: has(FilterType::Noput),
        no_delete: has(FilterType::Nodelete),
        // The smallest key there is stands for the beginning.
        key: if request.key.is_empty() {
            Bytes::from_static(b"\0")
        } else {
            request.key
        },
        range_end: request.range_end,
        start_revision: request.start_revision,
        prev_kv: request.prev_kv,
    }
}

/// Splits a response so that each piece stays below `bytes_max`, or holds a single event. All
/// pieces but the last say that there is more.
fn fragments(response: pb::WatchResponse, bytes_max: usize) -> Vec<pb::WatchResponse> {
    if response.encoded_len() < bytes_max || response.events.len() < 2 {
        return vec![response];
    }
    let shell = pb::WatchResponse {
        events: Vec::new(),
        fragment: true,
        ..response.clone()
    };
    let shell_len = shell.encoded_len();
    let mut pieces = Vec::new();
    let mut piece = shell.clone();
    let mut len = shell_len;
    for event in response.events {
        let event_len = event.encoded_len();
        let added = 1 + prost::length_delimiter_len(event_len) + event_len;
        if !piece.events.is_empty() && len + added >= bytes_max {
            pieces.push(std::mem::replace(&mut piece, shell.clone()));
            len = shell_len;
        }
        len += added;
        piece.events.push(event);
    }
    piece.fragment = false;
    pieces.push(piece);
    pieces
}

fn jittered(interval: Duration) -> Duration {
    let part = interval.as_millis() as u64 / JITTER_PART;
    let random = getrandom::u64().unwrap_or(0);
    interval + Duration::from_millis(random.checked_rem(part).unwrap_or(0))
}

#[cfg(test)]
mod tests;
