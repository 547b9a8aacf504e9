//! Cluster: clients that ask for the members are told of the proxies, so that they stay with them.

use std::sync::Arc;

use proto::etcdserverpb as pb;
use tonic::{Request, Response, Status};

use super::caller::Caller;
use super::register::{Proxies, hostname};
use super::upstream::{Repeat, Upstream};

/// Cluster as a service.
pub(super) struct Service {
    pub(super) upstream: Arc<Upstream>,
    /// `--advertise-client-url`; without it the members are told.
    pub(super) advertised: String,
    /// Those that share `--resolver-prefix`.
    pub(super) proxies: Arc<Proxies>,
}

fn member(name: String, address: String) -> pb::Member {
    pb::Member {
        name,
        client_ur_ls: vec![address],
        ..Default::default()
    }
}

#[tonic::async_trait]
impl pb::cluster_server::Cluster for Service {
    async fn member_list(
        &self,
        request: Request<pb::MemberListRequest>,
    ) -> Result<Response<pb::MemberListResponse>, Status> {
        if self.advertised.is_empty() {
            let caller = Caller::of(&request);
            let path = "/etcdserverpb.Cluster/MemberList";
            let request = request.into_inner();
            let asked = self.upstream.unary(&caller, path, request, Repeat::Safe);
            return asked.await;
        }
        let proxies = self.proxies.all().into_iter();
        let mut members: Vec<_> = proxies
            .map(|(name, address)| member(name, address))
            .collect();
        if members.is_empty() {
            members.push(member(hostname(), self.advertised.clone()));
        }
        Ok(Response::new(pb::MemberListResponse {
            header: None,
            members,
        }))
    }

    async fn member_add(
        &self,
        request: Request<pb::MemberAddRequest>,
    ) -> Result<Response<pb::MemberAddResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Cluster/MemberAdd";
        let request = request.into_inner();
        self.upstream
            .unary(&caller, path, request, Repeat::Never)
            .await
    }

    async fn member_remove(
        &self,
        request: Request<pb::MemberRemoveRequest>,
    ) -> Result<Response<pb::MemberRemoveResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Cluster/MemberRemove";
        let request = request.into_inner();
        self.upstream
            .unary(&caller, path, request, Repeat::Never)
            .await
    }

    async fn member_update(
        &self,
        request: Request<pb::MemberUpdateRequest>,
    ) -> Result<Response<pb::MemberUpdateResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Cluster/MemberUpdate";
        let request = request.into_inner();
        self.upstream
            .unary(&caller, path, request, Repeat::Never)
            .await
    }

    /// etcd's proxy does not carry this one.
    async fn member_promote(
        &self,
        request: Request<pb::MemberPromoteRequest>,
    ) -> Result<Response<pb::MemberPromoteResponse>, Status> {
        let caller = Caller::of(&request);
        let path = "/etcdserverpb.Cluster/MemberPromote";
        let request = request.into_inner();
        self.upstream
            .unary(&caller, path, request, Repeat::Never)
            .await
    }
}
