//! Cluster: MemberList; the calls that change the membership come with clusters of several
//! members.

use std::sync::Arc;

use proto::etcdserverpb as pb;
use tonic::{Request, Response, Status};

use super::{Member, status};

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl pb::cluster_server::Cluster for Service {
    async fn member_list(
        &self,
        request: Request<pb::MemberListRequest>,
    ) -> Result<Response<pb::MemberListResponse>, Status> {
        if request.into_inner().linearizable {
            self.0.linearizable().await?;
        }
        let members = self
            .0
            .state
            .read()
            .members
            .iter()
            .map(pb::Member::from)
            .collect();
        // etcd leaves the revision out of the headers of this service.
        Ok(Response::new(pb::MemberListResponse {
            header: self.0.header(0),
            members,
        }))
    }

    async fn member_add(
        &self,
        _request: Request<pb::MemberAddRequest>,
    ) -> Result<Response<pb::MemberAddResponse>, Status> {
        Err(status::later("MemberAdd"))
    }

    async fn member_remove(
        &self,
        _request: Request<pb::MemberRemoveRequest>,
    ) -> Result<Response<pb::MemberRemoveResponse>, Status> {
        Err(status::later("MemberRemove"))
    }

    async fn member_update(
        &self,
        _request: Request<pb::MemberUpdateRequest>,
    ) -> Result<Response<pb::MemberUpdateResponse>, Status> {
        Err(status::later("MemberUpdate"))
    }

    async fn member_promote(
        &self,
        _request: Request<pb::MemberPromoteRequest>,
    ) -> Result<Response<pb::MemberPromoteResponse>, Status> {
        Err(status::later("MemberPromote"))
    }
}
