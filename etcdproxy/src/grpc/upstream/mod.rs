//! The members, and calls on whichever of them is there: each call to the next one in turn.
//!
//! A call that was not sent goes to another member; one that was sent and lost does so only if it
//! changes nothing, as with etcd's own client.

mod member;
mod sync;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::uri::PathAndQuery;
use parking_lot::RwLock;
use prost::Message;
use proto::codec::SmallBuffers;
use proto::etcdserverpb as pb;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::{Code, Response, Status, Streaming};

pub(super) use self::member::{Seat, Way};
pub(super) use self::sync::sync;
use super::caller::Caller;

/// How long a call waits for a member to be there.
const MEMBER_WITHIN: Duration = Duration::from_secs(5);
/// Attempts of one call.
const ATTEMPTS_MAX: usize = 10;
/// Pause between attempts.
const PAUSE: Duration = Duration::from_millis(25);

/// Whether a call may be sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing.
    Safe,
    /// It does.
    Never,
}

/// See the module.
pub(super) struct Upstream {
    way: Way,
    members: RwLock<Vec<Arc<member::Member>>>,
    turn: AtomicUsize,
    changed: watch::Sender<u64>,
    send_max: usize,
    receive_max: usize,
}

impl Upstream {
    /// Connects to all endpoints; the limits are those of messages to members, and from them.
    pub(super) fn new(endpoints: &[String], way: Way, limits: (usize, usize)) -> Self {
        let upstream = Self {
            way,
            members: RwLock::default(),
            turn: AtomicUsize::new(0),
            changed: watch::Sender::new(0),
            send_max: limits.0,
            receive_max: limits.1,
        };
        upstream.set(endpoints);
        upstream
    }

    /// Replaces the endpoints; those that stay keep their connections.
    pub(super) fn set(&self, endpoints: &[String]) {
        let mut members = self.members.write();
        let kept = |endpoint: &String| {
            let mut before = members.iter();
            let same = before.find(|member| member.endpoint == *endpoint);
            same.cloned().unwrap_or_else(|| {
                Arc::new(member::Member::new(
                    endpoint,
                    &self.way,
                    self.changed.clone(),
                ))
            })
        };
        let now: Vec<_> = endpoints.iter().map(kept).collect();
        *members = now;
    }

    /// The endpoints.
    pub(super) fn endpoints(&self) -> Vec<String> {
        let members = self.members.read();
        members
            .iter()
            .map(|member| member.endpoint.clone())
            .collect()
    }

