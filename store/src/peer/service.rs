//! What other members call here.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::{Future, Stream};
use parking_lot::Mutex;
use prometheus::IntCounter;
use proto::etcdserverpb as pb;
use proto::peer::peer_server;
use proto::peer::{
    LeaseRenewRequest, LeaseRenewResponse, MembersRequest, MembersResponse, MessageBatch, Receipt,
    SnapshotFrame, VersionRequest, VersionResponse,
};
use tokio::sync::oneshot;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::greeting::{Greeting, Refusal};
use super::kind::Kind;
use super::{Local, Peers, snapshot};
use crate::clock;
use crate::version;

/// Refusals that are remembered, so that each is logged once.
const REFUSALS_MAX: usize = 64;

/// The streams that other members have opened to this one: one of each kind from each. A newer one
/// ends the one before.
#[derive(Default)]
pub(super) struct Inbounds {
    open: Mutex<HashMap<(u64, Kind), oneshot::Sender<()>>>,
    refused: Mutex<HashSet<(u64, Refusal)>>,
}

impl Inbounds {
    /// Notes a new stream; what is returned resolves when it has to end.
    fn begin(&self, from: u64, kind: Kind) -> oneshot::Receiver<()> {
        let (sender, over) = oneshot::channel();
        self.open.lock().insert((from, kind), sender);
        self.refused.lock().retain(|(id, _)| *id != from);
        over
    }

    /// Ends the streams of a member.
    pub(super) fn end(&self, from: u64) {
        self.open.lock().retain(|(id, _), _| *id != from);
    }

    pub(super) fn end_all(&self) {
        self.open.lock().clear();
    }

    /// Whether this refusal is news.
    fn is_new_refusal(&self, from: u64, refusal: Refusal) -> bool {
        let mut refused = self.refused.lock();
        if refused.len() >= REFUSALS_MAX {
            refused.clear();
        }
        refused.insert((from, refusal))
    }
}

/// See the module.
pub(super) struct Service {
    peers: Arc<Peers>,
}

impl Service {
    pub(super) fn new(peers: Arc<Peers>) -> Self {
        Self { peers }
    }

    fn local(&self) -> Result<Arc<dyn Local>, Status> {
        let local = self.peers.shared.local();
        local.ok_or_else(|| Status::unavailable("etcdserver: server stopped"))
    }

    /// Who calls, if it may.
    fn caller<T>(&self, request: &Request<T>) -> Result<(Greeting, Arc<dyn Local>), Status> {
        let own = &self.peers.shared.settings;
        let local = self.local()?;
        let greeting = Greeting::read(request.metadata().as_ref());
        let greeting = greeting.map_err(|refusal| refusal.status(own))?;
        let checked = greeting.check(own, local.is_removed(greeting.from));
        if let Err(refusal) = checked {
            if self.peers.inbounds.is_new_refusal(greeting.from, refusal) {
                self.log(refusal, &greeting);
            }
            return Err(refusal.status(own));
        }
        Ok((greeting, local))
    }

    fn log(&self, refusal: Refusal, greeting: &Greeting) {
        let own = &self.peers.shared.settings;
        let id = format!("{:x}", own.member_id);
        let cluster = format!("{:x}", own.cluster_id);
        let from = format!("{:x}", greeting.from);
        let theirs = greeting.version.as_str();
        match refusal {
            Refusal::ClusterIdMismatch => tracing::warn!(
                "local-member-id" = id,
                "local-member-cluster-id" = cluster,
                "local-member-server-version" = version::SERVER,
                "local-member-server-minimum-cluster-version" = version::MIN_CLUSTER,
                "remote-peer-server-name" = from,
                "remote-peer-server-version" = theirs,
                "remote-peer-server-minimum-cluster-version" = greeting.min_cluster,
                "remote-peer-cluster-id" = %format_args!("{:x}", greeting.cluster_id),
                "request cluster ID mismatch"
            ),
            Refusal::IncompatibleVersion => tracing::warn!(
                "local-member-id" = id,
                "local-member-cluster-id" = cluster,
                "local-member-server-version" = version::SERVER,
                "local-member-server-minimum-cluster-version" = version::MIN_CLUSTER,
                "remote-peer-server-name" = from,
                "remote-peer-server-version" = theirs,
                "remote-peer-server-minimum-cluster-version" = greeting.min_cluster,
                "failed version compatibility check"
            ),
            Refusal::Removed => tracing::warn!(
                "local-member-id" = id,
                "remote-peer-id-stream-handler" = id,
                "remote-peer-id-from" = from,
                "rejected stream from remote peer because it was removed"
            ),
            Refusal::ToMismatch => tracing::warn!(
                "local-member-id" = id,
                "remote-peer-id-stream-handler" = id,
                "remote-peer-id-header" = %format_args!("{:x}", greeting.to),
                "remote-peer-id-from" = from,
                "cluster-id" = cluster,
                "ignored streaming request; ID mismatch"
            ),
            Refusal::InvalidFrom => tracing::warn!(
                "local-member-id" = id,
                "remote-peer-id-from" = from,
                "failed to parse path into ID"
            ),
        }
    }
}

