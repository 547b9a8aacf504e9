//! Lock: whoever created the oldest key under a name holds it.

use std::sync::Arc;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::request_op::Request as Op;
use proto::v3lockpb as lock;
use tonic::{Request, Response, Status};

use super::credentials::Credentials;
use super::session::{Waiting, created_at, found, key, op, prefix, prefix_end, without_code};
use super::{Member, mismatched};
use crate::apply::Reply;
use crate::command::Command;
use crate::mvcc::RangeQuery;

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl lock::lock_server::Lock for Service {
    async fn lock(
        &self,
        request: Request<lock::LockRequest>,
    ) -> Result<Response<lock::LockResponse>, Status> {
        let by = self.0.credentials(&request);
        let response = self
            .acquire(&by, request.into_inner())
            .await
            .map_err(without_code)?;
        Ok(Response::new(response))
    }

    async fn unlock(
        &self,
        request: Request<lock::UnlockRequest>,
    ) -> Result<Response<lock::UnlockResponse>, Status> {
        let by = self.0.credentials(&request);
        let response = self
            .release(&by, request.into_inner())
            .await
            .map_err(without_code)?;
        Ok(Response::new(response))
    }
}

impl Service {
    async fn acquire(
        &self,
        by: &Credentials,
        request: lock::LockRequest,
    ) -> Result<lock::LockResponse, Status> {
        let member = &self.0;
        let lease = member.session(by, request.lease).await?;
        let prefix = prefix(&request.name);
        let own = key(&prefix, lease);
        let get = |request: pb::RangeRequest| op(Op::RequestRange(request));
        let owner = pb::RangeRequest {
            key: prefix.clone(),
            range_end: prefix_end(&prefix),
            limit: 1,
            sort_order: pb::range_request::SortOrder::Ascend as i32,
            sort_target: pb::range_request::SortTarget::Create as i32,
            ..Default::default()
        };
        let put = pb::PutRequest {
            key: own.clone(),
            lease,
            ..Default::default()
        };
        let present = pb::RangeRequest {
            key: own.clone(),
            ..Default::default()
        };
        let response = member
            .write(
                by,
                pb::TxnRequest {
                    compare: vec![created_at(own.clone(), 0)],
                    success: vec![op(Op::RequestPut(put)), get(owner.clone())],
                    failure: vec![get(present), get(owner)],
                },
            )
            .await?;
        let written_at = response.header.as_ref().map_or(0, |header| header.revision);
        let created = match response.succeeded {
            true => written_at,
            false => found(&response, 0).map_or(written_at, |kv| kv.create_revision),
        };
        let is_held = found(&response, 1).is_none_or(|owner| owner.create_revision == created);
        if is_held {
            return Ok(lock::LockResponse {
                header: response.header,
                key: own,
            });
        }
        let waiting = Waiting::new(member, by, own.clone(), created);
        member.older_are_gone(by, &prefix, created - 1).await?;
        waiting.end();
        let query = RangeQuery {
            key: own.clone(),
            ..Default::default()
        };
        match member.first_of(by, query).await? {
            (Some(_), revision) => Ok(lock::LockResponse {
                header: member.header(revision),
                key: own,
            }),
            (None, _) => Err(Status::unknown("mutex: session is expired")),
        }
    }

    async fn release(
        &self,
        by: &Credentials,
        request: lock::UnlockRequest,
    ) -> Result<lock::UnlockResponse, Status> {
        let delete = pb::DeleteRangeRequest {
            key: request.key,
            ..Default::default()
        };
        super::check::delete_range(&delete)?;
        match self.0.propose(by, &Command::DeleteRange(delete)).await? {
            Reply::DeleteRange(response) => Ok(lock::UnlockResponse {
                header: self.0.complete(response.header),
            }),
            other => mismatched(&other),
        }
    }
}