    /// A connection to the next member in turn that has one.
    ///
    /// # Errors
    /// Unavailable, if there is none for long.
    pub(super) async fn seat(&self) -> Result<Seat, Status> {
        let deadline = Instant::now() + MEMBER_WITHIN;
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(seat) = self.next() {
                return Ok(seat);
            }
            match timeout_at(deadline, changed.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(self.unavailable()),
            }
        }
    }

    fn next(&self) -> Option<Seat> {
        let members = self.members.read();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..members.len()).find_map(|step| {
            let at = first.wrapping_add(step) % members.len();
            members.get(at).and_then(|member| member.seat())
        })
    }

    fn unavailable(&self) -> Status {
        let members = self.members.read();
        let why = members.iter().find_map(|member| member.why());
        let why = why.unwrap_or_else(|| "no member answers".to_owned());
        Status::unavailable(format!("connection error: desc = \"{why}\""))
    }

    /// The largest message that a member is sent.
    pub(super) fn send_max(&self) -> usize {
        self.send_max
    }

    /// Refuses what no member would be sent.
    ///
    /// # Errors
    /// `ResourceExhausted`, in the words of Go's library.
    pub(super) fn check_size(&self, bytes: usize) -> Result<(), Status> {
        match bytes <= self.send_max {
            true => Ok(()),
            false => Err(Status::resource_exhausted(format!(
                "trying to send message larger than max ({bytes} vs. {})",
                self.send_max
            ))),
        }
    }

    /// One unary call on behalf of `caller`.
    ///
    /// # Errors
    /// The member's answer, or Unavailable if none answers.
    pub(super) async fn unary<Q, R>(
        &self,
        caller: &Caller,
        path: &'static str,
        request: Q,
        repeat: Repeat,
    ) -> Result<Response<R>, Status>
    where
        Q: Message + Clone + 'static,
        R: Message + Default + 'static,
    {
        self.check_size(request.encoded_len())?;
        let mut attempt = 1;
        loop {
            let seat = self.seat().await?;
            let mut grpc = self.grpc(&seat);
            let is_sent = grpc.ready().await.is_ok();
            let why = match is_sent {
                false => {
                    seat.lost();
                    Status::unavailable("the connection to the member is lost")
                }
                true => {
                    let request = caller.request(request.clone());
                    let codec = SmallBuffers::<Q, R>::default();
                    match grpc
                        .unary(request, PathAndQuery::from_static(path), codec)
                        .await
                    {
                        Ok(reply) => return Ok(reply),
                        Err(why) => settle(&seat, why),
                    }
                }
            };
            let is_safe = repeat == Repeat::Safe && why.code() == Code::Unavailable;
            if attempt == ATTEMPTS_MAX || is_sent && !is_safe {
                return Err(why);
            }
            attempt += 1;
            sleep(PAUSE).await;
        }
    }

    /// Opens a stream in both directions. What the member says ends it, and so does its loss.
    ///
    /// # Errors
    /// As [`Self::unary`].
    pub(super) async fn stream<Q, R>(
        &self,
        caller: &Caller,
        path: &'static str,
        requests: impl tokio_stream::Stream<Item = Q> + Send + 'static,
    ) -> Result<(Seat, Streaming<R>), Status>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        let seat = self.seat().await?;
        let mut grpc = self.grpc(&seat);
        if grpc.ready().await.is_err() {
            seat.lost();
            return Err(Status::unavailable("the connection to the member is lost"));
        }
        let codec = SmallBuffers::<Q, R>::default();
        let request = caller.request(requests);
        let opened = grpc
            .streaming(request, PathAndQuery::from_static(path), codec)
            .await;
        match opened {
            Ok(reply) => Ok((seat, reply.into_inner())),
            Err(why) => Err(settle(&seat, why)),
        }
    }

    /// Opens one watch, which lasts as long as what is returned does.
    ///
    /// # Errors
    /// As [`Self::unary`].
    pub(super) async fn watch(
        &self,
        caller: &Caller,
        create: pb::WatchCreateRequest,
    ) -> Result<Watching, Status> {
        let request = pb::WatchRequest {
            request_union: Some(pb::watch_request::RequestUnion::CreateRequest(create)),
        };
        let (requests, receiver) = mpsc::channel(1);
        // There is room for one, and it is the first.
        let _ = requests.try_send(request);
        let path = "/etcdserverpb.Watch/Watch";
        let opened = self.stream(caller, path, ReceiverStream::new(receiver));
        let (seat, responses) = opened.await?;
        Ok(Watching {
            seat,
            responses,
            _requests: requests,
        })
    }

    fn grpc(&self, seat: &Seat) -> Grpc<tonic::transport::Channel> {
        Grpc::new(seat.channel.clone()).max_decoding_message_size(self.receive_max)
    }
}

/// A watch that is open.
pub(super) struct Watching {
    pub(super) seat: Seat,
    pub(super) responses: Streaming<pb::WatchResponse>,
    /// The stream ends when this does.
    _requests: mpsc::Sender<pb::WatchRequest>,
}

/// A failure as the caller shall see it; one that tonic made up itself means that the connection is lost.
pub(super) fn settle(seat: &Seat, why: Status) -> Status {
    use std::error::Error as _;
    let Some(mut cause) = why.source() else {
        return why;
    };
    seat.lost();
    while let Some(next) = cause.source() {
        cause = next;
    }
    Status::unavailable(format!("error reading from server: {cause}"))
}