#[tonic::async_trait]
impl peer_server::Peer for Service {
    type MessagesStream = Inbound;

    async fn messages(
        &self,
        request: Request<Streaming<MessageBatch>>,
    ) -> Result<Response<Inbound>, Status> {
        let (greeting, local) = self.caller(&request)?;
        let over = self.peers.inbounds.begin(greeting.from, greeting.kind);
        tracing::info!(
            "stream-reader-type" = greeting.kind.name(),
            "local-member-id" = %format_args!("{:x}", greeting.to),
            "remote-peer-id" = %format_args!("{:x}", greeting.from),
            "established TCP streaming connection with remote peer"
        );
        self.peers.heard(greeting.from, &greeting.urls);
        let from = greeting.from;
        let received = self.peers.shared.metrics.peer.received_bytes(from);
        Ok(Response::new(Inbound {
            from,
            local,
            batches: request.into_inner(),
            over: Some(over),
            received,
        }))
    }

    type SnapshotStream = ReceiverStream<Result<SnapshotFrame, Status>>;

    async fn snapshot(
        &self,
        request: Request<Streaming<SnapshotFrame>>,
    ) -> Result<Response<Self::SnapshotStream>, Status> {
        let (greeting, local) = self.caller(&request)?;
        self.peers.heard(greeting.from, &greeting.urls);
        let metrics = self.peers.shared.metrics.clone();
        let answers = snapshot::receive(greeting.from, local, request.into_inner(), metrics);
        Ok(Response::new(answers))
    }

    async fn lease_renew(
        &self,
        request: Request<LeaseRenewRequest>,
    ) -> Result<Response<LeaseRenewResponse>, Status> {
        let (_, local) = self.caller(&request)?;
        let ids = request.into_inner().ids;
        local.renew(ids).await.map(Response::new)
    }

    async fn lease_time_to_live(
        &self,
        request: Request<pb::LeaseTimeToLiveRequest>,
    ) -> Result<Response<pb::LeaseTimeToLiveResponse>, Status> {
        let (_, local) = self.caller(&request)?;
        local
            .time_to_live(request.into_inner())
            .await
            .map(Response::new)
    }

    async fn promote(
        &self,
        request: Request<pb::MemberPromoteRequest>,
    ) -> Result<Response<pb::MemberPromoteResponse>, Status> {
        let (_, local) = self.caller(&request)?;
        local.promote(request.into_inner()).await.map(Response::new)
    }

    async fn hash_kv(
        &self,
        request: Request<pb::HashKvRequest>,
    ) -> Result<Response<pb::HashKvResponse>, Status> {
        let (_, local) = self.caller(&request)?;
        local.hash_kv(request.into_inner()).await.map(Response::new)
    }

    async fn members(
        &self,
        _: Request<MembersRequest>,
    ) -> Result<Response<MembersResponse>, Status> {
        self.local()?.members().map(Response::new)
    }

    async fn version(
        &self,
        _: Request<VersionRequest>,
    ) -> Result<Response<VersionResponse>, Status> {
        let cluster = self.local()?.cluster_version();
        Ok(Response::new(VersionResponse {
            server: version::SERVER.into(),
            cluster: cluster.unwrap_or_default(),
            min_cluster: version::MIN_CLUSTER.into(),
        }))
    }
}

/// A stream of another member, read as its receipts are asked for: no task of its own.
pub(super) struct Inbound {
    from: u64,
    local: Arc<dyn Local>,
    batches: Streaming<MessageBatch>,
    /// Resolves when the stream has to end.
    over: Option<oneshot::Receiver<()>>,
    received: IntCounter,
}

impl Inbound {
    /// Why a stream that the other side would go on with ends.
    fn end(&self) -> Status {
        if self.local.is_removed(self.from) {
            return Status::permission_denied(Refusal::Removed.to_string());
        }
        Status::cancelled("closed TCP streaming connection with remote peer")
    }
}

impl Stream for Inbound {
    type Item = Result<Receipt, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // Looked at first, since a busy stream might never be found waiting.
        if let Some(over) = &mut this.over
            && Pin::new(over).poll(context).is_ready()
        {
            this.over = None;
            return Poll::Ready(Some(Err(this.end())));
        }
        loop {
            match std::task::ready!(Pin::new(&mut this.batches).poll_next(context)) {
                Some(Ok(batch)) => {
                    if !batch.messages.is_empty() {
                        let bytes: usize = batch.messages.iter().map(bytes::Bytes::len).sum();
                        this.received.inc_by(bytes as u64);
                        this.local.step(this.from, batch.messages);
                    }
                    if batch.probe != 0 {
                        return Poll::Ready(Some(Ok(receipt(batch.probe))));
                    }
                }
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None => return Poll::Ready(None),
            }
        }
    }
}

fn receipt(probe: u64) -> Receipt {
    Receipt {
        probe,
        unix_nanoseconds: clock::unix_nanos(),
    }
}
