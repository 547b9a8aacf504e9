//! What clients say beside the request: `hasleader`, `client-api-version`.

use std::sync::Arc;

use tonic::service::Interceptor;
use tonic::{Request, Status};

use super::{Member, status};

/// Looks at each call's metadata before the call itself.
#[derive(Clone)]
pub(super) struct Check {
    member: Arc<Member>,
}

impl Check {
    pub(super) fn new(member: Arc<Member>) -> Self {
        Self { member }
    }
}

impl Interceptor for Check {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata();
        if let Some(version) = metadata.get("client-api-version")
            && version.to_str().is_err()
        {
            return Err(status::invalid_client_api_version());
        }
        if let Some(required) = metadata.get("hasleader")
            && required.as_bytes() == b"true"
            && self.member.raft.link().leader() == 0
        {
            return Err(status::no_leader());
        }
        Ok(request)
    }
}
