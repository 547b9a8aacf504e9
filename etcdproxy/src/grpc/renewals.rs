//! Renewals of leases: one stream to a member for all clients of one name, and one renewal on its way
//! for each lease, whoever asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use proto::etcdserverpb as pb;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::caller::Caller;
use super::upstream::{Seat, Upstream, settle};

/// Renewals that may wait to be sent.
const WAITING_MAX: usize = 1024;
/// How long a stream stays open that nobody uses.
const IDLE_WITHIN: Duration = Duration::from_secs(60);
/// Pause before a lost stream is opened again.
const PAUSE: Duration = Duration::from_millis(100);

/// Where an answer goes.
pub(super) type Reply = mpsc::Sender<Result<pb::LeaseKeepAliveResponse, Status>>;

/// A lease to be renewed, and for whom.
type Renewal = (i64, Reply);

/// See the module.
pub(super) struct Renewals {
    upstream: Arc<Upstream>,
    streams: Mutex<HashMap<Vec<u8>, mpsc::Sender<Renewal>>>,
}

impl Renewals {
    pub(super) fn new(upstream: Arc<Upstream>) -> Self {
        Self {
            upstream,
            streams: Mutex::default(),
        }
    }

    /// Renews a lease; the answer comes to `reply`.
    pub(super) async fn renew(self: &Arc<Self>, caller: &Caller, lease: i64, reply: Reply) {
        let mut renewal = (lease, reply);
        loop {
            let stream = self.stream(caller);
            match stream.send(renewal).await {
                Ok(()) => return,
                // It has just ended for want of use.
                Err(mpsc::error::SendError(back)) => renewal = back,
            }
        }
    }

    fn stream(self: &Arc<Self>, caller: &Caller) -> mpsc::Sender<Renewal> {
        let mut streams = self.streams.lock();
        if let Some(stream) = streams.get(&caller.token())
            && !stream.is_closed()
        {
            return stream.clone();
        }
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        streams.insert(caller.token(), sender.clone());
        let (renewals, caller) = (Arc::clone(self), caller.clone());
        tokio::spawn(async move {
            let token = caller.token();
            Session {
                upstream: Arc::clone(&renewals.upstream),
                caller,
                asked: HashMap::new(),
            }
            .run(receiver)
            .await;
            renewals
                .streams
                .lock()
                .retain(|name, stream| *name != token || !stream.is_closed());
        });
        sender
    }
}

/// One stream to a member.
struct Session {
    upstream: Arc<Upstream>,
    caller: Caller,
    /// Who waits for which lease.
    asked: HashMap<i64, Vec<Reply>>,
}

/// How a stream came to its end.
enum End {
    Idle,
    Lost(Status),
}

impl Session {
    async fn run(mut self, mut renewals: mpsc::Receiver<Renewal>) {
        loop {
            let path = "/etcdserverpb.Lease/LeaseKeepAlive";
            let (sender, receiver) = mpsc::channel(WAITING_MAX);
            let requests = ReceiverStream::new(receiver);
            let opened = self.upstream.stream(&self.caller, path, requests).await;
            let end = match opened {
                Ok((seat, answers)) => self.serve(&mut renewals, seat, answers, sender).await,
                Err(why) => End::Lost(why),
            };
            match end {
                End::Idle => return,
                End::Lost(why) if is_passing(&why) => tokio::time::sleep(PAUSE).await,
                End::Lost(why) => {
                    self.fail(&why);
                    renewals.close();
                    while let Some((_, reply)) = renewals.recv().await {
                        // A client that has gone waits for nothing.
                        let _ = reply.try_send(Err(why.clone()));
                    }
                    return;
                }
            }
            // Nobody waits for ever: whoever left takes its renewals along.
            self.asked.retain(|_, replies| {
                replies.retain(|reply| !reply.is_closed());
                !replies.is_empty()
            });
        }
    }

    /// Sends and answers until the stream is lost, or nobody has used it for long.
    async fn serve(
        &mut self,
        renewals: &mut mpsc::Receiver<Renewal>,
        seat: Seat,
        mut answers: Streaming<pb::LeaseKeepAliveResponse>,
        requests: mpsc::Sender<pb::LeaseKeepAliveRequest>,
    ) -> End {
        for lease in self.asked.keys() {
            // The stream's end tells if it cannot be sent.
            let _ = requests
                .send(pb::LeaseKeepAliveRequest { id: *lease })
                .await;
        }
        loop {
            tokio::select! {
                renewal = renewals.recv() => {
                    let Some((lease, reply)) = renewal else { return End::Idle };
                    let waiting = self.asked.entry(lease).or_default();
                    waiting.push(reply);
                    if waiting.len() == 1 {
                        let _ = requests.send(pb::LeaseKeepAliveRequest { id: lease }).await;
                    }
                }
                answer = answers.next() => match answer {
                    Some(Ok(answer)) => {
                        for reply in self.asked.remove(&answer.id).unwrap_or_default() {
                            let _ = reply.try_send(Ok(answer));
                        }
                    }
                    Some(Err(why)) => return End::Lost(settle(&seat, why)),
                    None => return End::Lost(Status::unavailable("the member ended the stream")),
                },
                () = tokio::time::sleep(IDLE_WITHIN), if self.asked.is_empty() => return End::Idle,
            }
        }
    }

    fn fail(&mut self, why: &Status) {
        for reply in self.asked.drain().flat_map(|(_, replies)| replies) {
            let _ = reply.try_send(Err(why.clone()));
        }
    }
}

/// Whether it is worth trying again.
fn is_passing(why: &Status) -> bool {
    matches!(why.code(), Code::Unavailable | Code::Internal)
}
