//! Cluster: MemberAdd, MemberRemove, MemberUpdate, MemberList, MemberPromote.

use std::sync::Arc;

use proto::etcdserverpb as pb;
use tonic::{Request, Response, Status};

use super::Member;

/// etcd leaves the revision out of the headers of this service.
const NO_REVISION: i64 = 0;

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl pb::cluster_server::Cluster for Service {
    async fn member_list(
        &self,
        request: Request<pb::MemberListRequest>,
    ) -> Result<Response<pb::MemberListResponse>, Status> {
        let by = self.0.credentials(&request);
        if request.into_inner().linearizable {
            self.0.linearizable().await?;
        }
        self.0.require_user(&by).await?;
        let members = self
            .0
            .state
            .read()
            .members
            .iter()
            .map(pb::Member::from)
            .collect();
        Ok(Response::new(pb::MemberListResponse {
            header: self.0.header(NO_REVISION),
            members,
        }))
    }

    async fn member_add(
        &self,
        request: Request<pb::MemberAddRequest>,
    ) -> Result<Response<pb::MemberAddResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        let request = request.into_inner();
        let (id, members) = self
            .0
            .add_member(&request.peer_ur_ls, request.is_learner)
            .await?;
        Ok(Response::new(pb::MemberAddResponse {
            header: self.0.header(NO_REVISION),
            member: members.iter().find(|member| member.id == id).cloned(),
            members,
        }))
    }

    async fn member_remove(
        &self,
        request: Request<pb::MemberRemoveRequest>,
    ) -> Result<Response<pb::MemberRemoveResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        let members = self.0.remove_member(request.into_inner().id).await?;
        Ok(Response::new(pb::MemberRemoveResponse {
            header: self.0.header(NO_REVISION),
            members,
        }))
    }

    async fn member_update(
        &self,
        request: Request<pb::MemberUpdateRequest>,
    ) -> Result<Response<pb::MemberUpdateResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        let request = request.into_inner();
        let members = self
            .0
            .update_member(request.id, &request.peer_ur_ls)
            .await?;
        Ok(Response::new(pb::MemberUpdateResponse {
            header: self.0.header(NO_REVISION),
            members,
        }))
    }

    async fn member_promote(
        &self,
        request: Request<pb::MemberPromoteRequest>,
    ) -> Result<Response<pb::MemberPromoteResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        let members = self.0.promote_member(request.into_inner().id).await?;
        Ok(Response::new(pb::MemberPromoteResponse {
            header: self.0.header(NO_REVISION),
            members,
        }))
    }
}
