//! Lease: renewals are shared, all else is passed on.

use std::sync::Arc;

use proto::etcdserverpb as pb;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::caller::{Caller, no_leader};
use super::kv::Kv;
use super::leader::Leader;
use super::renewals::Renewals;
use super::upstream::Repeat;

/// Answers that may wait for a client to read them.
const WAITING_MAX: usize = 1024;

/// Lease as a service.
pub(super) struct Service {
    kv: Arc<Kv>,
    renewals: Arc<Renewals>,
    leader: Arc<Leader>,
}

impl Service {
    pub(super) fn new(kv: Arc<Kv>, leader: Arc<Leader>) -> Self {
        let renewals = Arc::new(Renewals::new(Arc::clone(&kv.upstream)));
        Self {
            kv,
            renewals,
            leader,
        }
    }
}

#[tonic::async_trait]
impl pb::lease_server::Lease for Service {
    async fn lease_grant(
        &self,
        request: Request<pb::LeaseGrantRequest>,
    ) -> Result<Response<pb::LeaseGrantResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Lease/LeaseGrant";
        let (upstream, request) = (&self.kv.upstream, request.into_inner());
        upstream.unary(&caller, path, request, Repeat::Never).await
    }

    async fn lease_revoke(
        &self,
        request: Request<pb::LeaseRevokeRequest>,
    ) -> Result<Response<pb::LeaseRevokeResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Lease/LeaseRevoke";
        let (upstream, request) = (&self.kv.upstream, request.into_inner());
        upstream.unary(&caller, path, request, Repeat::Never).await
    }

    type LeaseKeepAliveStream = ReceiverStream<Result<pb::LeaseKeepAliveResponse, Status>>;

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<pb::LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        let caller = Caller::of(&request);
        let lost = caller.requires_leader().then(|| self.leader.lost());
        if lost.as_ref().is_some_and(|lost| lost.is_now()) {
            return Err(no_leader());
        }
        let mut requests = request.into_inner();
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let (renewals, caller) = (Arc::clone(&self.renewals), caller.lasting());
        tokio::spawn(async move {
            let no_leader_left = async {
                match lost {
                    Some(lost) => lost.wait().await,
                    None => std::future::pending().await,
                }
            };
            let renewed = async {
                while let Some(Ok(request)) = requests.next().await {
                    renewals.renew(&caller, request.id, sender.clone()).await;
                }
            };
            let is_lost = tokio::select! {
                () = renewed => false,
                () = sender.closed() => false,
                () = no_leader_left => true,
            };
            if is_lost {
                // A client that has gone has no use for it.
                let _ = sender.try_send(Err(no_leader()));
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<pb::LeaseTimeToLiveRequest>,
    ) -> Result<Response<pb::LeaseTimeToLiveResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Lease/LeaseTimeToLive";
        let (upstream, request) = (&self.kv.upstream, request.into_inner());
        let asked = upstream.unary(&caller, path, request, Repeat::Safe);
        let mut reply: Response<pb::LeaseTimeToLiveResponse> = asked.await?;
        self.kv.namespace.keys(&mut reply.get_mut().keys);
        Ok(reply)
    }

    async fn lease_leases(
        &self,
        request: Request<pb::LeaseLeasesRequest>,
    ) -> Result<Response<pb::LeaseLeasesResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Lease/LeaseLeases";
        let (upstream, request) = (&self.kv.upstream, request.into_inner());
        upstream.unary(&caller, path, request, Repeat::Safe).await
    }
}
