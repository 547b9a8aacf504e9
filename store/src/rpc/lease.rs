//! Lease: LeaseGrant, LeaseRevoke, LeaseKeepAlive, LeaseTimeToLive, LeaseLeases.

use std::sync::Arc;

use proto::etcdserverpb as pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::credentials::Credentials;
use super::leaderless::Guarded;
use super::{Member, mismatched};
use crate::apply::{Reply, permit};
use crate::command::Command;

/// Answers of a keep-alive stream that may wait for the client; then its requests wait as well.
const ANSWERS_MAX: usize = 16;

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl pb::lease_server::Lease for Service {
    async fn lease_grant(
        &self,
        request: Request<pb::LeaseGrantRequest>,
    ) -> Result<Response<pb::LeaseGrantResponse>, Status> {
        let by = self.0.credentials(&request);
        let mut response = self.0.grant(&by, request.into_inner()).await?;
        response.header = self.0.complete(response.header);
        Ok(Response::new(response))
    }

    async fn lease_revoke(
        &self,
        request: Request<pb::LeaseRevokeRequest>,
    ) -> Result<Response<pb::LeaseRevokeResponse>, Status> {
        let by = self.0.credentials(&request);
        self.0.require_user(&by).await?;
        let command = Command::LeaseRevoke(request.into_inner());
        match self.0.propose(&by, &command).await? {
            Reply::LeaseRevoke(mut response) => {
                response.header = self.0.complete(response.header);
                Ok(Response::new(response))
            }
            other => mismatched(&other),
        }
    }

    type LeaseKeepAliveStream = Guarded<pb::LeaseKeepAliveResponse>;

    async fn lease_keep_alive(
        &self,
        request: Request<Streaming<pb::LeaseKeepAliveRequest>>,
    ) -> Result<Response<Self::LeaseKeepAliveStream>, Status> {
        let (sender, receiver) = mpsc::channel(ANSWERS_MAX);
        let by = self.0.credentials(&request);
        let member = self.0.clone();
        let answers = self
            .0
            .guard(request.metadata(), ReceiverStream::new(receiver));
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            loop {
                let answer = match requests.message().await {
                    Ok(Some(request)) => renew(&member, &by, request.id).await,
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let is_last = answer.is_err();
                if sender.send(answer).await.is_err() || is_last {
                    return;
                }
            }
        });
        Ok(Response::new(answers))
    }

    async fn lease_time_to_live(
        &self,
        request: Request<pb::LeaseTimeToLiveRequest>,
    ) -> Result<Response<pb::LeaseTimeToLiveResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        let caller = self.0.require_user(&by).await?;
        if request.keys {
            permit::may_read_keys(&self.0.state.read(), &caller, request.id)?;
        }
        let mut response = self.0.time_to_live(&request).await?;
        if request.keys {
            self.0.state.read().auth.is_current(&caller)?;
        }
        response.header = self.0.header_now();
        Ok(Response::new(response))
    }

    async fn lease_leases(
        &self,
        request: Request<pb::LeaseLeasesRequest>,
    ) -> Result<Response<pb::LeaseLeasesResponse>, Status> {
        let by = self.0.credentials(&request);
        let caller = self.0.require_user(&by).await?;
        let leases = self.0.leases.by_end();
        {
            let state = self.0.state.read();
            let mut ids = leases.iter();
            ids.try_for_each(|id| permit::may_read_keys(&state, &caller, *id))?;
        }
        let leases = leases
            .into_iter()
            .map(|id| pb::LeaseStatus { id })
            .collect();
        Ok(Response::new(pb::LeaseLeasesResponse {
            header: self.0.header_now(),
            leases,
        }))
    }
}

impl Member {
    /// Grants a lease, choosing an id where none is given and raising too small a TTL.
    pub(super) async fn grant(
        &self,
        by: &Credentials,
        mut request: pb::LeaseGrantRequest,
    ) -> Result<pb::LeaseGrantResponse, Status> {
        self.require_user(by).await?;
        while request.id == 0 {
            // A positive number, as clients expect of ids that they did not choose.
            request.id = (rand_u64() >> 1) as i64;
        }
        request.ttl = request.ttl.max(self.limits.lease_ttl_min);
        match self.propose(by, &Command::LeaseGrant(request)).await? {
            Reply::LeaseGrant(response) => Ok(response),
            other => mismatched(&other),
        }
    }
}

/// An unknown lease is told by a TTL of 0, not by an error.
async fn renew(
    member: &Member,
    by: &Credentials,
    id: i64,
) -> Result<pb::LeaseKeepAliveResponse, Status> {
    let header = member.header_now();
    let ttl = member.renew_by(by, id).await?;
    Ok(pb::LeaseKeepAliveResponse { header, id, ttl })
}

fn rand_u64() -> u64 {
    getrandom::u64().unwrap_or_else(|error| panic!("the system gives no random numbers: {error}"))
}
